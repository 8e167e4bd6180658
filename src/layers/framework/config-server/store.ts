/** Where the Config Server keeps the objects: named operations, no SQL. Every adapter runs `store.conformance.ts`. */
import { ClusterError } from '#platform/errors.ts'
import type { Change } from '#protocols/model/changes.ts'
import type { Objects } from '#protocols/model/objects.ts'

export type Stored = { readonly revision: number; readonly objects: Objects }

export interface ConfigurationStore {
  /** Everything as it was stored last; `undefined` before the first change. */
  load(): Promise<Stored | undefined>
  /** Stores the changes that make `revision`, all or none. Throws `RevisionTaken` where that revision exists already. */
  apply(revision: number, changes: readonly Change[]): Promise<void>
}

/** Somebody else has written in the meantime: there is another Config Server, or it was restored from a copy. */
export class RevisionTaken extends ClusterError {
  constructor(revision: number) {
    super('CONFIGURATION_REVISION_TAKEN', `configuration revision ${revision} is already stored by another writer`)
  }
}
