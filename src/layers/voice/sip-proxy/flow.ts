/**
 * A flow (RFC 5626): the connection or UDP source over which an endpoint reached one proxy, as text that bindings and
 * routes carry to every proxy. Only the proxy that holds it can send on it.
 */
import { fnv1a } from '#platform/fnv1a.ts'
import type { URI } from '#protocols/sip/message/headers/uri.ts'
import type { Hop, Protocol } from '#protocols/sip/transport/transport.ts'
import { hopOf } from '../model/uri-hop.ts'

export type Flow = {
  /** Name of the holder. */
  readonly proxy: string
  /** Which run of the holder: connection numbers mean nothing after a restart. */
  readonly run: string
  readonly hop: Hop
  /** Whose flow it is: when it is gone, the newest one of the same binding takes its place. Empty for a stranger. */
  readonly aor: string
  /** `bindingKey` of the binding. */
  readonly binding: string
}

const separator = '|'
/** In place of a connection. */
const pinned = 'nat'

export function writeFlow({ proxy, run, hop, aor, binding }: Flow): string {
  const { protocol, host, port, connection = hop.pinned ? pinned : '' } = hop
  return [proxy, run, protocol, host, port, connection, encodeURIComponent(aor), binding].join(separator)
}

/** `undefined` for what was not written by `writeFlow`. */
export function readFlow(text: string): Flow | undefined {
  const [proxy, run, protocol, host, port, connection, aor, binding] = text.split(separator)
  if (proxy === undefined || run === undefined || host === undefined || aor === undefined || binding === undefined)
    return undefined
  if (!isProtocol(protocol)) return undefined
  const hop = { protocol, host, port: Number(port) }
  return {
    proxy,
    run,
    hop: readConnection(hop, connection),
    aor: decodeURIComponent(aor),
    binding,
  }
}

function readConnection(hop: Hop, connection: string | undefined): Hop {
  if (connection === '') return hop
  return connection === pinned ? { ...hop, pinned: true } : { ...hop, connection: Number(connection) }
}

const isProtocol = (text: string | undefined): text is Protocol =>
  text === 'UDP' || text === 'TCP' || text === 'TLS' || text === 'WS' || text === 'WSS'

/**
 * Where an endpoint is sent to that sent from `from` and names `contact`: over UDP, at an address of its own host, there
 * (RFC 3261 §10.3: some send from another port than they listen on); behind a NAT, and over a connection, where it came
 * from.
 */
export function homeOf(from: Hop, contact: URI | undefined): Hop {
  if (from.protocol !== 'UDP') return from
  const named = contact === undefined ? undefined : hopOf(contact)
  return named?.protocol === 'UDP' && named.host === from.host ? named : flowFrom(from)
}

/** The very flow that something came by. */
export const flowFrom = (from: Hop): Hop => (from.protocol === 'UDP' ? { ...from, pinned: true } : from)

/** The same for every registration of one instance, or of one URI where there is no instance (RFC 5626 §6). */
export function bindingKey({ uri, instance, regID }: { uri: string; instance: string; regID: number }): string {
  const text = instance === '' ? uri : `${instance}/${regID}`
  return (fnv1a(text) >>> 0).toString(36)
}
