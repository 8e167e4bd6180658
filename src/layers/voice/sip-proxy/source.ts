/**
 * Who sent a request from outside, told to the nodes in a header field of our own, and what nobody outside may tell
 * them: that field itself, and an asserted identity from an endpoint (RFC 3325 §5).
 */
import type { Edit } from '#protocols/sip/message/edit.ts'
import { bracketed } from '#protocols/sip/message/headers/host.ts'
import { uriIn } from '#protocols/sip/message/headers/name-addr.ts'
import { unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { endpointSource, trunkSource } from '../model/source-field.ts'
import type { View } from './view.ts'

const ours = 'x-ringmain-'

export type Source = {
  /** The trunk's name; undefined: an endpoint, or a stranger. */
  readonly trunk: string | undefined
  /** The value of the field. */
  readonly value: string
}

/**
 * By address, unless From is one of our DNs: such a caller is an endpoint wherever it calls from. A voicemail server
 * (RFC 3842) may send its NOTIFY in the name of whose messages wait. Whom the sender's certificate speaks for is told, too.
 */
export function sourceOf(
  request: Message,
  from: Hop,
  view: Pick<View, 'configuration' | 'trunkFrom' | 'domainsOf'>,
): Source {
  const address = addressOf(from, view.domainsOf(from))
  const trunk = view.trunkFrom(from)
  if (trunk === undefined || isOfDN(request, view)) return { trunk: undefined, value: endpointSource(address) }
  return { trunk: trunk.name, value: trunkSource(trunk.name, address) }
}

const isOfDN = (request: Message, { configuration }: Pick<View, 'configuration'>): boolean =>
  request.method !== 'NOTIFY' && configuration.dn(callerOf(request)) !== undefined

/** `192.0.2.1:5060`, with what is proved of whoever is there: `192.0.2.1:5061;certificate=a.example,b.example`. */
function addressOf({ host, port }: Hop, domains: readonly string[]): string {
  const address = `${bracketed(host)}:${port}`
  return domains.length === 0 ? address : `${address};certificate=${domains.join(',')}`
}

/** The user part of From. Throws `MalformedMessage`. */
export function callerOf(request: Message): string {
  return unescapeText(uriIn(request.header('From') ?? '').user)
}

/** Takes from a request what only we or a trunk may say. */
export function strip(copy: Edit, request: Message, trusted: boolean): void {
  for (const name of ownFields(request)) copy.remove(name)
  if (trusted) return
  if (request.cellOf('P-Asserted-Identity', 0) >= 0) copy.remove('P-Asserted-Identity')
}

/** The names in a message that begin as ours do. */
function ownFields(request: Message): readonly string[] {
  const names = request.unknownNames()
  return names.length === 0 ? names : names.filter((name) => name.toLowerCase().startsWith(ours))
}
