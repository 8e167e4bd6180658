// biome-ignore lint/style/noRestrictedImports: a real directory for the real database
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll } from 'vitest'
import { type Database, openEmbedded } from '#platform/store/database.ts'
import { kyselyStore } from './kysely-store.ts'
import { configurationStoreConformance } from './store.conformance.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringmain-configuration-'))
let database: Database

beforeAll(async () => {
  database = await openEmbedded({ directory, option: '--data' })
}, 120_000)
afterAll(async () => {
  await database.close()
  rmSync(directory, { recursive: true })
})

configurationStoreConformance('in the embedded database', async () => {
  const store = await kyselyStore(database)
  const db = await database.tables('test', [])
  await sql`truncate configuration_object, configuration_revision restart identity`.execute(db)
  return store
})
