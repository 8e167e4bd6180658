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
  readonly connIDs: Set<string>
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
  /** Events already taken: those of DNs of several nodes come from each of them. */
  readonly seen: Set<number>
}

/** What a call shows as a whole. */
export function stateOf(parties: Iterable<LiveParty>): LiveCall['state'] {
  const states = [...parties].map(({ state }) => state)
  if (states.includes('Queued')) return 'queued'
  if (states.includes('Alerting')) return 'ringing'
  if (states.includes('Held')) return 'held'
  return states.filter((state) => state === 'Connected').length > 1 ? 'connected' : 'dialing'
}

/** Who has the call, or had it last. */
const lastWith = (call: Call, key: 'agentID' | 'queue'): string | undefined =>
  [...call.parties.values()].map((party) => party[key]).findLast((value) => value !== undefined)

export const queueOf = (call: Call): string | undefined => lastWith(call, 'queue')
export const agentOf = (call: Call): string | undefined => lastWith(call, 'agentID')
export const hasParty = (call: Call, dn: string): boolean => call.parties.has(dn)
