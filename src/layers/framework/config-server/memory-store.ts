/** Keeps the objects in memory: for tests, the simulation, and a cluster that shall forget. */
import { withChanges } from '#protocols/model/changes.ts'
import { complete } from '#protocols/model/entries.ts'
import { type ConfigurationStore, RevisionTaken, type Stored } from './store.ts'

export function memoryStore(): ConfigurationStore {
  let stored: Stored | undefined
  return {
    load: async () => stored,
    async apply(revision, changes) {
      if (revision <= (stored?.revision ?? 0)) throw new RevisionTaken(revision)
      stored = { revision, objects: withChanges(stored?.objects ?? complete({}), changes) }
    },
  }
}
