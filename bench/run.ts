/**
 * `npm run bench [-- NAME] [--json] [--check] [--write] [--profile] [--runs=N]`: runs all benchmarks, or those named. For
 * people a table, with `--json` one JSON line each. `--check` fails where a ratio is worse than the recorded one by more
 * than a tenth; `--write` records what it sees, and makes docs/benchmarks.md of it: both take the median of three runs.
 * `--profile` leaves a CPU profile of the process under test in `profiles/`, for Chrome's DevTools; its figures are dearer.
 */
import { writeFileSync } from 'node:fs'
import { acd } from './acd.ts'
import { b2bua } from './b2bua.ts'
import type { Bench, Figures } from './bench.ts'
import { documentOf, documentPath } from './document.ts'
import { thisMachine } from './machine.ts'
import { medianOf } from './median.ts'
import { overload } from './overload.ts'
import { prompts } from './prompts.ts'
import { proxy } from './proxy.ts'
import { readRecords, recordOf, regressionIn, writeRecords } from './recorded.ts'
import { registrations } from './registrations.ts'
import { relay } from './relay.ts'

/** One line here is all that a further benchmark needs. */
const benches: readonly Bench[] = [proxy, b2bua, registrations, relay, prompts, acd, overload]

const usualRuns = 3
const flags = ['--json', '--check', '--write', '--profile']
const profiler = ['--cpu-prof', '--cpu-prof-dir=profiles']
const runsOption = /^--runs=([1-9]\d?)$/

async function main(options: readonly string[]): Promise<number> {
  const names = options.filter((option) => !option.startsWith('--'))
  const unknown = [
    ...options.filter((option) => option.startsWith('--') && !flags.includes(option) && !runsOption.test(option)),
    ...names.filter((name) => !benches.some((bench) => bench.name === name)),
  ]
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(', ')}; benchmarks are ${benches.map(({ name }) => name).join(', ')}`)
    return 2
  }
  const chosen = benches.filter(({ name }) => names.length === 0 || names.includes(name))
  let faults = 0
  for (const bench of chosen) faults += (await judged(bench, options)) === undefined ? 0 : 1
  return faults === 0 ? 0 : 1
}

/** Runs it, prints and records what it saw; gives what is wrong. */
async function judged(bench: Bench, options: readonly string[]): Promise<string | undefined> {
  const isMedian = options.includes('--check') || options.includes('--write')
  const asked = options.flatMap((option) => runsOption.exec(option)?.[1] ?? [])[0]
  const runs = Number(asked ?? (isMedian ? usualRuns : 1))
  const figures = await measured(bench, runs, options.includes('--profile') ? profiler : [])
  print(bench, figures, options.includes('--json'))
  const regression = options.includes('--check') ? regressionIn(figures, readRecords()[bench.name]) : undefined
  const fault = figures.invalid ?? regression
  if (fault !== undefined) console.error(`${bench.name}: ${fault}`)
  else if (options.includes('--write')) write(bench, figures, runs)
  return fault
}

async function measured(bench: Bench, runs: number, nodeArgs: readonly string[]): Promise<Figures> {
  const seen: Figures[] = []
  for (let run = 0; run < runs; run++) seen.push(await bench.run({ nodeArgs }))
  return medianOf(seen)
}

/** After each benchmark: a later one that fails loses none before it. */
function write({ name, what }: Bench, figures: Figures, runs: number): void {
  const day = new Date().toISOString().slice(0, 10)
  const records = { ...readRecords(), [name]: recordOf(what, { runs, day, machine: thisMachine(), figures }) }
  writeRecords(records)
  writeFileSync(documentPath, documentOf(records))
}

function print({ name, what }: Bench, figures: Figures, json: boolean) {
  if (json) {
    console.log(JSON.stringify({ bench: name, ...figures }))
    return
  }
  const { value, unit, peer, ratio, details } = figures
  const row = (label: string, text: string) => console.log(`  ${label.padEnd(24)}${text}`)
  console.log(`${name}: ${what}`)
  row('Ringmain', `${value.toFixed(3)} ${unit}`)
  if (peer !== undefined) row(peer.name, `${peer.value.toFixed(3)} ${unit}`)
  if (ratio !== undefined) row('ratio', ratio.toFixed(2))
  for (const [label, number] of Object.entries(details)) row(label, String(number))
}

process.exitCode = await main(process.argv.slice(2))
