/** The way to an endpoint that is known by its flow (RFC 5626 §5.3): here, over the proxy that holds it, or none. */
import type { Binding } from '#protocols/sip/core/registrar.ts'
import { parseNameAddr } from '#protocols/sip/message/headers/name-addr.ts'
import { parseURI, type URI } from '#protocols/sip/message/headers/uri.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { hopOf } from '../model/uri-hop.ts'
import { type Flow, readFlow } from './flow.ts'
import type { View } from './view.ts'

export type Reach = {
  readonly hop: Hop
  /** The flow that goes there, as written; undefined where no flow is needed. */
  readonly flow: string | undefined
  /** The proxy that holds it, where that is not this one. */
  readonly holder: string | undefined
}

/** `contact`: the URI of the endpoint. `passOn`: whether another proxy may be asked. */
export function reach(text: string, contact: URI, view: View, passOn: boolean): Reach | undefined {
  const flow = readFlow(text)
  if (flow === undefined) return undefined
  const way = alive(text, flow, view, passOn)
  if (way !== undefined) return way
  const newest = view.registrations.newestFlow(flow.aor, flow.binding)
  const newer = newest === undefined || newest === text ? undefined : readFlow(newest)
  if (newest !== undefined && newer !== undefined) return alive(newest, newer, view, passOn) ?? direct(newer, contact)
  return direct(flow, contact)
}

/**
 * The flow that a dialog goes on with. Nobody hears that a NAT has given a phone another port: over UDP, what it
 * registered last counts.
 */
export function lastFlow(text: string, view: View): string {
  const flow = readFlow(text)
  if (flow?.hop.protocol !== 'UDP' || flow.aor === '') return text
  return view.registrations.newestFlow(flow.aor, flow.binding) ?? text
}

function alive(text: string, flow: Flow, view: View, passOn: boolean): Reach | undefined {
  const { proxy, run, hop } = flow
  if (proxy === view.self.name) {
    // Our UDP port is the same after a restart, our connections are not.
    const open = hop.connection === undefined || (run === view.self.run && view.isOpen(hop.connection))
    return open ? { hop, flow: text, holder: undefined } : undefined
  }
  const holder = passOn ? view.mesh.hopOf(proxy) : undefined
  return holder === undefined ? undefined : { hop: holder, flow: text, holder: proxy }
}

/** An endpoint that is behind no NAT can be reached by any proxy, at the very address its messages came from. */
function direct({ hop }: Flow, contact: URI): Reach | undefined {
  const way = hopOf(contact)
  if (way === undefined || way.protocol !== hop.protocol || way.host !== hop.host) return undefined
  if (way.protocol === 'UDP' && way.port !== hop.port) return undefined
  // RFC 7118 §5: nobody opens a WebSocket to a phone.
  if (way.protocol === 'WS' || way.protocol === 'WSS') return undefined
  return { hop: way, flow: undefined, holder: undefined }
}

/** The way to a registered contact: by its Path (RFC 3327) where that names who sent the REGISTER, else by its flow. */
export function reachBinding(binding: Binding, view: View): Reach | undefined {
  const [first] = binding.path
  const edge = first === undefined ? undefined : hopOf(parseURI(parseNameAddr(first).uri))
  // Anybody can write a Path; it may not aim our requests at a third party.
  if (edge !== undefined && edge.host === readFlow(binding.flow)?.hop.host)
    return { hop: edge, flow: undefined, holder: undefined }
  return reach(binding.flow, parseURI(binding.uri), view, true)
}
