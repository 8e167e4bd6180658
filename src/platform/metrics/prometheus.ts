/**
 * Metrics as Prometheus reads them. Counting costs an addition: what was counted is handed to the registry when it is
 * scraped. Several components of one process share a metric's name and differ in their labels.
 */
import { collectDefaultMetrics, Gauge, Histogram, Counter as PromCounter, Registry } from 'prom-client'
import type { Cell, Counter, Metrics, Sample } from './metrics.ts'

const prefix = 'ringmain_'
/** Every name has it once, whether or not who declared it wrote it. */
const named = (name: string): string => (name.startsWith(prefix) ? name : prefix + name)

type Labels = Readonly<Record<string, string>>
type Read = () => readonly Sample<string>[]

export interface Scope {
  readonly metrics: Metrics
  /** Its gauges are told no more; what it counted stays. */
  close(): void
}

export interface Exposition {
  /** What one component counts; `labels` go with each of its figures. Every scope has the same label names. */
  scope(labels: Labels): Scope
  readonly contentType: string
  text(): Promise<string>
}

export function prometheus(options: { readonly process?: boolean } = {}): Exposition {
  const registry = new Registry()
  // The event loop's delay is sampled: 20 ms is as fine as the timer wheel.
  if (options.process) collectDefaultMetrics({ register: registry, prefix, eventLoopMonitoringPrecision: 20 })
  const counters = new Map<string, CountedCells>()
  const gauges = new Map<string, Map<object, Read>>()
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    scope(labels) {
      const owner = {}
      return {
        metrics: scoped(registry, counters, gauges, labels, owner),
        close: () => {
          for (const readers of gauges.values()) readers.delete(owner)
        },
      }
    },
  }
}

function scoped(
  registry: Registry,
  counters: Map<string, CountedCells>,
  gauges: Map<string, Map<object, Read>>,
  own: Labels,
  owner: object,
): Metrics {
  return {
    counter(name, help, labels = []) {
      const known =
        counters.get(named(name)) ?? new CountedCells(registry, named(name), help, [...labels, ...keys(own)])
      counters.set(named(name), known)
      return known.scoped(own)
    },
    gauge(name, help, read) {
      const readers = gauges.get(named(name)) ?? openGauge(registry, named(name), help)
      gauges.set(named(name), readers)
      readers.set(owner, () => samples(read(), own))
    },
    histogram(name, help, buckets) {
      const known = registry.getSingleMetric(named(name))
      const histogram =
        known instanceof Histogram
          ? known
          : new Histogram({
              name: named(name),
              help,
              buckets: [...buckets],
              labelNames: keys(own),
              registers: [registry],
            })
      return histogram.labels(own)
    },
  }
}

const keys = (labels: Labels): string[] => Object.keys(labels)

const samples = (read: number | readonly Sample<string>[], own: Labels): Sample<string>[] =>
  typeof read === 'number'
    ? [{ labels: own, value: read }]
    : read.map(({ labels, value }) => ({ labels: { ...labels, ...own }, value }))

/** prom-client wants label names at declaration; a gauge learns them from its samples, so it writes its own lines. */
function openGauge(registry: Registry, name: string, help: string): Map<object, Read> {
  const readers = new Map<object, Read>()
  const gauge = new Gauge({ name, help, registers: [registry] })
  gauge.get = async () => ({
    ...gaugeHead(name, help),
    values: [...readers.values()].flatMap((read) => read().map(({ labels, value }) => ({ labels, value }))),
  })
  return readers
}

const gaugeHead = (name: string, help: string) =>
  ({ name, help, type: 'gauge', aggregator: 'sum' }) as unknown as Awaited<ReturnType<Gauge['get']>>

/** A counter's cells, by their label values. */
class CountedCells {
  private readonly cells = new Map<string, CountedCell>()

  constructor(registry: Registry, name: string, help: string, labelNames: string[]) {
    const { cells } = this
    new PromCounter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        for (const { labels, value } of cells.values()) this.inc({ ...labels }, value)
      },
    })
  }

  scoped(own: Labels): Counter<string> {
    const of = (labels: Labels): Cell => this.cell({ ...labels, ...own })
    let plain: Cell | undefined
    return {
      of,
      inc: (by) => {
        plain ??= of({})
        plain.inc(by)
      },
    }
  }

  private cell(labels: Labels): CountedCell {
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
    const cell = this.cells.get(key) ?? new CountedCell(labels)
    this.cells.set(key, cell)
    return cell
  }
}

class CountedCell implements Cell {
  readonly labels: Labels
  value = 0

  constructor(labels: Labels) {
    this.labels = labels
  }

  inc(by = 1): void {
    this.value += by
  }
}
