/** One call that is going on, as its events tell it. */

import type { LiveCall } from '#protocols/model/http/calls.ts'
import type { CallType, PartyState } from '#protocols/tlib/attributes.ts'

export type LiveParty = {
  readonly dn: string
  readonly state: PartyState
  /** Wall-clock ms. */
  readonly since: number
  readonly agentID: string | undefined
  readonly queue: string | undefined
  readonly otherDN: string | undefined
}

export type Call = {
  readonly callUUID: string
  connID: string
  /** All it ever had. */
  readonly connIDs: string[]
  /** The node that told of it first, until its ConnID says who owns it. */
  node: string
  dc: string
  callType: CallType
  ani: string
  dnis: string
  userData: Readonly<Record<string, unknown>>
  readonly parties: Map<string, LiveParty>
  state: LiveCall['state']
  since: number
  /** The last event taken, and those before it that were not: events of DNs of several nodes come from each of them. */
  lastEventNo: number
  missing: Set<number> | undefined
}

/** Whether the event is new; it is taken then. */
export function takeEvent(call: Call, eventNo: number): boolean {
  if (eventNo <= call.lastEventNo) return call.missing?.delete(eventNo) ?? false
  for (let number = call.lastEventNo + 1; number < eventNo; number++) {
    call.missing ??= new Set()
    call.missing.add(number)
  }
  call.lastEventNo = eventNo
  return true
}

/** What a call shows as a whole. */
export function stateOf(parties: Iterable<LiveParty>): LiveCall['state'] {
  let [alerting, held, connected] = [false, false, 0]
  for (const { state } of parties) {
    if (state === 'Queued') return 'queued'
    if (state === 'Alerting') alerting = true
    else if (state === 'Held') held = true
    else if (state === 'Connected') connected++
  }
  if (alerting) return 'ringing'
  if (held) return 'held'
  return connected > 1 ? 'connected' : 'dialing'
}

/** Who has the call, or had it last. */
const lastWith = (call: Call, key: 'agentID' | 'queue'): string | undefined =>
  [...call.parties.values()].map((party) => party[key]).findLast((value) => value !== undefined)

export const queueOf = (call: Call): string | undefined => lastWith(call, 'queue')
export const agentOf = (call: Call): string | undefined => lastWith(call, 'agentID')
export const hasParty = (call: Call, dn: string): boolean => call.parties.has(dn)
