/**
 * Loaded before the product (`node --expose-gc --import`): at SIGUSR2 collects all garbage and prints what the main
 * thread then uses, `heap N BYTES EXTERNAL` with N counting; external are buffers outside of the heap. Worker threads have
 * heaps of their own and receive no signals.
 */
import { isMainThread } from 'node:worker_threads'

declare const gc: () => void

if (isMainThread) {
  let count = 0
  process.on('SIGUSR2', () => {
    // A second collection takes what finalizers of the first let go.
    gc()
    setImmediate(() => {
      gc()
      count += 1
      const { heapUsed, external } = process.memoryUsage()
      process.stdout.write(`heap ${count} ${heapUsed} ${external}\n`)
    })
  })
}
