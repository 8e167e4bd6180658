// biome-ignore lint/style/noRestrictedImports: a real directory for the real database
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll } from 'vitest'
import type { Database } from '#platform/store/database.ts'
import { openPGlite } from '#platform/store/pglite-worker.ts'
import { kyselyStore } from './kysely-store.ts'
import { interactionStoreConformance } from './store.conformance.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringmain-reporting-'))
let database: Database

beforeAll(async () => {
  database = await openPGlite(directory)
}, 60_000)
afterAll(async () => {
  await database.close()
  rmSync(directory, { recursive: true })
})

interactionStoreConformance('in the embedded database', async () => {
  const store = await kyselyStore(database)
  const db = await database.tables('test', [])
  await sql`truncate reporting_position, call_event, owner_event, interaction, interaction_agent, wrap_up`.execute(db)
  return store
})
