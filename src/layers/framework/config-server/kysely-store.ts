/** Keeps the objects in the database, one row each, in the order in which they came. */
import { type Generated, type JSONColumnType, type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '#platform/store/database.ts'
import type { EmbeddedDatabase } from '#platform/store/embedded.ts'
import { StatementFailed } from '#platform/store/errors.ts'
import { insertRows } from '#platform/store/insert-rows.ts'
import type { Migration } from '#platform/store/migrate.ts'
import { type Change, withChanges } from '#protocols/model/changes.ts'
import { complete } from '#protocols/model/entries.ts'
import type { Kind, ObjectOf, Settings } from '#protocols/model/objects.ts'
import { type ConfigurationStore, RevisionTaken } from './store.ts'

type Tables = {
  configuration_revision: { revision: number; applied: Generated<string> }
  configuration_object: {
    place: Generated<number>
    kind: Kind | 'settings'
    /** Empty for the settings, of which there is one. */
    key: string
    body: JSONColumnType<ObjectOf<Kind> | Settings>
  }
}

const migrations: readonly Migration[] = [
  {
    name: '0001-objects',
    async up(db) {
      await sql`create table configuration_revision (
        revision bigint primary key, applied timestamptz not null default now())`.execute(db)
      await sql`create table configuration_object (
        place bigint generated always as identity, kind text not null, key text not null, body jsonb not null,
        primary key (kind, key))`.execute(db)
    },
  },
]

/** In the thread of the embedded database, which imports this module and opens the store there. */
export const embeddedStore = (database: EmbeddedDatabase): Promise<ConfigurationStore> =>
  database.store(import.meta.url)

/** Throws `MigrationsDiffer`. */
export async function openStore(database: Database): Promise<ConfigurationStore> {
  const db = await database.tables<Tables>('config-server', migrations)
  return {
    async load() {
      const { revision } = await db
        .selectFrom('configuration_revision')
        .select((select) => select.fn.max('revision').as('revision'))
        .executeTakeFirstOrThrow()
      if (revision === null) return undefined
      const rows = await db
        .selectFrom('configuration_object')
        .select(['kind', 'key', 'body'])
        .orderBy('place')
        .execute()
      return { revision, objects: withChanges(complete({}), rows.map(changeOf)) }
    },
    apply: (revision, changes) =>
      db.transaction().execute(async (transaction) => {
        await take(transaction, revision)
        await put(transaction, changes)
        await remove(transaction, changes)
      }),
  }
}

function changeOf({ kind, key, body }: { kind: Kind | 'settings'; key: string; body: object }): Change {
  if (kind === 'settings') return { type: 'settings', settings: body as Settings }
  return { type: 'put', kind, key, object: body as ObjectOf<Kind> }
}

/** Of two writers one gets the revision: the other finds it there, or is refused by the key when both try at once. */
async function take(db: Transaction<Tables>, revision: number): Promise<void> {
  const taken = await sql`insert into configuration_revision (revision)
    select ${revision}::bigint where not exists (select from configuration_revision where revision >= ${revision}::bigint)`
    .execute(db)
    .catch((error: unknown) => {
      if (error instanceof StatementFailed && error.state === uniqueViolation) throw new RevisionTaken(revision)
      throw error
    })
  if (taken.numAffectedRows !== 1n) throw new RevisionTaken(revision)
}

const uniqueViolation = '23505'

async function put(db: Kysely<Tables>, changes: readonly Change[]): Promise<void> {
  const rows = changes.flatMap((change) => {
    if (change.type === 'remove') return []
    return change.type === 'settings'
      ? { kind: 'settings' as const, key: '', body: change.settings }
      : { kind: change.kind, key: change.key, body: change.object }
  })
  const columns = ['kind', 'key']
  // Values of a json column go in as they are here; only the query builder wants them as text.
  await insertRows(db, 'configuration_object', rows as never[], { conflict: { columns, action: 'replace' } })
}

async function remove(db: Kysely<Tables>, changes: readonly Change[]): Promise<void> {
  const gone = changes.flatMap((change) => (change.type === 'remove' ? { kind: change.kind, key: change.key } : []))
  if (gone.length === 0) return
  await sql`delete from configuration_object where (kind, key) in (
    select kind, key from json_to_recordset(${JSON.stringify(gone)}::json) as gone(kind text, key text))`.execute(db)
}
