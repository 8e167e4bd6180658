// biome-ignore lint/style/noRestrictedImports: a real directory for the real database
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Database } from './database.ts'
import { insertRows } from './insert-rows.ts'
import type { Migration } from './migrate.ts'
import { openPGlite } from './pglite-worker.ts'

type Tables = {
  call: { uuid: string; number: number; at: string; data: object | null; bytes: Uint8Array | null }
}
const first: Migration = {
  name: '0001-call',
  async up(db) {
    await db.schema
      .createTable('call')
      .addColumn('uuid', 'text', (column) => column.primaryKey())
      .addColumn('number', 'bigint', (column) => column.notNull())
      .addColumn('at', 'timestamptz', (column) => column.notNull())
      .addColumn('data', 'jsonb')
      .addColumn('bytes', 'bytea')
      .execute()
  },
}
const row = (uuid: string, number = 1) => ({ uuid, number, at: '2026-11-22T10:00:00.123Z', data: null, bytes: null })

const bootID = '/proc/sys/kernel/random/boot_id'

/** One database for all of it: making one takes seconds. The tests follow each other as the life of a directory does. */
describe('the database of the embedded engine', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringmain-store-'))
  const mark = join(directory, 'db.beginning')
  let database: Database
  /** When it could be used first. */
  let marked: boolean
  let db: Kysely<Tables>

  beforeAll(async () => {
    // The machine went down before all of a new database was on the disk: what there is of it is no database.
    mkdirSync(join(directory, 'db'))
    writeFileSync(join(directory, 'db', 'PG_VERSION'), '')
    writeFileSync(mark, 'an earlier boot')
    database = await openPGlite(directory)
    marked = existsSync(mark)
    db = await database.tables<Tables>('concentrator', [first])
  }, 120_000)
  afterAll(async () => {
    await database.close()
    rmSync(directory, { recursive: true })
  })

  it('is marked while it is used and not all of it is on the disk', () => {
    expect(marked).toBe(true)
  })

  it('gives back numbers, times in RFC 3339, JSON and bytes as they were stored', async () => {
    const stored = { ...row('a', 4_000_000_000), data: { tier: ['gold'] }, bytes: new Uint8Array([0, 255]) }

    await db.insertInto('call').values(stored).execute()

    expect(await db.selectFrom('call').selectAll().execute()).toEqual([stored])
  })

  it('stores many rows in one statement, keeps or replaces those whose key exists, and counts what it stored', async () => {
    const rows = [{ ...row('b'), data: { 'it’s': null } }, row('c', 2)]
    const unique = ['uuid']

    const counts = [
      await insertRows(db, 'call', rows),
      await insertRows(db, 'call', [row('c', 3), row('d')], { conflict: { columns: unique, action: 'keep' } }),
      await insertRows(db, 'call', [row('c', 4)], { conflict: { columns: unique, action: 'replace' } }),
      await insertRows(db, 'call', []),
    ]

    const stored = await db.selectFrom('call').select(['uuid', 'number', 'data']).orderBy('uuid').offset(1).execute()
    expect(counts).toEqual([2, 1, 1, 0])
    expect(stored).toEqual([
      { uuid: 'b', number: 1, data: { 'it’s': null } },
      { uuid: 'c', number: 4, data: null },
      { uuid: 'd', number: 1, data: null },
    ])
  })

  it('names the SQLSTATE and the constraint of what it refuses', async () => {
    const refused = db.insertInto('call').values(row('a')).execute()

    await expect(refused).rejects.toMatchObject({ state: '23505', constraint: 'call_pkey' })
  })

  it('takes back a transaction that fails, and keeps statements of others out of it', async () => {
    const failing = db.transaction().execute(async (transaction) => {
      await transaction.insertInto('call').values(row('lost')).execute()
      await transaction.insertInto('call').values(row('a')).execute()
    })
    const other = db.insertInto('call').values(row('kept')).execute()

    await expect(failing).rejects.toMatchObject({ state: '23505' })
    await other
    const uuids = await db.selectFrom('call').select('uuid').where('uuid', 'in', ['lost', 'kept']).execute()
    expect(uuids).toEqual([{ uuid: 'kept' }])
  })

  it('runs each migration of an owner once, none when one of them fails, and keeps owners apart', async () => {
    const count: Migration = {
      name: '0002-count',
      up: (tx) => tx.schema.alterTable('call').addColumn('count', 'integer').execute(),
    }
    const broken: Migration = { name: '0003-broken', up: (tx) => tx.schema.dropTable('nothing').execute() }

    await expect(database.tables('concentrator', [first, count, broken])).rejects.toMatchObject({ state: '42P01' })
    await database.tables('concentrator', [first, count])
    await database.tables('other', [{ ...count, up: async () => {} }])

    const ledger = await db.introspection.getTables()
    expect(ledger.find((table) => table.name === 'call')?.columns.map((column) => column.name)).toContain('count')
  })

  it('refuses tables that a newer release has made', async () => {
    const older = database.tables('concentrator', [first])

    await expect(older).rejects.toMatchObject({ code: 'DATABASE_MIGRATIONS_DIFFER' })
  })

  it('does what was asked before it closes, then refuses, and goes on with its data when it is opened again', async () => {
    const last = db.insertInto('call').values(row('last')).execute()
    await database.close()
    const late = db.selectFrom('call').selectAll().execute()

    await expect(late).rejects.toThrow()
    await expect(last).resolves.toHaveLength(1)
    database = await openPGlite(directory)
    const count: Migration = { name: '0002-count', up: async () => {} }
    db = await database.tables<Tables>('concentrator', [first, count])
    expect(await db.selectFrom('call').select('uuid').where('uuid', '=', 'last').execute()).toEqual([{ uuid: 'last' }])
  }, 120_000)
  it.runIf(existsSync(bootID))(
    'keeps what was committed when only its process ended before all was on the disk, and forces it there then',
    async () => {
      await vi.waitUntil(() => !existsSync(mark), 30_000)
      await database.close()
      writeFileSync(mark, readFileSync(bootID, 'utf8').trim())

      database = await openPGlite(directory)
      db = await database.tables<Tables>('concentrator', [first, { name: '0002-count', up: async () => {} }])

      expect(await db.selectFrom('call').select('uuid').where('uuid', '=', 'last').execute()).toEqual([
        { uuid: 'last' },
      ])
      await vi.waitUntil(() => !existsSync(mark), 30_000)
    },
    120_000,
  )
})
