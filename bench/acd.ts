/**
 * What a whole ACD call costs: SIPp calls 8090 of a running demo, an agent is free, they talk, the caller hangs up. CPU is
 * of the whole process (two data centres' proxies, Resource Managers, nodes, routers, reporting, web services; Node.js's
 * own helper threads too) less the threads of media and of the database.
 */
import { join } from 'node:path'
import { Sipp, type SippResult } from '../test/peers/sipp.ts'
import { BenchAgents } from '../test/rig/bench-agents.ts'
import { Demo, proxies } from '../test/rig/demo.ts'
import { samples } from '../test/rig/figures.ts'
import { Heap, heapArgs } from '../test/rig/heap.ts'
import type { Bench, Figures } from './bench.ts'
import { peakMB, threadsCpuMs } from './cpu.ts'

const ports = { agents: 12_400, callers: 12_420 }
/** Of a busy node: at a few calls a second most of the figure is what any idle process costs. */
const load = { agents: 500, warmUp: 4_000, calls: 4_000, rate: 200, talk: 1_000 }
/** More callers than agents, so that somebody always waits. */
const crowd = { calls: 1_500, rate: 200, talk: 4_000 }
/** Calls that last, for the memory of one; each needs an agent. */
const lasting = { calls: 400, rate: 50, talk: 120_000 }
/** Until they have begun and the transactions of that, 32 s over UDP, are over. */
const setUp = 45_000
/** What is not signalling. */
const leftOut = new Set(['rtp-worker.js', 'embedded-worker.js'])
const tellThreads = ['--import', join(import.meta.dirname, 'processes/tell-threads.js')]

export const acd: Bench = {
  name: 'acd',
  what: 'CPU of a whole ACD call, an agent free',
  async run({ nodeArgs }): Promise<Figures> {
    const before = Date.now()
    const demo = await Demo.start({ nodeArgs: [...nodeArgs, ...heapArgs, ...tellThreads] })
    const secondsToReady = (Date.now() - before) / 1000
    try {
      await demo.ringmain(['config', 'apply', 'examples/bench-2000.yaml'])
      const agents = await BenchAgents.start(demo, { first: 2001, count: load.agents, port: ports.agents })
      try {
        return await measured(demo, secondsToReady)
      } finally {
        await agents.stop()
      }
    } finally {
      await demo.stop()
    }
  },
}

async function measured(demo: Demo, secondsToReady: number): Promise<Figures> {
  await callers({ ...load, calls: load.warmUp })
  const cpuBefore = signallingMs(demo)
  const result = await callers(load)
  const cpu = signallingMs(demo) - cpuBefore
  const idleBefore = await idleWhileWaiting()
  const crowded = await callers(crowd)
  const idle = since(await idleWhileWaiting(), idleBefore)
  const kilobytes = await perActiveCall(demo)
  return {
    value: cpu / load.calls,
    unit: 'CPU ms per call',
    details: {
      calls: result.successful,
      failed: result.failed + crowded.failed,
      retransmissions: result.retransmissions + crowded.retransmissions,
      offeredPerSecond: load.rate,
      agentIdleP99UpToSeconds: quantile(idle, 0.99),
      kilobytesPerActiveCall: Number(kilobytes.toFixed(1)),
      secondsToReady: Number(secondsToReady.toFixed(1)),
      peakMB: peakMB(demo.process.child.pid ?? 0),
    },
    ...(result.failed + crowded.failed > 0 && { invalid: 'calls failed' }),
  }
}

type Load = { readonly calls: number; readonly rate: number; readonly talk: number }

const caller = ({ calls, rate, talk }: Load) => ({
  scenario: 'acd-caller',
  remote: proxies.dc1[0],
  port: ports.callers,
  calls,
  rate,
  limit: 5_000,
  keys: { number: '8090' },
  timeout: 180,
  // They answer OPTIONS, by which the node asks whether a leg is still there.
  args: ['-aa', '-d', String(talk)],
})
const callers = (load: Load): Promise<SippResult> => Sipp.run(caller(load))

/** CPU of all threads so far, but for those left out. */
function signallingMs({ process }: Demo): number {
  const others = new Set<number>()
  for (const [, id, file = ''] of process.output.matchAll(/^thread (\d+) (\S+)$/gm))
    if (leftOut.has(file)) others.add(Number(id))
  if (others.size === 0) throw new Error('the threads of media and database are not known')
  let sum = 0
  for (const [id, ms] of threadsCpuMs(process.child.pid ?? 0)) if (!others.has(id)) sum += ms
  return sum
}

/** Heap and buffers of calls in talk, when the transactions that began them are over. */
async function perActiveCall(demo: Demo): Promise<number> {
  const heap = new Heap(demo)
  const without = await heap.atRest()
  const sipp = new Sipp(caller(lasting))
  await new Promise((resolve) => setTimeout(resolve, setUp))
  const during = await heap.megabytes()
  const active = (await samples('calls_active')).reduce((sum, { value }) => sum + value, 0)
  await sipp.stop()
  return (1024 * (during.heap + during.external - without.heap - without.external)) / active
}

/** Observations up to each bound, over all routers. */
type Buckets = ReadonlyMap<number, number>

async function idleWhileWaiting(): Promise<Buckets> {
  const buckets = new Map<number, number>()
  for (const { labels, value } of await samples('agent_idle_while_waiting_seconds_bucket')) {
    const bound = Number(/le="([^"]+)"/.exec(labels)?.[1]?.replace('+Inf', 'Infinity'))
    buckets.set(bound, (buckets.get(bound) ?? 0) + value)
  }
  return buckets
}

const since = (after: Buckets, before: Buckets): Buckets =>
  new Map([...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)]))

/** The bound of the bucket it lies in. */
function quantile(buckets: Buckets, share: number): number {
  const total = Math.max(...buckets.values())
  return Math.min(...[...buckets].filter(([, count]) => count >= share * total).map(([bound]) => bound))
}
