/**
 * What a proxy lets in when there is more than can be done: what belongs to calls and registrations that are there, and
 * emergency calls, always; of new calls and registrations as many as overload control says. An INVITE is refused
 * without Retry-After, which would make a carrier stop sending altogether; a phone is told when to come again.
 */
import { fnv1a } from '#platform/fnv1a.ts'
import type { Recent } from '#platform/recent.ts'
import type { Configuration } from '#protocols/model/configuration.ts'
import type { Binding } from '#protocols/sip/core/registrar.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { fieldId } from '#protocols/sip/message/field-names.ts'
import { uriIn } from '#protocols/sip/message/headers/name-addr.ts'
import { unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { isEmergency } from '../model/overload/emergency.ts'
import { type Decision, refuse } from './decision.ts'

export type AdmissionView = {
  readonly overload: { readonly limit: number | undefined; admitsCall(): boolean; admitsRegistration(): boolean }
  readonly configuration: Pick<Configuration, 'isEmergency'>
  /** Calls that were counted, by the hash of their Call-ID: whether the answer to a challenge may still come. */
  readonly begun: Recent<number, boolean>
  readonly registrations: { bindings(aor: string): readonly Binding[] }
}

const AUTHORIZATION = fieldId('Authorization')

type Refused = Extract<Decision, { type: 'refuse' }>

/** A request from outside that begins something: why it is not looked at any further, if so. */
export function admission(request: Message, view: AdmissionView): Refused | undefined {
  const { overload } = view
  if (request.method === 'INVITE') {
    if (admitsCall(request, view) || isEmergency(request, view.configuration)) return undefined
    return refuse('overload', 503)
  }
  if (overload.limit === undefined || request.method === 'OPTIONS' || isKnown(request, view)) return undefined
  if (overload.admitsRegistration()) return undefined
  return { ...refuse('overload', 503), fields: [['Retry-After', String(retryAfter(request))]] }
}

/**
 * A phone's call counts once, though its INVITE comes again when it was challenged (RFC 3261 §22.2). The first counts:
 * credentials that nobody has checked would else let in whoever makes them up, or a flood without any.
 */
function admitsCall(request: Message, { overload, begun }: AdmissionView): boolean {
  const call = fnv1a(request.callID)
  if (request.has(AUTHORIZATION) && begun.get(call)) {
    begun.set(call, false)
    return true
  }
  const admitted = overload.admitsCall()
  if (admitted) begun.set(call, true)
  return admitted
}

/** The phone is registered and says so again: it must not drop out. */
function isKnown(request: Message, { registrations }: AdmissionView): boolean {
  if (request.method !== 'REGISTER') return false
  try {
    return registrations.bindings(unescapeText(uriIn(request.header('To') ?? '').user)).length > 0
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
