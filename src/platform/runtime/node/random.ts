/** Random bytes from the system, taken in blocks: a call of its own for each tag would cost a microsecond. */
import { randomBytes, randomFillSync } from 'node:crypto'
import type { Random } from '#platform/runtime/runtime.ts'

const blockSize = 8192

export class NodeRandom implements Random {
  readonly #block = Buffer.allocUnsafeSlow(blockSize)
  #next = blockSize

  bytes(count: number): Buffer {
    if (count > blockSize) return randomBytes(count)
    const start = this.#take(count)
    // A copy: a view would keep the whole block alive for as long as its holder lives.
    return Buffer.from(this.#block.subarray(start, start + count))
  }

  hex(count: number): string {
    if (count > blockSize) return randomBytes(count).toString('hex')
    const start = this.#take(count)
    return this.#block.toString('hex', start, start + count)
  }

  #take(count: number): number {
    if (this.#next + count > blockSize) {
      randomFillSync(this.#block)
      this.#next = 0
    }
    const start = this.#next
    this.#next += count
    return start
  }
}
