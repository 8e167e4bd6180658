/** The memory of the main thread of a running demo, which is that of signalling, or of another program, after a forced collection. */
import { join } from 'node:path'
import type { PeerProcess } from '../peers/process.ts'
import { until } from './api.ts'
import { openTransactions } from './figures.ts'

export const heapArgs = ['--expose-gc', '--import', join(process.cwd(), 'dist/test/rig/report-heap.js')]

/** So many go on whatever happens: components ask each other every second how they are. */
const fewTransactions = 200

export class Heap {
  private readonly process: PeerProcess
  private asked = 0

  /** It was started with `heapArgs`. */
  constructor({ process }: { readonly process: PeerProcess }) {
    this.process = process
  }

  /** Megabytes in use once all garbage is collected; `external`: of buffers outside of the heap. */
  async megabytes(): Promise<{ heap: number; external: number }> {
    this.asked += 1
    this.process.child.kill('SIGUSR2')
    const [, heap, external] = await this.process.printed(new RegExp(`^heap ${this.asked} (\\d+) (\\d+)$`, 'm'))
    return { heap: Number(heap) / 2 ** 20, external: Number(external) / 2 ** 20 }
  }

  /** Of a demo. UDP transactions wait up to 32 s for repetitions (RFC 3261 §17: timers D, I, J; RFC 6026: L): first they are over. */
  async atRest(): Promise<{ heap: number; external: number }> {
    const check = async () => ((await openTransactions()) < fewTransactions ? true : undefined)
    await until(check, 45_000, 'no open transactions')
    return this.megabytes()
  }
}
