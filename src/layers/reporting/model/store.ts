/**
 * What reporting keeps, as named operations: every event once, and of each call that has ended its interaction. Every
 * adapter runs `store.conformance.ts`. Times are RFC 3339, UTC, milliseconds.
 */
import type { Interaction, InteractionFilter, InteractionPage } from '#protocols/model/http/calls.ts'
import type { CallEvent, OwnerEvent } from '#protocols/tlib/events.ts'

/** An event of a call, key (callUUID, eventNo), without what its connection put on it. */
export type CallRow = {
  readonly event: CallEvent
  /** The call whose interaction it tells of: its own, or the one its consultation is about. */
  readonly interaction: string
  readonly position: number
}
/** An event of an agent or a DN, key (agentID, ownerEpoch, eventNo). */
export type OwnerRow = { readonly event: OwnerEvent; readonly position: number }

export const callKey = ({ callUUID, eventNo }: CallEvent): string => `${callUUID}/${eventNo}`
export const ownerKey = (event: OwnerEvent): string => `${event.agentID ?? ''}/${event.ownerEpoch}/${event.eventNo}`

export type WrapUp = {
  readonly callUUID: string
  readonly agentId: string
  readonly startedAt: string
  readonly endedAt: string | null
  /** Of the event that began it: with `agentId` its key. */
  readonly ownerEpoch: number
  readonly eventNo: number
}
/** Ends what the agent has begun before. */
export type WrapUpEnd = { readonly agentId: string; readonly at: string }

/** What a reader has read of a node's spool, from where it stopped last. */
export type Batch = {
  readonly reader: string
  readonly node: string
  /** From where the reader goes on. */
  readonly position: number
  readonly calls: readonly CallRow[]
  readonly owners: readonly OwnerRow[]
  /** At most one of a call. */
  readonly interactions: readonly Interaction[]
  readonly wrapUps: readonly WrapUp[]
  readonly wrapUpEnds: readonly WrapUpEnd[]
}

/** An event that is there already with another body: somebody has given one number twice. */
export type Conflict = { readonly key: string; readonly stored: unknown; readonly refused: unknown }

export interface EventStore {
  /** All of it or nothing. Events that are there already stay as they are; interactions are replaced. */
  put(batch: Batch): Promise<Conflict[]>
  /** From where the reader goes on at this node; `undefined` when it never stored anything of it. */
  position(reader: string, node: string): Promise<number | undefined>
  /** All events of the interaction that this call belongs to, in the order in which they came. */
  eventsAbout(callUUID: string): Promise<CallEvent[]>
  /** Forgets events older than that; interactions stay. Tells how many. */
  forgetEvents(before: string): Promise<number>
}

export interface History {
  /** Newest first; `cursor` of a page leads to the next one. */
  list(filter: InteractionFilter): Promise<InteractionPage>
  get(callUUID: string): Promise<Interaction | undefined>
}

export interface InteractionStore extends EventStore, History {}
