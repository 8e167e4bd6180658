/**
 * `npm run bench [-- NAME] [--json] [--check] [--profile]`: runs all benchmarks, or those named. For people a table, with
 * `--json` one JSON line each. `--check` fails where a ratio is worse than the recorded one by more than a tenth.
 * `--profile` leaves a CPU profile of the process under test in `profiles/`, for Chrome's DevTools; its figures are dearer.
 */
import { readFileSync } from 'node:fs'
import { acd } from './acd.ts'
import type { Bench, Figures } from './bench.ts'
import { overload } from './overload.ts'
import { proxy } from './proxy.ts'

/** One line here is all that a further benchmark needs. */
const benches: readonly Bench[] = [proxy, acd, overload]

const tolerance = 1.1
const known = ['--json', '--check', '--profile']
const profiler = ['--cpu-prof', '--cpu-prof-dir=profiles']

async function main(options: readonly string[]): Promise<number> {
  const names = options.filter((option) => !option.startsWith('--'))
  const unknown = [
    ...options.filter((option) => option.startsWith('--') && !known.includes(option)),
    ...names.filter((name) => !benches.some((bench) => bench.name === name)),
  ]
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(', ')}; benchmarks are ${benches.map(({ name }) => name).join(', ')}`)
    return 2
  }
  const chosen = benches.filter(({ name }) => names.length === 0 || names.includes(name))
  let faults = 0
  for (const bench of chosen) {
    const figures = await bench.run({ nodeArgs: options.includes('--profile') ? profiler : [] })
    const fault = options.includes('--check') ? faultOf(bench, figures) : figures.invalid
    print(bench, figures, options.includes('--json'))
    if (fault === undefined) continue
    console.error(`${bench.name}: ${fault}`)
    faults++
  }
  return faults === 0 ? 0 : 1
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

function faultOf({ name }: Bench, { ratio, invalid }: Figures): string | undefined {
  if (invalid !== undefined) return invalid
  const recorded = (JSON.parse(readFileSync('bench/recorded.json', 'utf8')) as Record<string, number>)[name]
  // What no ratio was recorded for is not judged.
  if (recorded === undefined || ratio === undefined || ratio <= recorded * tolerance) return undefined
  return `ratio ${ratio.toFixed(2)} is worse than the recorded ${recorded} by more than a tenth`
}

process.exitCode = await main(process.argv.slice(2))
