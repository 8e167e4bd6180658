/** What is known of a call while its events are read: plain data, from which its interaction is made at the end. */
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
  readonly state: PartyState
  /** A service number answers for the cluster itself. */
  readonly service: boolean
  /** It waits in a queue or at a routing point, and talks to nobody there. */
  readonly queued: boolean
  /** The consultation it is in, until it is moved to the call. */
  readonly consultation?: string
  readonly agentId?: string
  readonly queue?: string
  readonly joined: number
  readonly left?: number
}

/** What events on devices have told of a DN, which those of its party may lack. */
export type Device = { readonly agentId?: string; readonly queue?: string; readonly own: true }

export type CallState = {
  readonly callUUID: string
  readonly connID: string
  readonly callType: string
  readonly ani: string
  readonly dnis: string
  readonly start: number
  readonly end?: number
  /** Time of the newest event: time never goes back in a call. */
  readonly now: number
  readonly ending?: Ending
  readonly userData: Readonly<Record<string, unknown>>
  readonly members: readonly Member[]
  readonly devices: Readonly<Record<string, Device>>
  /** Routing point → what its running treatment counts as. */
  readonly treatments: Readonly<Record<string, PhaseKind>>
  /** Consultations that have not ended. */
  readonly consultations: readonly string[]
  readonly timeline: Timeline
  /** CallUUID → the number its next event has: the call's own and those of its consultations. */
  readonly next: Readonly<Record<string, number>>
  /** Events that were lost on the way. */
  readonly missing: number
}

export const isPresent = (member: Member): boolean => member.left === undefined && member.consultation === undefined
