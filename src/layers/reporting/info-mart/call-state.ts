/**
 * What is known of a call while its events are read, and from which its interaction is made at the end. It is changed in
 * place: a call has some 25 events, and a copy for each would cost more than all the rest of reporting.
 */
import type { PartyState, Role } from '#protocols/tlib/attributes.ts'
import type { PhaseKind, Timeline } from './timeline.ts'

export type Ending = {
  readonly by: 'customer' | 'agent' | 'carrier' | 'cluster'
  readonly cause: string
  readonly status?: number
}

export type Member = {
  readonly partyUUID: string
  readonly dn: string
  readonly role: Role
  state: PartyState
  /** A service number answers for the cluster itself. */
  readonly service: boolean
  /** It waits in a queue or at a routing point, and talks to nobody there. */
  readonly queued: boolean
  /** The consultation it is in, until it is moved to the call. */
  consultation: string | undefined
  agentId: string | undefined
  queue: string | undefined
  readonly joined: number
  left: number | undefined
}

/** What events on a device of ours have told, which those of its party may lack. */
export type Device = { agentId: string | undefined; queue: string | undefined }

export type CallState = {
  readonly callUUID: string
  connID: string
  callType: string
  ani: string
  dnis: string
  readonly start: number
  end: number | undefined
  /** Time of the newest event: time never goes back in a call. */
  now: number
  ending: Ending | undefined
  userData: Readonly<Record<string, unknown>>
  readonly members: Member[]
  readonly devices: Map<string, Device>
  /** Routing point → what its running treatment counts as. */
  readonly treatments: Map<string, PhaseKind>
  /** Consultations that have not ended. */
  readonly consultations: Set<string>
  timeline: Timeline
  /** CallUUID → the number its next event has: the call's own and those of its consultations. */
  readonly next: Map<string, number>
  /** Events that were lost on the way. */
  missing: number
}

export const isPresent = (member: Member): boolean => member.left === undefined && member.consultation === undefined
