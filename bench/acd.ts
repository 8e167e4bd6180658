/**
 * What a whole ACD call costs: SIPp calls 8090 of a running demo, an agent is free, they talk, the caller hangs up. Nothing
 * plays, and media is `direct`: a media server says silence until one re-INVITE joins the two.
 */
import { samples } from '../test/rig/figures.ts'
import { AcdWorld, type Load } from './acd-world.ts'
import type { Bench, Figures } from './bench.ts'
import { peakMB } from './cpu.ts'

const port = 12_500
const agents = 700
const warmUp: Load = { calls: 4_000, rate: 300, talk: 1_000 }
/** Of a busy node. At a few calls a second most of the figure is what any idle process costs. */
const busy = 400
const moderate: Load = { calls: 2_400, rate: 200, talk: 1_000 }
/** More callers than agents, so that somebody always waits. */
const crowd: Load = { calls: 2_000, rate: 250, talk: 5_000 }

export const acd: Bench = {
  name: 'acd',
  what: 'CPU of a whole ACD call, an agent free, nothing played',
  run: ({ nodeArgs, rate = busy }) => AcdWorld.run({ port, agents, nodeArgs }, (world) => measured(world, rate)),
}

async function measured(world: AcdWorld, rate: number): Promise<Figures> {
  await world.call(warmUp)
  const slower = await world.costOf(moderate)
  const result = await world.costOf({ calls: 12 * rate, rate, talk: 1_000 })
  const idleBefore = await idleWhileWaiting()
  const crowded = await world.call(crowd)
  const idle = since(await idleWhileWaiting(), idleBefore)
  const failed = slower.failed + result.failed + crowded.failed
  return {
    value: result.cpuPerCall,
    unit: 'CPU ms per call',
    details: {
      offeredPerSecond: rate,
      calls: result.successful,
      failed,
      retransmissions: slower.retransmissions + result.retransmissions + crowded.retransmissions,
      cpuMsAt200PerSecond: Number(slower.cpuPerCall.toFixed(3)),
      agentIdleP99UpToMs: quantile(idle, 0.99) * 1000,
      secondsToReady: Number(world.secondsToReady.toFixed(1)),
      peakMB: peakMB(world.demo.process.child.pid ?? 0),
    },
    ...(failed > 0 && { invalid: 'calls failed' }),
  }
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
