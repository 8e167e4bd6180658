/** The gauges of everything in a world: what is open, to see that in the end nothing is. */
import { type Metrics, noMetrics, type Sample } from '#platform/metrics/metrics.ts'

export class Gauges implements Metrics {
  readonly counter: Metrics['counter']
  readonly histogram: Metrics['histogram']
  private readonly inner: Metrics
  private readonly readers = new Map<string, (() => number | readonly Sample<string>[])[]>()

  /** `inner`: hears of everything, too. */
  constructor(inner = noMetrics) {
    this.inner = inner
    this.counter = inner.counter.bind(inner)
    this.histogram = inner.histogram.bind(inner)
  }

  gauge<L extends string = never>(name: string, help: string, read: () => number | readonly Sample<L>[]): void {
    this.inner.gauge(name, help, read)
    const readers = this.readers.get(name) ?? []
    this.readers.set(name, [...readers, read])
  }

  /** Over all components and labels. */
  sum(name: string): number {
    return (this.readers.get(name) ?? []).reduce((total, read) => {
      const value = read()
      return total + (typeof value === 'number' ? value : value.reduce((sum, sample) => sum + sample.value, 0))
    }, 0)
  }
}
