/**
 * All that reporting does with its database: it stores what nodes tell, with the interactions that follow from it, and
 * tells the history. It may run in another thread, beside the database: arguments and results can be cloned.
 */
import type { Event } from '#protocols/tlib/events.ts'
import { infoMart } from './info-mart/info-mart.ts'
import { Draft, type Folding } from './interaction-concentrator/draft.ts'
import type { Conflict, History, InteractionStore } from './model/store.ts'

/** What a reader has read of a node's spool, from where it stopped last. */
export type Reading = {
  readonly reader: string
  readonly node: string
  /** Of each event its position. */
  readonly positions: readonly number[]
  /** From where the reader goes on once this is stored: everything before it is. */
  readonly next: number
  /** The events, a JSON array in UTF-8. */
  readonly events: Uint8Array
}

/** What was noticed while a reading was stored: events that were lost on the way, numbers that were given twice. */
type Noticed = { readonly missing: number; readonly conflicts: readonly Conflict[] }

export interface Records extends History {
  /** A reader begins: from where it goes on at this node; `undefined` when it never stored anything of it. */
  begin(reader: string, node: string): Promise<number | undefined>
  /** Stores all of it or nothing. One that fails is the next to be taken, as it was. */
  take(reading: Reading): Promise<Noticed>
  /** Forgets events older than that; interactions stay. Tells how many. */
  forgetEvents(before: string): Promise<number>
}

export function records(store: InteractionStore): Records {
  const intakes = new Map<string, Intake>()
  const intakeOf = (reader: string, node: string): Intake => {
    const key = `${reader}/${node}`
    const intake = intakes.get(key) ?? new Intake(store)
    intakes.set(key, intake)
    return intake
  }
  return {
    begin(reader, node) {
      // What another reader of this name had in hand, it had not stored.
      intakes.delete(`${reader}/${node}`)
      return store.position(reader, node)
    },
    take: (reading) => intakeOf(reading.reader, reading.node).take(reading),
    forgetEvents: (before) => store.forgetEvents(before),
    list: (filter) => store.list(filter),
    get: (callUUID) => store.get(callUUID),
  }
}

class Intake {
  private readonly store: InteractionStore
  private readonly folding: Folding
  /** Of a reading that could not be stored yet: its calls have gone on already. */
  private draft: Draft | undefined

  constructor(store: InteractionStore) {
    this.store = store
    this.folding = infoMart(store)
  }

  async take({ reader, node, positions, next, events }: Reading): Promise<Noticed> {
    const draft = this.draft ?? new Draft(eventsIn(events), positions)
    this.draft = draft
    const batch = await draft.made(this.folding)
    const conflicts = await this.store.put({ reader, node, position: next, ...batch })
    this.draft = undefined
    return { missing: draft.missing, conflicts }
  }
}

const eventsIn = ({ buffer, byteOffset, length }: Uint8Array): Event[] =>
  JSON.parse(Buffer.from(buffer, byteOffset, length).toString()) as Event[]
