/**
 * An hour (`--minutes N`) at half the clean rate (`--rate N`): the heap, transactions and calls must be afterwards what they
 * were when it had run a little, no agent may be stuck, and no collection may hold up calls.
 */
import { openTransactions, samples } from '../test/rig/figures.ts'
import { Heap } from '../test/rig/heap.ts'
import { AcdWorld } from './acd-world.ts'
import type { Bench, BenchOptions, Figures } from './bench.ts'

const port = 12_600
const agents = 700
/** Half the clean rate of two cores of which SIPp needs half of one. */
const halfTheCleanRate = 200
const talk = 1_000
/** ms in which the last calls come to their end. */
const settle = 10_000
/** Minutes after which the phones register anew, well before they would drop out. */
const registerEvery = 20
/** MB that the heap may be larger at the end: what has a bound fills for some minutes. */
const growth = 10

export const soak: Bench = {
  name: 'soak',
  what: 'Pauses of garbage collection (p99) in an hour at half the clean rate',
  own: true,
  run: (options) => AcdWorld.run({ port, agents, nodeArgs: options.nodeArgs }, (world) => measured(world, options)),
}

async function measured(world: AcdWorld, options: BenchOptions): Promise<Figures> {
  const { minutes = 60, rate = halfTheCleanRate, say } = options
  const heap = new Heap(world.demo)
  const ofMinute = { calls: 60 * rate, rate, talk }
  await world.call(ofMinute)
  const before = (await heap.atRest()).heap
  let failed = 0
  let retransmissions = 0
  for (let minute = 1; minute <= minutes; minute++) {
    if (minute % registerEvery === 0) for (const agents of world.agents) await agents.register()
    const result = await world.call(ofMinute)
    failed += result.failed
    retransmissions += result.retransmissions
    const { p99, longest } = pauses(world)
    say(`minute ${minute} of ${minutes}: ${failed} calls failed, pauses p99 ${p99} ms, longest ${longest} ms`)
  }
  const stuck = await world.stuck(settle)
  const grown = (await heap.atRest()).heap - before
  const callsLeft = (await samples('calls_active')).reduce((sum, { value }) => sum + value, 0)
  const { p99, longest } = pauses(world)
  const faults = [
    ...(failed > 0 ? [`${failed} calls failed`] : []),
    ...(stuck === '' ? [] : [stuck]),
    ...(grown > growth ? [`the heap grew by ${grown.toFixed(1)} MB`] : []),
    ...(callsLeft > 0 ? [`${callsLeft} calls are left`] : []),
  ]
  return {
    value: p99,
    unit: 'ms',
    details: {
      minutes,
      offeredPerSecond: rate,
      calls: minutes * ofMinute.calls,
      failed,
      retransmissions,
      stuckAgents: stuck === '' ? 0 : 1,
      heapGrownMB: Number(grown.toFixed(1)),
      callsLeft,
      transactionsLeft: await openTransactions(),
      longestPauseMs: longest,
    },
    ...(faults.length > 0 && { invalid: faults.join('; ') }),
  }
}

/** Of the collections since the start. */
function pauses({ demo }: AcdWorld): { p99: number; longest: number } {
  const [, p99, longest] = [...demo.process.output.matchAll(/^gc \d+ (\S+) (\S+)$/gm)].at(-1) ?? []
  return { p99: Number(p99 ?? Number.NaN), longest: Number(longest ?? Number.NaN) }
}
