/** The store in the thread of the embedded database, which a test empties in between. */
import { sql } from 'kysely'
import type { Database } from '#platform/store/database.ts'
import { openStore as open } from './kysely-store.ts'
import type { ConfigurationStore } from './store.ts'

export interface EmptiedStore extends ConfigurationStore {
  empty(): Promise<void>
}

export async function openStore(database: Database): Promise<EmptiedStore> {
  const store = await open(database)
  const db = await database.tables('test', [])
  return {
    ...store,
    async empty() {
      await sql`truncate configuration_object, configuration_revision restart identity`.execute(db)
    },
  }
}
