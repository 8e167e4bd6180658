/**
 * What is lost of the clean rate when twice as many calls come: SIPp calls 8090 of a running demo, an agent is free for
 * each call that can be done, they talk a second, the caller hangs up. Afterwards every agent must be ready again.
 */
import { Sipp, type SippResult } from '../test/peers/sipp.ts'
import { BenchAgents } from '../test/rig/bench-agents.ts'
import { Demo, proxies } from '../test/rig/demo.ts'
import type { Bench, Figures } from './bench.ts'

const ports = { agents: 12_400, callers: 12_420 }
/** The clean rate of two cores of which SIPp needs half of one. */
const load = { agents: 700, rate: 400, seconds: 15, talk: 1_000 }
/** ms in which calls that were let in come to their end. */
const settle = 10_000

export const overload: Bench = {
  name: 'overload',
  what: 'What twice the clean rate costs of it',
  async run({ nodeArgs }): Promise<Figures> {
    const demo = await Demo.start({ nodeArgs })
    try {
      await demo.ringmain(['config', 'apply', 'examples/bench-2000.yaml'])
      const agents = await BenchAgents.start(demo, { first: 2001, count: load.agents, port: ports.agents })
      try {
        return await measured(demo, agents)
      } finally {
        await agents.stop()
      }
    } finally {
      await demo.stop()
    }
  },
}

async function measured(demo: Demo, agents: BenchAgents): Promise<Figures> {
  await callers(load.rate)
  const clean = await callers(load.rate)
  const twice = await callers(2 * load.rate)
  const stuck = await agents.allReady(await demo.signIn(), settle).then(
    () => '',
    (error: Error) => error.message,
  )
  const again = await callers(load.rate)
  return {
    value: Math.max(0, 1 - twice.successful / (load.rate * load.seconds)),
    unit: 'of the clean rate lost',
    details: {
      cleanPerSecond: load.rate,
      offeredPerSecond: 2 * load.rate,
      goodputPerSecond: Number((twice.successful / load.seconds).toFixed(1)),
      failedAtCleanRate: clean.failed,
      failedAfterwards: again.failed,
      retransmissions: twice.retransmissions,
    },
    ...(clean.failed > 0 && { invalid: 'calls failed at the clean rate: this machine is too slow or busy for it' }),
    ...(stuck !== '' && { invalid: stuck }),
  }
}

/** For so long as the load says. What comes while they talk, an ACK that was sent twice for one, ends no call. */
const callers = (rate: number): Promise<SippResult> =>
  Sipp.run({
    scenario: 'acd-caller',
    remote: proxies.dc1[0],
    port: ports.callers,
    calls: rate * load.seconds,
    rate,
    limit: 10_000,
    keys: { number: '8090' },
    timeout: 120,
    args: ['-d', String(load.talk), '-pause_msg_ign'],
  })
