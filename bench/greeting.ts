/** What a whole ACD call costs that hears a greeting and then music until an agent answers: 8091 of a running demo. */
import { AcdWorld, type Load } from './acd-world.ts'
import type { Bench, Figures } from './bench.ts'

const port = 12_520
const agents = 700
const number = '8091'
const busy = 200
const warmUp: Load = { calls: 3_000, rate: 200, talk: 1_000, number }

export const greeting: Bench = {
  name: 'greeting',
  what: 'CPU of a whole ACD call with greeting and music',
  run: ({ nodeArgs, rate = busy }) => AcdWorld.run({ port, agents, nodeArgs }, (world) => measured(world, rate)),
}

async function measured(world: AcdWorld, rate: number): Promise<Figures> {
  await world.call(warmUp)
  const { cpuPerCall, successful, failed, retransmissions } = await world.costOf({
    calls: 15 * rate,
    rate,
    talk: 1_000,
    number,
  })
  return {
    value: cpuPerCall,
    unit: 'CPU ms per call',
    details: { offeredPerSecond: rate, calls: successful, failed, retransmissions },
    ...(failed > 0 && { invalid: 'calls failed' }),
  }
}
