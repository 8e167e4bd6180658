/**
 * What a proxy lets in when there is more than can be done: what belongs to calls and registrations that are there, and
 * emergency calls, always; of new calls as many as a node takes (RFC 7339 §5.10.1), and of those and of registrations as
 * many as its own overload control says. An INVITE is refused without Retry-After, which would make a carrier stop
 * sending altogether; a phone is told when to come again.
 */
import { fnv1a } from '#platform/fnv1a.ts'
import { networkOf } from '#platform/numeric-address.ts'
import type { Recent } from '#platform/recent.ts'
import type { Configuration } from '#protocols/model/configuration.ts'
import type { Binding } from '#protocols/sip/core/registrar.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { uriIn } from '#protocols/sip/message/headers/name-addr.ts'
import { unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { isEmergency } from '../model/overload/emergency.ts'
import { rendezvous } from '../model/rendezvous.ts'
import { type Decision, refuse } from './decision.ts'
import { readFlow } from './flow.ts'
import { callKey } from './to-node.ts'

/** Who has a call, and how many times its INVITE may come again uncounted. */
export type Begun = { readonly node: string; readonly repeats: number }

export type AdmissionView = {
  readonly overload: { readonly limit: number | undefined; admitsCall(): boolean; admitsRegistration(): boolean }
  readonly configuration: Pick<Configuration, 'isEmergency'>
  readonly nodes: { readonly ready: readonly string[]; taker(key: string): string | undefined }
  /** Calls that were let in, by the hash of their Call-ID, while their INVITE may still come again. */
  readonly begun: Recent<number, Begun>
  readonly registrations: { bindings(aor: string): readonly Binding[] }
}

type Refused = Extract<Decision, { type: 'refuse' }>
/** `node`: the one that is to have the call, where it matters which. */
type Admitted = { readonly type: 'admitted'; readonly node?: string | undefined }

const admitted: Admitted = { type: 'admitted' }
/** After a challenge, and after another: for a nonce that is stale, or a session interval that is too small (RFC 4028 §7.2). */
const repeats = 2

/** A request from outside that begins something: why it is not looked at any further, if so. */
export function admission(request: Message, from: Hop, view: AdmissionView): Refused | Admitted {
  const { overload } = view
  if (request.method === 'INVITE') return callAdmission(request, view)
  if (overload.limit === undefined || request.method === 'OPTIONS' || isKnown(request, from, view)) return admitted
  if (overload.admitsRegistration()) return admitted
  return { ...refuse('overload', 503), fields: [['Retry-After', String(retryAfter(request))]] }
}

/**
 * A call counts once, though its INVITE comes again when it was challenged (RFC 3261 §22.2). The first counts: credentials
 * that nobody has checked would else let in whoever makes them up. Those after it go where the first went, to who answered
 * it; only so many, or a flood would be one call.
 */
function callAdmission(request: Message, { overload, nodes, begun, configuration }: AdmissionView): Refused | Admitted {
  const call = fnv1a(request.callID)
  const had = begun.get(call)
  if (had !== undefined && had.repeats > 0) {
    begun.set(call, { ...had, repeats: had.repeats - 1 })
    return nodes.ready.includes(had.node) ? { type: 'admitted', node: had.node } : admitted
  }
  const key = callKey(request)
  const taker = nodes.taker(key)
  // Where there is no node at all the way to it says so.
  const full = taker === undefined && nodes.ready.length > 0
  if ((full || !overload.admitsCall()) && !isEmergency(request, configuration))
    return refuse(full ? 'node-overload' : 'overload', 503)
  const node = taker ?? rendezvous(key, nodes.ready)
  if (node !== undefined) begun.set(call, { node, repeats })
  return { type: 'admitted', node }
}

/**
 * The phone is registered and says so again: it must not drop out. From where it registered: To says anybody what he likes,
 * and nobody is to hear by the answer who is registered.
 */
function isKnown(request: Message, { host }: Hop, { registrations }: AdmissionView): boolean {
  if (request.method !== 'REGISTER') return false
  try {
    const bindings = registrations.bindings(unescapeText(uriIn(request.header('To') ?? '').user))
    return bindings.some(({ flow }) => networkOf(readFlow(flow)?.hop.host ?? '') === networkOf(host))
  } catch (error) {
    // Whoever routes it says so.
    if (error instanceof MalformedMessage) return false
    throw error
  }
}

const soonest = 5
const spread = 25

/** Seconds: not all of them at once. */
function retryAfter({ callID }: Message): number {
  let sum = 0
  for (let index = 0; index < callID.length; index++) sum += callID.charCodeAt(index)
  return soonest + (sum % spread)
}
