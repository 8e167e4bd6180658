/** Each table has one owner, and each owner its own sequence of migrations, run in a transaction of its own. */
import { type Kysely, sql, type Transaction } from 'kysely'
import { MigrationsDiffer } from './errors.ts'

/** One step of an owner's tables. Once released it never changes: what is to be different is a further step. */
export type Migration = {
  /** Unique among the owner's, such as `0001-calls`. */
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: the tables a migration sees are those of its time
  up(db: Transaction<any>): Promise<void>
}

type Ledger = { migration: { owner: string; place: number; name: string } }

/** Runs what has not been run yet: all of it or none. Throws `MigrationsDiffer`. */
export async function migrate(db: Kysely<Ledger>, owner: string, migrations: readonly Migration[]): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    // Two hosts that start at once must not both run it; the lock ends with the transaction.
    await sql`select pg_advisory_xact_lock(hashtext('ringmain migration'))`.execute(transaction)
    await sql`create table if not exists migration (
      owner text not null, place integer not null, name text not null,
      applied timestamptz not null default now(), primary key (owner, place))`.execute(transaction)
    const applied = await appliedTo(transaction, owner)
    const foreign = applied.find((name, place) => migrations[place]?.name !== name)
    if (foreign !== undefined) throw new MigrationsDiffer(owner, foreign)
    for (const [place, migration] of migrations.entries()) {
      if (place < applied.length) continue
      await migration.up(transaction)
      await transaction.insertInto('migration').values({ owner, place, name: migration.name }).execute()
    }
  })
}

async function appliedTo(db: Kysely<Ledger>, owner: string): Promise<string[]> {
  const rows = await db.selectFrom('migration').select('name').where('owner', '=', owner).orderBy('place').execute()
  return rows.map((row) => row.name)
}
