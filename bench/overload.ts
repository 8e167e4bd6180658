/**
 * What is lost of the clean rate when twice as many calls come: SIPp calls 8090 of a running demo, an agent is free for
 * each call that can be done, they talk a second, the caller hangs up. Afterwards every agent must be ready again.
 */
import { Sipp, type SippResult } from '../test/peers/sipp.ts'
import { AcdWorld } from './acd-world.ts'
import type { Bench, Figures } from './bench.ts'

const port = 12_560
const agents = 900
/** The clean rate of two cores of which SIPp needs half of one. */
const cleanRate = 400
const load = { seconds: 12, talk: 1_000 }
/** ms in which calls that were let in come to their end. */
const settle = 10_000

export const overload: Bench = {
  name: 'overload',
  what: 'What twice the clean rate costs of it',
  run: ({ nodeArgs, rate = cleanRate }) => AcdWorld.run({ port, agents, nodeArgs }, (world) => measured(world, rate)),
}

async function measured(world: AcdWorld, rate: number): Promise<Figures> {
  await callers(world, rate)
  const clean = await callers(world, rate)
  const twice = await callers(world, 2 * rate)
  const stuck = await world.stuck(settle)
  const again = await callers(world, rate)
  const goodput = twice.successful / (rate * load.seconds)
  return {
    value: Math.max(0, 1 - goodput),
    unit: 'of the clean rate lost',
    details: {
      cleanPerSecond: rate,
      offeredPerSecond: 2 * rate,
      goodputPerSecond: Number((twice.successful / load.seconds).toFixed(1)),
      goodputPercent: Number((100 * goodput).toFixed(1)),
      failedAtCleanRate: clean.failed,
      failedAfterwards: again.failed,
      retransmissions: twice.retransmissions,
    },
    ...(clean.failed > 0 && { invalid: 'calls failed at the clean rate: this machine is too slow or busy for it' }),
    ...(stuck !== '' && { invalid: stuck }),
  }
}

/** For so long as the load says. What comes while they talk, an ACK that was sent twice for one, ends no call. */
function callers(world: AcdWorld, rate: number): Promise<SippResult> {
  const options = world.caller({ calls: rate * load.seconds, rate, talk: load.talk })
  return Sipp.run({ ...options, timeout: 120, args: ['-d', String(load.talk), '-pause_msg_ign'] })
}
