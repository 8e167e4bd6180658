/** The memory of a running demo's signalling thread, after a forced collection. */
import { join } from 'node:path'
import { until } from './api.ts'
import type { Demo } from './demo.ts'
import { openTransactions } from './figures.ts'

export const heapArgs = ['--expose-gc', '--import', join(process.cwd(), 'dist/test/rig/report-heap.js')]

/** So many go on whatever happens: components ask each other every second how they are. */
const fewTransactions = 200

export class Heap {
  private readonly demo: Demo
  private asked = 0

  /** The demo was started with `heapArgs`. */
  constructor(demo: Demo) {
    this.demo = demo
  }

  /** Megabytes in use once all garbage is collected; `external`: of buffers outside of the heap. */
  async megabytes(): Promise<{ heap: number; external: number }> {
    this.asked += 1
    this.demo.process.child.kill('SIGUSR2')
    const [, heap, external] = await this.demo.process.printed(new RegExp(`^heap ${this.asked} (\\d+) (\\d+)$`, 'm'))
    return { heap: Number(heap) / 2 ** 20, external: Number(external) / 2 ** 20 }
  }

  /** UDP transactions wait up to 32 s for repetitions (RFC 3261 §17: timers D, I, J; RFC 6026: L): first they are over. */
  async atRest(): Promise<{ heap: number; external: number }> {
    const check = async () => ((await openTransactions()) < fewTransactions ? true : undefined)
    await until(check, 45_000, 'no open transactions')
    return this.megabytes()
  }
}
