/** Keeps events and interactions in the database; all of a batch is one transaction. */
import { type Kysely, sql } from 'kysely'
import type { Database } from '#platform/store/database.ts'
import { StatementFailed } from '#platform/store/errors.ts'
import type { Interaction, InteractionFilter } from '#protocols/model/http/calls.ts'
import { pageOf, placeOf } from './page.ts'
import { putBatch } from './put-batch.ts'
import type { Batch, InteractionStore, WrapUp } from './store.ts'
import { migrations, type Tables } from './tables.ts'
import { withWrapUps } from './with-wrap-ups.ts'

/** Throws `MigrationsDiffer`. */
export async function kyselyStore(database: Database): Promise<InteractionStore> {
  const db = await database.tables<Tables>('reporting', migrations)
  const put = (batch: Batch) => db.transaction().execute((transaction) => putBatch(transaction, batch))
  return {
    put: (batch) =>
      put(batch).catch((error: unknown) => {
        if (error instanceof StatementFailed && error.state?.startsWith(dataException)) return put(storable(batch))
        throw error
      }),
    async position(reader, node) {
      const row = await db
        .selectFrom('reporting_position')
        .select('position')
        .where('reader', '=', reader)
        .where('node', '=', node)
        .executeTakeFirst()
      return row?.position
    },
    async eventsAbout(callUUID) {
      const rows = await db
        .selectFrom('call_event')
        .select('body')
        .where('interaction', '=', (from) =>
          from.selectFrom('call_event').select('interaction').where('call_uuid', '=', callUUID).limit(1),
        )
        .orderBy('position')
        .execute()
      return rows.map(({ body }) => body)
    },
    async forgetEvents(before) {
      const calls = await db.deleteFrom('call_event').where('time', '<', before).executeTakeFirst()
      const owners = await db.deleteFrom('owner_event').where('time', '<', before).executeTakeFirst()
      return Number(calls.numDeletedRows + owners.numDeletedRows)
    },
    async list(filter) {
      const found = await find(db, filter)
      return pageOf(await told(db, found), filter.limit)
    },
    async get(callUUID) {
      const row = await db.selectFrom('interaction').select('body').where('call_uuid', '=', callUUID).executeTakeFirst()
      const [interaction] = await told(db, row ? [row.body] : [])
      return interaction
    },
  }
}

/** One more than asked for tells whether there is another page. */
async function find(db: Kysely<Tables>, filter: InteractionFilter): Promise<Interaction[]> {
  const { from, to, ani, dnis, agent, cursor, limit } = filter
  const after = cursor === undefined ? undefined : placeOf(cursor)
  let query = db.selectFrom('interaction').select('interaction.body')
  if (agent !== undefined)
    query = query
      .innerJoin('interaction_agent', 'interaction_agent.call_uuid', 'interaction.call_uuid')
      .where('interaction_agent.agent_id', '=', agent)
  // The table whose index is in the order of the page.
  const sorted = sql.table(agent === undefined ? 'interaction' : 'interaction_agent')
  const startedAt = sql<string>`${sorted}.started_at`
  const callUUID = sql<string>`${sorted}.call_uuid`
  if (from !== undefined) query = query.where(startedAt, '>=', from)
  if (to !== undefined) query = query.where(startedAt, '<', to)
  if (ani !== undefined) query = query.where('interaction.ani', '=', ani)
  if (dnis !== undefined) query = query.where('interaction.dnis', '=', dnis)
  if (after)
    query = query.where(
      sql<boolean>`(${startedAt}, ${callUUID}) < (${after.startedAt}::timestamptz, ${after.callUUID})`,
    )
  const rows = await query
    .orderBy(startedAt, 'desc')
    .orderBy(callUUID, 'desc')
    .limit(limit + 1)
    .execute()
  return rows.map(({ body }) => body)
}

/** With the after-call work that belongs to them. */
async function told(db: Kysely<Tables>, interactions: readonly Interaction[]): Promise<Interaction[]> {
  if (interactions.length === 0) return []
  const calls = interactions.map(({ callUUID }) => callUUID)
  const rows = await db
    .selectFrom('wrap_up')
    .selectAll()
    .where('call_uuid', 'in', calls)
    .orderBy('started_at')
    .execute()
  const wrapUps = rows.map(wrapUpOf)
  return interactions.map((each) =>
    withWrapUps(
      each,
      wrapUps.filter(({ callUUID }) => callUUID === each.callUUID),
    ),
  )
}

const wrapUpOf = (row: Tables['wrap_up']): WrapUp => ({
  callUUID: row.call_uuid,
  agentId: row.agent_id,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  ownerEpoch: row.owner_epoch,
  eventNo: row.event_no,
})

/** SQLSTATE class 22: among them text that PostgreSQL cannot hold. */
const dataException = '22'

/** Without NUL and halves of surrogate pairs, which some caller's equipment may send. */
const storable = (batch: Batch): Batch =>
  JSON.parse(JSON.stringify(batch).replace(/\\u0000|\\ud[89a-f][0-9a-f]{2}/gi, '\\ufffd')) as Batch
