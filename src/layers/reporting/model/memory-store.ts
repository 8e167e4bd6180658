/** Keeps events and interactions in memory: for tests, the simulation, and a cluster that shall forget. */
import { isDeepStrictEqual } from 'node:util'
import { millisecondsOf } from '#platform/time.ts'
import type { Interaction, InteractionFilter } from '#protocols/model/http/calls.ts'
import { agentsOf, pageOf, placeOf } from './page.ts'
import {
  type Batch,
  type CallRow,
  type Conflict,
  callKey,
  type InteractionStore,
  type OwnerRow,
  ownerKey,
  type WrapUp,
} from './store.ts'
import { withWrapUps } from './with-wrap-ups.ts'

export function memoryStore(): InteractionStore {
  const calls = new Map<string, CallRow>()
  const owners = new Map<string, OwnerRow>()
  const interactions = new Map<string, Interaction>()
  const wrapUps = new Map<string, WrapUp>()
  const positions = new Map<string, number>()

  /** Whole, as JSON has it: nobody changes what is stored. */
  const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
  const keep = <Row extends CallRow | OwnerRow>(rows: Map<string, Row>, key: string, row: Row): Conflict[] => {
    const stored = rows.get(key)?.event
    const refused = copy(row.event)
    if (stored === undefined) rows.set(key, copy(row))
    return stored === undefined || isDeepStrictEqual(stored, refused) ? [] : [{ key, stored, refused }]
  }
  const endWrapUps = ({ wrapUpEnds }: Batch): void => {
    for (const { agentId, at } of wrapUpEnds)
      for (const [key, wrapUp] of wrapUps)
        if (wrapUp.agentId === agentId && wrapUp.endedAt === null && wrapUp.startedAt < at)
          wrapUps.set(key, { ...wrapUp, endedAt: at })
  }
  const told = (interaction: Interaction): Interaction => {
    const own = [...wrapUps.values()].filter(({ callUUID }) => callUUID === interaction.callUUID)
    return copy(withWrapUps(interaction, own))
  }

  return {
    async put(batch) {
      const conflicts = [
        ...batch.calls.flatMap((row) => keep(calls, callKey(row.event), row)),
        ...batch.owners.flatMap((row) => keep(owners, ownerKey(row.event), row)),
      ]
      for (const interaction of batch.interactions) interactions.set(interaction.callUUID, copy(interaction))
      for (const wrapUp of batch.wrapUps) {
        const key = `${wrapUp.agentId}/${wrapUp.ownerEpoch}/${wrapUp.eventNo}`
        if (!wrapUps.has(key)) wrapUps.set(key, wrapUp)
      }
      endWrapUps(batch)
      positions.set(`${batch.reader}/${batch.node}`, batch.position)
      return conflicts
    },
    position: async (reader, node) => positions.get(`${reader}/${node}`),
    async eventsAbout(callUUID) {
      const interaction = [...calls.values()].find(({ event }) => event.callUUID === callUUID)?.interaction
      const rows = [...calls.values()].filter((row) => row.interaction === interaction)
      return copy(rows.sort((one, other) => one.position - other.position).map(({ event }) => event))
    },
    async forgetEvents(before) {
      const old = [...calls, ...owners].filter(([, { event }]) => event.time < before)
      for (const [key] of old) {
        calls.delete(key)
        owners.delete(key)
      }
      return old.length
    },
    async list(filter) {
      const found = [...interactions.values()].filter((each) => matches(each, filter)).sort(newestFirst)
      return pageOf(found.slice(0, filter.limit + 1).map(told), filter.limit)
    },
    async get(callUUID) {
      const interaction = interactions.get(callUUID)
      return interaction && told(interaction)
    },
  }
}

const newestFirst = (one: Interaction, other: Interaction): number =>
  other.startedAt.localeCompare(one.startedAt) || other.callUUID.localeCompare(one.callUUID)

function matches(interaction: Interaction, { from, to, ani, dnis, agent, cursor }: InteractionFilter): boolean {
  const start = millisecondsOf(interaction.startedAt)
  const after = cursor === undefined ? undefined : placeOf(cursor)
  return (
    (from === undefined || start >= millisecondsOf(from)) &&
    (to === undefined || start < millisecondsOf(to)) &&
    (ani === undefined || interaction.ani === ani) &&
    (dnis === undefined || interaction.dnis === dnis) &&
    (agent === undefined || agentsOf(interaction).includes(agent)) &&
    (after === undefined || newestFirst(after as Interaction, interaction) < 0)
  )
}
