/**
 * Who is there and who leads: membership, roles and epochs, configuration revision. Embedded default: in process;
 * in production etcd. One conformance suite, every adapter runs it. Nothing on the call path waits for it.
 */
import type { Timer } from '../runtime/runtime.ts'

export interface Coordination {
  /** Publishes `value` under `key` until withdrawn or until this process is gone. A second announcement replaces the first. */
  announce(key: string, value: string): Promise<Announcement>
  /** Tells all entries under `prefix`, first soon after the call, then whenever one changes. */
  watch(prefix: string, changed: (entries: ReadonlyMap<string, string>) => void): Timer
  get(key: string): Promise<Entry | undefined>
  /** Writes only where the entry's revision is still `revision` (0: there is none yet). */
  compareAndSet(key: string, revision: number, value: string): Promise<{ done: boolean; entry: Entry | undefined }>
}

export type Entry = { readonly value: string; readonly revision: number }

export interface Announcement {
  withdraw(): Promise<void>
}
