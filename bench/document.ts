/** docs/benchmarks.md, made of the goals and of what is recorded, and of nothing else. */
import type { Figures } from './bench.ts'
import { type Goal, goals } from './goals.ts'
import type { Measured, Recorded, Records } from './recorded.ts'

export const documentPath = 'docs/benchmarks.md'

const introduction = `# Benchmarks

Made by \`npm run bench -- --write\` of \`bench/recorded.json\`; do not edit (\`npm run bench -- NAME --write\` measures one
anew and leaves the others; \`memory\` and \`soak\` run only so). Each section below says how often its benchmark ran.
Machines differ, and one machine on two days, so what counts is the ratio to a peer measured in the same run:
\`npm run bench -- --check\` fails where the median of three runs is worse than the recorded ratio by more than a tenth.
CPU is user and system time of the process under test.`

const nothing = '–'

export function documentOf(records: Records): string {
  const reached = goals.map((goal) => goalRow(goal, measuredOf(goal, records)))
  const rows = Object.entries(records).map(([name, recorded]) => summary(name, recorded))
  const sections = Object.entries(records).flatMap(([name, { measured }]) =>
    measured === undefined ? [] : [section(name, measured)],
  )
  const head = ['Benchmark', 'What', 'Ringmain', 'Peer', 'Ratio']
  const goalHead = ['Benchmark', 'What', 'Must', 'Aim', 'Measured', 'Unit', 'Met']
  const goalsTold = ['## Goals', table(goalHead, reached), ...costs(records)]
  return `${[introduction, ...goalsTold, '## Figures', table(head, rows), ...sections].join('\n\n')}\n`
}

/** Of each goal that is not met, where the time goes. */
function costs(records: Records): string[] {
  const missed = goals.filter((goal) => goal.cost !== undefined && isMet(goal, measuredOf(goal, records)) === false)
  if (missed.length === 0) return []
  const items = missed.map(({ what, bench, cost }) => `- **${what}** (\`${bench}\`). ${cost}`)
  return ['### Where the time goes, of what is not met', items.join('\n')]
}

function measuredOf({ bench, figure }: Goal, records: Records): number | undefined {
  const figures = records[bench]?.measured?.figures
  return figures === undefined ? undefined : figureOf(figures, figure)
}

/** Undefined: not measured yet. */
function isMet({ must, atLeast = false }: Goal, measured: number | undefined): boolean | undefined {
  if (measured === undefined) return undefined
  return atLeast ? measured >= must : measured <= must
}

function goalRow(goal: Goal, measured: number | undefined) {
  const { bench, what, unit, must, aim, atLeast = false } = goal
  const bound = (value: number) => `${atLeast ? '≥' : '≤'} ${value}`
  const met = isMet(goal, measured)
  return [
    `\`${bench}\``,
    what,
    bound(must),
    aim === undefined ? nothing : bound(aim),
    measured === undefined ? nothing : String(Number(measured.toFixed(2))),
    unit,
    met === undefined ? 'not measured yet' : met ? 'yes' : 'no',
  ]
}

function figureOf({ value, ratio, details }: Figures, name: string): number | undefined {
  if (name === 'value') return value
  return name === 'ratio' ? ratio : details[name]
}

function summary(name: string, { what, measured, ratio }: Recorded): string[] {
  const { value, unit, peer } = measured?.figures ?? {}
  const ours = value === undefined ? 'not measured yet' : `${value.toFixed(3)} ${unit}`
  const theirs = peer === undefined ? nothing : `${peer.name}: ${peer.value.toFixed(3)}`
  return [`\`${name}\``, what, ours, theirs, ratio?.toFixed(2) ?? nothing]
}

function section(name: string, { runs, day, machine, figures }: Measured): string {
  const { processor, cores, memoryGB, kernel, node, peers } = machine
  const where = `${processor}, ${cores} cores, ${memoryGB} GB, Linux ${kernel}, Node.js ${node}${peers === '' ? '' : `, ${peers}`}`
  const details = Object.entries(figures.details).map(([label, value]) => [wordsOf(label), String(value)])
  return [
    `## ${name}`,
    `\`npm run bench -- ${name} --write\`, ${day}, ${runs === 1 ? 'one run' : `the median of ${runs} runs`}.`,
    where,
    table(['Seen', 'Figure'], details),
  ].join('\n\n')
}

/** \`offeredPerSecond\` → \`offered per second\`. */
const wordsOf = (label: string): string =>
  label.replace(/(?<=[a-z])[A-Z](?=[a-z])/g, (letter) => ` ${letter.toLowerCase()}`)

/** Columns as wide as their longest cell, as the formatter of the repository has them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
