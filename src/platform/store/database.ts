/**
 * What keeps configuration, history and statistics: PostgreSQL's SQL through Kysely. The embedded engine is PGlite; a
 * server is the same over Kysely's own dialect, not available yet. Nothing on the call path waits for it.
 *
 * The same values come back from both: `int8` and `numeric` as numbers, `timestamptz` as RFC 3339 text in UTC with
 * milliseconds, `date` as text, `json` parsed, `bytea` as bytes.
 */
import { type Dialect, Kysely, sql } from 'kysely'
import { type Migration, migrate } from './migrate.ts'

export interface Database {
  /**
   * The tables of one owner, after its migrations. Throws `MigrationsDiffer`. One connection serves all owners of the
   * embedded database: a transaction waits for nothing but its own statements.
   */
  tables<Tables>(owner: string, migrations: readonly Migration[]): Promise<Kysely<Tables>>
  /** Everything asked for before is done first. Harmless when called twice. */
  close(): Promise<void>
}

/** A database behind any Kysely dialect that speaks PostgreSQL's SQL. */
export function databaseOver(dialect: Dialect): Database {
  // biome-ignore lint/suspicious/noExplicitAny: each owner sees it by its own tables
  const kysely = new Kysely<any>({ dialect })
  let closing: Promise<void> | undefined
  return {
    async tables<Tables>(owner: string, migrations: readonly Migration[]) {
      await migrate(kysely, owner, migrations)
      return kysely as unknown as Kysely<Tables>
    },
    close() {
      closing ??= close(kysely)
      return closing
    },
  }
}

/** A last statement goes the way of all others, so that those before it have got their turn; a lost database has none. */
async function close(kysely: Kysely<unknown>): Promise<void> {
  await sql`select`.execute(kysely).catch(() => {})
  await kysely.destroy()
}
