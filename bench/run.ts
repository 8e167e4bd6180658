/**
 * `npm run bench [-- NAME] [--json] [--check] [--write] [--profile] [--runs N] [--rate N] [--minutes N]`: runs all
 * benchmarks but those that take very long, or those named. For people a table, with `--json` one JSON line each. `--check`
 * fails where a ratio is worse than the recorded one by more than a tenth; `--write` records what it sees, and makes
 * docs/benchmarks.md of it: both take the median of three runs. `--profile` leaves CPU profiles of what is measured in
 * `profiles/`, for Chrome's DevTools; its figures are dearer. `--rate`: calls a second; `--minutes`: of the soak.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { acd } from './acd.ts'
import { agents } from './agents.ts'
import { attack } from './attack.ts'
import { b2bua } from './b2bua.ts'
import type { Bench, BenchOptions, Figures } from './bench.ts'
import { documentOf, documentPath } from './document.ts'
import { greeting } from './greeting.ts'
import { thisMachine } from './machine.ts'
import { medianOf } from './median.ts'
import { memory } from './memory.ts'
import { overload } from './overload.ts'
import { prompts } from './prompts.ts'
import { proxy } from './proxy.ts'
import { readRecords, recordOf, regressionIn, writeRecords } from './recorded.ts'
import { registrations } from './registrations.ts'
import { relay } from './relay.ts'
import { soak } from './soak.ts'

/** One line here is all that a further benchmark needs. */
const benches: readonly Bench[] = [
  proxy,
  b2bua,
  registrations,
  relay,
  prompts,
  acd,
  greeting,
  agents,
  overload,
  attack,
  memory,
  soak,
]

const usualRuns = 3
const profiler = ['--cpu-prof', '--cpu-prof-dir=profiles']
const flag = { type: 'boolean', default: false } as const
const number = { type: 'string' } as const
const options = { json: flag, check: flag, write: flag, profile: flag, runs: number, rate: number, minutes: number }

type Asked = {
  readonly json: boolean
  readonly check: boolean
  readonly write: boolean
  readonly runs: number | undefined
  readonly options: BenchOptions
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals: names } = parseArgs({ args: [...args], options, allowPositionals: true })
  const unknown = names.filter((name) => !benches.some((bench) => bench.name === name))
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(', ')}; benchmarks are ${benches.map(({ name }) => name).join(', ')}`)
    return 2
  }
  const { json, check, write, profile } = values
  const rate = count(values.rate)
  const minutes = count(values.minutes)
  const asked: Asked = {
    json,
    check,
    write,
    runs: count(values.runs),
    options: {
      nodeArgs: profile ? profiler : [],
      ...(rate !== undefined && { rate }),
      ...(minutes !== undefined && { minutes }),
      say: (text) => console.error(`  ${text}`),
    },
  }
  const chosen = benches.filter(({ name, own = false }) => (names.length === 0 ? !own : names.includes(name)))
  let faults = 0
  for (const [at, bench] of chosen.entries()) {
    console.error(`${at + 1} of ${chosen.length}: ${bench.name}, ${new Date().toISOString().slice(11, 19)}`)
    faults += (await judged(bench, asked)) === undefined ? 0 : 1
  }
  return faults === 0 ? 0 : 1
}

/** Undefined where none is given. */
function count(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new TypeError(`${text} is not a number from 1 on`)
  return value
}

/** Runs it, prints and records what it saw; gives what is wrong. One that breaks down stops no other. */
async function judged(bench: Bench, asked: Asked): Promise<string | undefined> {
  const isMedian = asked.check || asked.write
  const runs = asked.runs ?? (isMedian && bench.own !== true ? usualRuns : 1)
  let figures: Figures
  try {
    figures = await measured(bench, runs, asked.options)
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error)
    console.error(`${bench.name}: ${fault}`)
    return fault
  }
  print(bench, figures, asked.json)
  const regression = asked.check ? regressionIn(figures, readRecords()[bench.name]) : undefined
  const fault = figures.invalid ?? regression
  if (fault !== undefined) console.error(`${bench.name}: ${fault}`)
  else if (asked.write) write(bench, figures, runs)
  return fault
}

async function measured(bench: Bench, runs: number, options: BenchOptions): Promise<Figures> {
  const seen: Figures[] = []
  for (let run = 1; run <= runs; run++) {
    const figures = await bench.run(options)
    seen.push(figures)
    if (runs > 1) options.say(`run ${run} of ${runs}: ${figures.value.toFixed(3)} ${figures.unit}`)
  }
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
  const row = (label: string, text: string) => console.log(`  ${label.padEnd(40)} ${text}`)
  console.log(`${name}: ${what}`)
  row('Ringmain', `${value.toFixed(3)} ${unit}`)
  if (peer !== undefined) row(peer.name, `${peer.value.toFixed(3)} ${unit}`)
  if (ratio !== undefined) row('ratio', ratio.toFixed(2))
  for (const [label, number] of Object.entries(details)) row(label, String(number))
}

process.exitCode = await main(process.argv.slice(2))
