/** What was measured and is kept in `bench/recorded.json`: what `--check` compares with and docs/benchmarks.md shows. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Figures } from './bench.ts'
import type { Machine } from './machine.ts'

export type Recorded = {
  readonly what: string
  /** What later runs must not be worse than by more than a tenth. */
  readonly ratio?: number
  /** Where it was measured and all that was seen there, since figures are kept and not the ratio alone. */
  readonly measured?: Measured
}
export type Measured = {
  readonly runs: number
  /** The day, UTC. */
  readonly day: string
  readonly machine: Machine
  readonly figures: Figures
}

/** By the name of the benchmark. */
export type Records = Readonly<Record<string, Recorded>>

const file = 'bench/recorded.json'
const tolerance = 1.1

export const readRecords = (): Records => JSON.parse(readFileSync(file, 'utf8')) as Records

export const writeRecords = (records: Records): void =>
  writeFileSync(file, `${JSON.stringify(records, undefined, 2)}\n`)

export const recordOf = (what: string, measured: Measured): Recorded => {
  const { ratio } = measured.figures
  return { what, ...(ratio !== undefined && { ratio: Number(ratio.toFixed(3)) }), measured }
}

/** Why the check fails; what no ratio was recorded for is not judged. */
export function regressionIn({ ratio }: Figures, recorded: Pick<Recorded, 'ratio'> | undefined): string | undefined {
  const before = recorded?.ratio
  if (before === undefined || ratio === undefined || ratio <= before * tolerance) return undefined
  return `ratio ${ratio.toFixed(2)} is worse than the recorded ${before} by more than a tenth`
}
