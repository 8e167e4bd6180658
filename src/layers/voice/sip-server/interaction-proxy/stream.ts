/** The spool as pools read it: numbered events, the newest from memory, those not yet on disk too. */

import type { Spool } from '#platform/spool/spool.ts'
import { Published } from '#protocols/tlib/published.ts'

export type StreamRecord = { readonly position: number; readonly published: Published }

/** How many events are kept as they were told; older ones are read back. */
const mostRecent = 4096
/**
 * So many may be told before they are on disk. A spool opened after a power loss leaves out more positions than that,
 * so that no position ever stands for two events.
 */
export const mostAhead = 10_000

export class Stream {
  private readonly spool: Spool
  /** The newest events; the last one is at `next - 1`. */
  private recent: Published[] = []
  /** The position that the next event gets. */
  next: number

  constructor(spool: Spool) {
    this.spool = spool
    this.next = spool.durable
  }

  append(published: Published): number {
    const position = this.spool.append(published.bytes)
    this.next = position + 1
    this.recent.push(published)
    if (this.recent.length > 2 * mostRecent) this.recent = this.recent.slice(-mostRecent)
    return position
  }

  /** Whether so much waits for the disk that nothing more may be told. */
  get isAhead(): boolean {
    return this.next - this.spool.durable > mostAhead
  }

  async read(from: number, most: number): Promise<StreamRecord[]> {
    if (this.isAhead) return []
    const oldest = this.next - this.recent.length
    if (from >= oldest)
      return this.recent
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
