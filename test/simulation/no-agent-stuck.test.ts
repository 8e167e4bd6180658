/**
 * Ten thousand calls through whole data centres under virtual time, with agents and callers who do whatever they like:
 * two shifts side by side, each from its own seed. `SEED` and `CALLS` in the environment run others.
 */
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import type { ShiftOrder, ShiftReport } from './shift-worker.ts'

const first = Number(process.env.SEED ?? 20260101)
const calls = Number(process.env.CALLS ?? 10_000)
const seeds = [first, first + 1]
const strategy = readFileSync(new URL('../../../examples/strategies/queue.scxml', import.meta.url), 'utf8')

const nothing = { stuck: [], violations: [], left: {}, interactions: [] }

function shift(seed: number): Promise<ShiftReport> {
  const order: ShiftOrder = { seed, agents: 20, callEvery: 250, calls: calls / seeds.length, strategy }
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./shift-worker.js', import.meta.url), { workerData: order })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

it(`no agent is stuck after ${calls} calls with random hang-ups, rejects and vanishing phones, seeds ${seeds}`, async () => {
  const reports = await Promise.all(seeds.map(shift))

  for (const { summary } of reports) console.log(JSON.stringify(summary))
  expect(reports.map(({ found }, index) => ({ seed: seeds[index], ...found }))).toEqual(
    seeds.map((seed) => ({ seed, ...nothing })),
  )
}, 600_000)
