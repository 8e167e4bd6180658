/** docs/interop.md, made of what tests have proved: its last table keeps the proofs, the tables before it follow from them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Feature, features, gaps, type Peer, peers } from './matrix.ts'

export const documentPath = 'docs/interop.md'

type Cell = { readonly peer: Peer; readonly feature: Feature }
/** `file`: of the test, `test/interop/….test.ts`; `version`: of the peer that it ran with. */
export type Claimed = Cell & { readonly file: string }
export type Proof = Claimed & { readonly version: string; readonly test: string }

const introduction = `# Interop: phones and servers that work with Ringmain

Made by the test run, \`npm test\`, from what passed; do not edit. A cell says _works_ where a test named below has passed with
the real program, in the version named with it; _partly_ where one has, and something is missing yet; _not available yet_
where Ringmain lacks it; – where the program does; _not shown yet_ where no test tries. The reasons stand below the table.

A test fills a cell by what it declares: \`it('…', proves('baresip', 'hold'), async () => …)\`, with \`proves\`, the peers and
the reasons from \`test/rig/interop/matrix.ts\`. \`npm run interop -- dist/test/interop/phone\` runs those files and rewrites
their rows alone; a row whose test fails goes. \`npm run check\` fails where this page and the declarations differ.`

export const keyOf = ({ peer, feature, file }: Claimed): string => `${peer} ${feature} ${file}`

export function documentOf(proofs: readonly Proof[]): string {
  const sorted = cells.flatMap((cell) => proofs.filter(isOf(cell)))
  return `${[
    introduction,
    table(
      ['Peer', 'What it is', ...features],
      peerNames.map((peer) => matrixRow(peer, sorted)),
    ),
    '## What is missing',
    table(
      ['Peer', 'What', 'How far', 'Why'],
      cells.flatMap((cell) => gapRow(cell, sorted)),
    ),
    proofsTitle,
    table(['Peer', 'What', 'Test'], proofRows(sorted)),
  ].join('\n\n')}\n`
}

const proofsTitle = '## What proves it'

/** The proofs that a page tells of. */
export function proofsIn(text: string): Proof[] {
  const rows = text.slice(text.indexOf(proofsTitle)).split('\n')
  return rows.flatMap((row) => {
    const [, peer, version = '', what = '', file = '', test = ''] =
      /^\| (\S+) (.+?) +\| (\S.*?) +\| `([^`]+)`: (.+?) +\|$/.exec(row) ?? []
    if (!isPeer(peer)) return []
    return what
      .split(', ')
      .filter(isFeature)
      .map((feature) => ({ peer, version, feature, file, test }))
  })
}

/** `leftOut`: tests of its files that a filter passed over, as `testOf` names them. */
export type Run = {
  readonly files: ReadonlySet<string>
  readonly leftOut: ReadonlySet<string>
  readonly proofs: readonly Proof[]
}

export const testOf = ({ file, test }: Pick<Proof, 'file' | 'test'>): string => `${file} ${test}`

/** The proofs after a run: its own, and the earlier ones of whatever did not run. */
export function after(run: Run, earlier: readonly Proof[]): Proof[] {
  const stays = (proof: Proof) => !run.files.has(proof.file) || run.leftOut.has(testOf(proof))
  return [...earlier.filter(stays), ...run.proofs]
}

/** What the tests under a folder declare in their source by `proves('peer', 'feature', …)`. */
export function declaredIn(folder: string): Claimed[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\/.+\.test\.ts$/.test(name),
  )
  return files.flatMap((name) => {
    const file = join(folder, name)
    const calls = readFileSync(file, 'utf8').matchAll(/\bproves\(([^)]*)\)/g)
    return [...calls].flatMap(([, list = '']) => {
      const [peer, ...named] = [...list.matchAll(/'([^']+)'/g)].map(([, word]) => word)
      return isPeer(peer) ? named.filter(isFeature).map((feature) => ({ peer, feature, file })) : []
    })
  })
}

const peerNames = Object.keys(peers) as Peer[]
const cells = peerNames.flatMap((peer) => features.map((feature): Cell => ({ peer, feature })))
const isPeer = (word: string | undefined): word is Peer => word !== undefined && Object.hasOwn(peers, word)
const isFeature = (word: string | undefined): word is Feature => features.some((feature) => feature === word)

const isOf = (cell: Cell) => (other: Cell) => other.peer === cell.peer && other.feature === cell.feature
const gapOf = ({ peer, feature }: Cell) => gaps[peer][feature]

function stateOf(cell: Cell, proofs: readonly Proof[]): string {
  const gap = gapOf(cell)
  if (!proofs.some(isOf(cell))) return gap?.status ?? 'not shown yet'
  return gap === undefined ? 'works' : 'partly'
}

function matrixRow(peer: Peer, proofs: readonly Proof[]): string[] {
  const versions = [...new Set(proofs.filter((proof) => proof.peer === peer).map(({ version }) => version))]
  const states = features.map((feature) => stateOf({ peer, feature }, proofs))
  return [[peer, versions.join(', ')].join(' ').trim(), peers[peer], ...states]
}

function gapRow(cell: Cell, proofs: readonly Proof[]): string[][] {
  const gap = gapOf(cell)
  return gap === undefined ? [] : [[cell.peer, cell.feature, stateOf(cell, proofs), gap.reason]]
}

/** A row a test. */
function proofRows(proofs: readonly Proof[]): string[][] {
  const tests = new Map<string, Proof[]>()
  for (const proof of proofs) {
    const { peer, version, file, test } = proof
    const key = [peerNames.indexOf(peer), version, file, test].join(' ')
    tests.set(key, [...(tests.get(key) ?? []), proof])
  }
  return [...tests].sort(([one], [other]) => (one < other ? -1 : 1)).flatMap(([, shown]) => proofRow(shown))
}

function proofRow(shown: readonly Proof[]): string[][] {
  const [first] = shown
  if (first === undefined) return []
  const { peer, version, file, test } = first
  return [[`${peer} ${version}`, shown.map(({ feature }) => feature).join(', '), `\`${file}\`: ${test}`]]
}

/** Columns as wide as their longest cell, as the formatter of the repository has them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
