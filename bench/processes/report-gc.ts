/**
 * Loaded before the product (`node --import`): every ten seconds prints `gc COUNT P99 MAX`, the collections of the main
 * thread's heap so far and how long they held it up, ms; those that were forced are left out.
 */
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

const everyMs = 10_000

if (isMainThread) {
  const pauses: number[] = []
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { duration } = entry
      const { flags = 0 } = (entry as typeof entry & { detail?: { flags?: number } }).detail ?? {}
      if ((flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) === 0) pauses.push(duration)
    }
  }).observe({ entryTypes: ['gc'] })
  const tell = () => {
    pauses.sort((one, other) => one - other)
    const p99 = pauses[Math.floor(pauses.length * 0.99)] ?? 0
    process.stdout.write(`gc ${pauses.length} ${p99.toFixed(1)} ${(pauses.at(-1) ?? 0).toFixed(1)}\n`)
  }
  setInterval(tell, everyMs).unref()
}
