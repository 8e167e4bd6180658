/** The spool as pools read it: numbered events, those not yet on disk too. */
import type { Timer } from '#platform/runtime/runtime.ts'
import type { Spool } from '#platform/spool/spool.ts'
import { Published } from '#protocols/tlib/published.ts'

export type StreamRecord = { readonly position: number; readonly published: Published }

/**
 * So many may be told before they are on disk. A spool opened after a power loss leaves out more positions than that,
 * so that no position ever stands for two events.
 */
export const mostAhead = 10_000

export class Stream {
  private readonly spool: Spool
  /** The newest events, all that may be told and that the spool cannot give yet; the last one is at `next - 1`. */
  private waiting: Published[] = []
  /** The position that the next event gets. */
  next: number

  constructor(spool: Spool) {
    this.spool = spool
    this.next = spool.durable
  }

  /** Its position; `undefined`: the disk has been failing for so long that it is lost. */
  append(published: Published): number | undefined {
    const position = this.spool.append(published.bytes)
    if (position === undefined) return undefined
    this.next = position + 1
    this.waiting.push(published)
    if (this.waiting.length > 2 * mostAhead) this.waiting = this.waiting.slice(-mostAhead)
    return position
  }

  /** Runs whenever more is on disk. */
  advanced(run: () => void): Timer {
    return this.spool.advanced(() => {
      const count = this.next - this.spool.durable
      this.waiting = count > 0 ? this.waiting.slice(-count) : []
      run()
    })
  }

  /** Whether so much waits for the disk that nothing more may be told. */
  get isAhead(): boolean {
    return this.next - this.spool.durable > mostAhead
  }

  async read(from: number, most: number): Promise<StreamRecord[]> {
    if (this.isAhead) return []
    const oldest = this.next - this.waiting.length
    if (from >= oldest)
      return this.waiting
        .slice(from - oldest, from - oldest + most)
        .map((published, index) => ({ position: from + index, published }))
    const records = await this.spool.read(from, Math.min(most, oldest - from))
    return records.map(({ position, bytes }) => ({ position, published: Published.read(bytes) }))
  }

  acknowledge(pool: string, position: number): void {
    this.spool.acknowledge(pool, position)
  }

  acknowledged(pool: string): number {
    return this.spool.acknowledged(pool)
  }
}
