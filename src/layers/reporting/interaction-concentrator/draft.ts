/** A batch in the making: what was read, with what follows from it. It goes on where it was interrupted. */
import type { Interaction } from '#protocols/model/http/calls.ts'
import { type CallEvent, type Event, isOwnerEvent, type OwnerEvent } from '#protocols/tlib/events.ts'
import type { Batch, CallRow, OwnerRow, WrapUp, WrapUpEnd } from '../model/store.ts'

/** What is made of events on their way to the store: the Info Mart. */
export interface Folding {
  /** Each event of a call once, in order; one that has been told before changes nothing. */
  call(event: CallEvent): Promise<{ interaction: string; ended?: Interaction; missing: number }>
  owner(event: OwnerEvent): { begin?: WrapUp; end?: WrapUpEnd }
}

export class Draft {
  /** Events that were lost on the way. */
  missing = 0
  private readonly events: readonly Event[]
  private readonly positions: readonly number[]
  private done = 0
  private readonly calls: CallRow[] = []
  private readonly owners: OwnerRow[] = []
  private readonly interactions = new Map<string, Interaction>()
  private readonly wrapUps: WrapUp[] = []
  private readonly wrapUpEnds: WrapUpEnd[] = []

  constructor(events: readonly Event[], positions: readonly number[]) {
    this.events = events
    this.positions = positions
  }

  async made(folding: Folding): Promise<Omit<Batch, 'reader' | 'node' | 'position'>> {
    for (; this.done < this.events.length; this.done++) await this.add(folding, this.done)
    const { calls, owners, wrapUps, wrapUpEnds } = this
    return { calls, owners, interactions: [...this.interactions.values()], wrapUps, wrapUpEnds }
  }

  private async add(folding: Folding, index: number): Promise<void> {
    const event = this.events[index] as Event
    const position = this.positions[index] as number
    if (isOwnerEvent(event)) this.addOwner(folding, event, position)
    else if (isCallEvent(event)) await this.addCall(folding, event, position)
  }

  private addOwner(folding: Folding, event: OwnerEvent, position: number): void {
    this.owners.push({ event, position })
    const { begin, end } = folding.owner(event)
    if (end) this.wrapUpEnds.push(end)
    if (begin) this.wrapUps.push(begin)
  }

  private async addCall(folding: Folding, event: CallEvent, position: number): Promise<void> {
    const { interaction, ended, missing } = await folding.call(event)
    this.calls.push({ event, interaction, position })
    this.missing += missing
    if (ended) this.interactions.set(ended.callUUID, ended)
  }
}

const isCallEvent = (event: Event): event is CallEvent =>
  'callUUID' in event &&
  'connID' in event &&
  'eventNo' in event &&
  [event.callUUID, event.connID, event.eventNo].every((attribute) => attribute !== undefined)
