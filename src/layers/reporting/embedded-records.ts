/** The records in the thread of the embedded database, which imports this module and opens them there. */
import type { Database } from '#platform/store/database.ts'
import type { EmbeddedDatabase } from '#platform/store/embedded.ts'
import { kyselyStore } from './model/kysely-store.ts'
import { type Records, records } from './records.ts'

/** Throws `MigrationsDiffer` by its code. */
export const embeddedRecords = (database: EmbeddedDatabase): Promise<Records> => database.store(import.meta.url)

/** @public the thread imports it */
export const openStore = async (database: Database): Promise<Records> => records(await kyselyStore(database))
