// biome-ignore lint/style/noRestrictedImports: a real directory for the real database
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type EmbeddedDatabase, openEmbedded } from '#platform/store/embedded.ts'
import type { EmptiedStore } from './kysely-store.fixture.ts'
import { configurationStoreConformance } from './store.conformance.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringmain-configuration-'))
const module = new URL('./kysely-store.fixture.js', import.meta.url).href
let database: EmbeddedDatabase

beforeAll(async () => {
  database = await openEmbedded({ directory, option: '--data' })
}, 120_000)
afterAll(async () => {
  await database.close()
  rmSync(directory, { recursive: true })
})

configurationStoreConformance('in the embedded database', async () => {
  const store = await database.store<EmptiedStore>(module)
  await store.empty()
  return store
})
