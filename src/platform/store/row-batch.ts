/** Gathers rows of one table and stores them together: when there are enough, or the first has waited long enough. */
import type { Clock, Timer } from '../runtime/runtime.ts'

export type RowBatchOptions<Row> = {
  readonly clock: Clock
  /** Stores rows; called again only when it has settled. */
  store(rows: readonly Row[]): Promise<unknown>
  /** The rows are lost: whoever must not lose them reads them from a spool instead and stores them himself. */
  lost(rows: readonly Row[], error: Error): void
  readonly rows?: number
  readonly milliseconds?: number
}

export interface RowBatch<Row> {
  add(row: Row): void
  /** Resolves when everything added before is stored or lost. */
  flush(): Promise<void>
}

export function rowBatch<Row>(options: RowBatchOptions<Row>): RowBatch<Row> {
  const { clock, store, lost, rows: enough = 100, milliseconds = 50 } = options
  let waiting: Row[] = []
  let storing: Promise<void> | undefined
  let timer: Timer | undefined

  async function storeAll(): Promise<void> {
    timer?.cancel()
    timer = undefined
    while (waiting.length > 0) {
      const rows = waiting
      waiting = []
      await store(rows).catch((error: Error) => lost(rows, error))
    }
    storing = undefined
  }
  const begin = (): Promise<void> => {
    storing ??= storeAll()
    return storing
  }
  return {
    add(row) {
      waiting.push(row)
      if (waiting.length >= enough) void begin()
      else timer ??= clock.after(milliseconds, () => void begin())
    },
    flush: () => (waiting.length > 0 ? begin() : (storing ?? Promise.resolve())),
  }
}
