/** What the main thread and the database thread say to each other. */

export type Statement = { readonly sql: string; readonly parameters: readonly unknown[] }

export type Command =
  | { readonly type: 'run'; readonly id: number; readonly statement: Statement }
  | { readonly type: 'close' }

export type Reply =
  | { readonly type: 'open' }
  | { readonly type: 'in-use'; readonly holder: number }
  | { readonly type: 'cannot-open'; readonly reason: string }
  | { readonly type: 'done'; readonly id: number; readonly rows: readonly object[]; readonly affected: number }
  | {
      readonly type: 'failed'
      readonly id: number
      readonly reason: string
      readonly state: string | undefined
      readonly constraint: string | undefined
    }

/** What the thread is started with: the data directory. The database lies in its `db`, the lock is its `lock`. */
export type Start = { readonly directory: string }
