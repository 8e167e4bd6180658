/** Whether an ACD call costs more where there are more agents: the same calls with 20 agents, then with 2,000. */
import { AcdWorld, type Load } from './acd-world.ts'
import type { Bench, Figures } from './bench.ts'

const port = 12_540
const few = 20
const many = 2_000
/** What 20 agents can just take. */
const load: Load = { calls: 1_000, rate: 60, talk: 100 }
const warmUp: Load = { calls: 1_200, rate: 60, talk: 100 }
/** Until two thousand log-ins are told, recorded and collected. */
const settle = 5_000

export const agents: Bench = {
  name: 'agents',
  what: `CPU of an ACD call with ${many} agents, next to that with ${few}`,
  run: ({ nodeArgs }) => AcdWorld.run({ port, agents: few, nodeArgs }, measured),
}

async function measured(world: AcdWorld): Promise<Figures> {
  await world.call(warmUp)
  const before = await world.costOf(load)
  await world.join(many - few)
  await new Promise((resolve) => setTimeout(resolve, settle))
  const after = await world.costOf(load)
  const failed = before.failed + after.failed
  return {
    value: after.cpuPerCall,
    unit: 'CPU ms per call',
    peer: { name: `${few} agents`, value: before.cpuPerCall },
    ratio: after.cpuPerCall / before.cpuPerCall,
    details: {
      offeredPerSecond: load.rate,
      failed,
      retransmissions: before.retransmissions + after.retransmissions,
    },
    ...(failed > 0 && { invalid: 'calls failed' }),
  }
}
