/**
 * The calls that are going on, by the events read so far. What is not in memory, after a restart for one, is read again
 * from the store: so nothing here needs to survive.
 */
import { Recent } from '#platform/recent.ts'
import type { Interaction } from '#protocols/model/http/calls.ts'
import type { CallEvent } from '#protocols/tlib/events.ts'
import type { CallState } from './call-state.ts'
import { beforeFirst, read } from './fold.ts'
import { Gaps, inOrder } from './gaps.ts'
import { interactionOf } from './interaction.ts'

const remembered = 1000

export type LiveCallsOptions = {
  /** All events of the interaction that a call belongs to, as far as they are stored. */
  readonly eventsAbout: (callUUID: string) => Promise<readonly CallEvent[]>
  /** So many calls are kept; beyond it the one not heard of for the longest time goes. */
  readonly most?: number
}

export type Taken = {
  /** The call whose interaction the event tells of. */
  readonly interaction: string
  /** Told with the event that ended the call. */
  readonly ended?: Interaction
  /** Events that are missing before this one. */
  readonly missing: number
}

export class LiveCalls {
  private readonly options: LiveCallsOptions
  private readonly most: number
  /** In order of their last event. */
  private readonly calls = new Map<string, CallState>()
  private readonly callOfConnID = new Map<string, string>()
  /** Consultation → the call it is about. */
  private readonly mainOf = new Map<string, string>()
  /** Calls that ended lately, and the interactions they belong to: a replay finds them here. */
  private readonly over = new Recent<string, string>(remembered)
  private readonly gaps = new Gaps()

  constructor(options: LiveCallsOptions) {
    this.options = options
    this.most = options.most ?? 20_000
  }

  get size(): number {
    return this.calls.size
  }

  async take(event: CallEvent): Promise<Taken> {
    const over = this.over.get(event.callUUID)
    const call = over === undefined ? (this.known(event) ?? (await this.unknown(event))) : undefined
    const completed = this.gaps.fill(over ?? call?.callUUID ?? '', event)
    if (completed) return this.settle(completed, event, 0)
    if (call === undefined) return { interaction: over ?? '', missing: 0 }
    const { end: endedBefore, missing: missedBefore } = call
    this.gaps.reads(call, event)
    read(call, event)
    if (endedBefore === undefined) return this.settle(call, event, call.missing - missedBefore)
    this.forget(call)
    return { interaction: call.callUUID, missing: 0 }
  }

  /** The call after the event. */
  private settle(call: CallState, event: CallEvent, missing: number): Taken {
    const { callUUID: interaction, end } = call
    if (end === undefined) {
      this.keep(call, event)
      return { interaction, missing }
    }
    this.forget(call)
    return { interaction, missing, ended: interactionOf({ ...call, end }) }
  }

  private forget(call: CallState): void {
    this.drop(call)
    this.remember(call)
  }

  private known(event: CallEvent): CallState | undefined {
    const { callUUID } = event
    const call = this.calls.get(this.mainOf.get(callUUID) ?? callUUID)
    if (call) return call
    const main = this.mainOfConsultation(event)
    if (main) this.mainOf.set(callUUID, main.callUUID)
    return main
  }

  private async unknown(event: CallEvent): Promise<CallState> {
    return (event.eventNo > 1 && (await this.stored(event))) || beforeFirst(event)
  }

  private mainOfConsultation(event: CallEvent): CallState | undefined {
    const main = 'previousConnID' in event && event.callType === 'Consult' ? event.previousConnID : undefined
    return main === undefined ? undefined : this.calls.get(this.callOfConnID.get(main) ?? '')
  }

  private async stored({ callUUID }: CallEvent): Promise<CallState | undefined> {
    const events = inOrder(await this.options.eventsAbout(callUUID))
    const [first] = events
    if (!first) return undefined
    const state = beforeFirst(first)
    for (const event of events) read(state, event)
    for (const consultation of state.next.keys())
      if (consultation !== state.callUUID) this.mainOf.set(consultation, state.callUUID)
    return state
  }

  private keep(state: CallState, event: CallEvent): void {
    const { callUUID } = state
    this.calls.delete(callUUID)
    this.calls.set(callUUID, state)
    if (event.callUUID === callUUID) this.callOfConnID.set(state.connID, callUUID)
    if (this.calls.size <= this.most) return
    const [oldest] = this.calls.values()
    if (oldest) this.drop(oldest)
  }

  private remember({ callUUID, next }: CallState): void {
    for (const call of next.keys()) this.over.set(call, callUUID)
  }

  private drop({ callUUID, connID, next }: CallState): void {
    this.calls.delete(callUUID)
    this.callOfConnID.delete(connID)
    for (const consultation of next.keys()) this.mainOf.delete(consultation)
  }
}
