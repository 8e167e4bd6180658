/** What a benchmark is: it measures one thing, next to a peer in the same run where there is one. */

export type Figures = {
  /** The figure that counts, in `unit`; less is better. */
  readonly value: number
  readonly unit: string
  /** The same of a peer, measured in the same run. */
  readonly peer?: { readonly name: string; readonly value: number }
  /** `value` by the peer's: what `--check` watches, since machines differ. */
  readonly ratio?: number
  /** What else was seen: calls, failures, retransmissions, memory. */
  readonly details: Readonly<Record<string, number>>
  /** Why the figures mean nothing, e.g. calls that failed. */
  readonly invalid?: string
}

export type BenchOptions = {
  /** Arguments of Node.js for the process under test: a profiler's. */
  readonly nodeArgs: readonly string[]
  /** Calls a second and minutes, where who runs it wants others than usual. */
  readonly rate?: number
  readonly minutes?: number
  /** Tells whoever waits how far it is. */
  say(text: string): void
}

export type Bench = {
  readonly name: string
  readonly what: string
  /** It takes so long that it runs only where it is named, and once. */
  readonly own?: boolean
  run(options: BenchOptions): Promise<Figures>
}
