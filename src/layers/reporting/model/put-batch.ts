/** Writes one batch: a statement for each table, whatever the number of rows. */
import { isDeepStrictEqual } from 'node:util'
import { type Kysely, sql } from 'kysely'
import { insertRows } from '#platform/store/insert-rows.ts'
import type { Interaction } from '#protocols/model/http/calls.ts'
import type { Event } from '#protocols/tlib/events.ts'
import { agentsOf } from './page.ts'
import { type Batch, type CallRow, type Conflict, callKey, type OwnerRow, ownerKey, type WrapUpEnd } from './store.ts'
import type { Tables } from './tables.ts'

type Transaction = Kysely<Tables>

export async function putBatch(db: Transaction, batch: Batch): Promise<Conflict[]> {
  const { reader, node, position } = batch
  const conflicts = [...(await putCalls(db, batch.calls)), ...(await putOwners(db, batch.owners))]
  await putInteractions(db, batch.interactions)
  await insertRows(
    db,
    'wrap_up',
    batch.wrapUps.map((wrapUp) => ({
      agent_id: wrapUp.agentId,
      owner_epoch: wrapUp.ownerEpoch,
      event_no: wrapUp.eventNo,
      call_uuid: wrapUp.callUUID,
      started_at: wrapUp.startedAt,
      ended_at: wrapUp.endedAt,
    })),
    { conflict: { columns: ['agent_id', 'owner_epoch', 'event_no'], action: 'keep' } },
  )
  await endWrapUps(db, batch.wrapUpEnds)
  const place = { columns: ['reader', 'node'], action: 'replace' } as const
  await insertRows(db, 'reporting_position', [{ reader, node, position }], { conflict: place })
  return conflicts
}

async function putCalls(db: Transaction, calls: readonly CallRow[]): Promise<Conflict[]> {
  const rows = calls.map(({ event, interaction, position }) => ({
    call_uuid: event.callUUID,
    event_no: event.eventNo,
    interaction,
    position,
    time: event.time,
    body: event,
  }))
  const conflict = { columns: ['call_uuid', 'event_no'], action: 'keep' } as const
  // Values of a json column go in as they are here; only the query builder wants them as text.
  if ((await insertRows(db, 'call_event', rows as never[], { conflict })) === rows.length) return []
  const keys = calls.map(({ event }) => ({ call_uuid: event.callUUID, event_no: event.eventNo }))
  const { rows: stored } = await sql<{ body: CallRow['event'] }>`select body from call_event
    join json_to_recordset(${JSON.stringify(keys)}::json) as asked(call_uuid text, event_no integer)
      using (call_uuid, event_no)`.execute(db)
  return differing(calls, new Map(stored.map(({ body }) => [callKey(body), body])), callKey)
}

async function putOwners(db: Transaction, owners: readonly OwnerRow[]): Promise<Conflict[]> {
  const keyOf = ({ event }: OwnerRow) => ({
    agent_id: event.agentID ?? '',
    owner_epoch: event.ownerEpoch,
    event_no: event.eventNo,
  })
  const rows = owners.map((row) => ({ ...keyOf(row), time: row.event.time, body: row.event }))
  const conflict = { columns: ['agent_id', 'owner_epoch', 'event_no'], action: 'keep' } as const
  if ((await insertRows(db, 'owner_event', rows as never[], { conflict })) === rows.length) return []
  const { rows: stored } = await sql<{ body: OwnerRow['event'] }>`select body from owner_event
    join json_to_recordset(${JSON.stringify(owners.map(keyOf))}::json)
      as asked(agent_id text, owner_epoch bigint, event_no bigint) using (agent_id, owner_epoch, event_no)`.execute(db)
  return differing(owners, new Map(stored.map(({ body }) => [ownerKey(body), body])), ownerKey)
}

/** Some were there already: those whose body is another one. */
function differing<E extends Event>(
  rows: readonly { readonly event: E }[],
  stored: ReadonlyMap<string, E>,
  keyOf: (event: E) => string,
): Conflict[] {
  return rows.flatMap(({ event }) => {
    const key = keyOf(event)
    const there = stored.get(key)
    const refused: unknown = JSON.parse(JSON.stringify(event))
    return there === undefined || isDeepStrictEqual(there, refused) ? [] : [{ key, stored: there, refused }]
  })
}

async function putInteractions(db: Transaction, interactions: readonly Interaction[]): Promise<void> {
  const rows = interactions.map((each) => ({
    call_uuid: each.callUUID,
    started_at: each.startedAt,
    ani: each.ani,
    dnis: each.dnis,
    body: each,
  }))
  await insertRows(db, 'interaction', rows as never[], { conflict: { columns: ['call_uuid'], action: 'replace' } })
  const agents = interactions.flatMap((each) =>
    agentsOf(each).map((agent_id) => ({ agent_id, started_at: each.startedAt, call_uuid: each.callUUID })),
  )
  const columns = ['agent_id', 'started_at', 'call_uuid']
  await insertRows(db, 'interaction_agent', agents, { conflict: { columns, action: 'keep' } })
}

/** Each by the first end after its begin: a batch may hold several of one agent. */
async function endWrapUps(db: Transaction, ends: readonly WrapUpEnd[]): Promise<void> {
  if (ends.length === 0) return
  await sql`update wrap_up set ended_at = over.at from (
      select wrap_up.agent_id, wrap_up.owner_epoch, wrap_up.event_no, min(ending.at) as at from wrap_up
      join json_to_recordset(${JSON.stringify(ends)}::json) as ending("agentId" text, at timestamptz)
        on ending."agentId" = wrap_up.agent_id and ending.at > wrap_up.started_at
      where wrap_up.ended_at is null group by 1, 2, 3) as over
    where wrap_up.agent_id = over.agent_id and wrap_up.owner_epoch = over.owner_epoch
      and wrap_up.event_no = over.event_no`.execute(db)
}
