/** What the main thread and the database thread say to each other. */
import type { Database } from './database.ts'

export type Command =
  /** Opens the store of a module; its operations are named in the reply. */
  | { readonly type: 'store'; readonly id: number; readonly module: string }
  | {
      readonly type: 'call'
      readonly id: number
      readonly module: string
      readonly operation: string
      readonly arguments: readonly unknown[]
    }
  | { readonly type: 'close' }

export type Reply =
  | { readonly type: 'open' }
  | { readonly type: 'in-use'; readonly holder: number }
  | { readonly type: 'cannot-open'; readonly reason: string }
  | { readonly type: 'done'; readonly id: number; readonly result: unknown }
  /** Of an error its words, and its code where it has one. */
  | { readonly type: 'failed'; readonly id: number; readonly code: string | undefined; readonly reason: string }

/** What the thread is started with: the data directory. The database lies in its `db`, the lock is its `lock`. */
export type Start = { readonly directory: string }

/** What a module whose store shall run beside the database exports as `openStore`. */
export type StoreModule = { openStore(database: Database): Promise<object> }
