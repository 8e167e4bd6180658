/** Counters, gauges and histograms as components see them; `metrics/prometheus.ts` serves them, prefix `ringmain_`. */
export interface Metrics {
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>
  /** `read` is asked at each scrape. */
  gauge<L extends string = never>(name: string, help: string, read: () => number | readonly Sample<L>[]): void
  histogram(name: string, help: string, buckets: readonly number[]): Histogram
}

export type Sample<L extends string> = { labels: Record<L, string>; value: number }

export interface Counter<L extends string> {
  /** The cell of these label values; keep it where it is counted often. */
  of(labels: Record<L, string>): Cell
  inc(by?: number): void
}
export interface Cell {
  inc(by?: number): void
}
export interface Histogram {
  observe(value: number): void
}

/** Counts nothing: for tests that do not look at the figures. */
export const noMetrics: Metrics = {
  counter: () => ({ of: () => ({ inc() {} }), inc() {} }),
  gauge() {},
  histogram: () => ({ observe() {} }),
}
