/**
 * What an attack does to the calls of others: fifty good calls a second from 127.0.0.1 without it, then as many beside
 * ten times as many REGISTERs, INVITEs, mutants and garbage, each, and connections that dawdle, from 127.0.0.2 to
 * 127.0.0.9. No good call may be lost, and its answer may take twice as long at most.
 */
import { Attack } from '../test/rig/attack.ts'
import { BenchAgents } from '../test/rig/bench-agents.ts'
import { Demo, proxies } from '../test/rig/demo.ts'
import { goodCalls, goodRate, p99 } from '../test/rig/good-calls.ts'
import type { Bench, Figures } from './bench.ts'

const ports = { agents: 12_620, callers: 12_640 }
const load = { warmUp: 500, calls: 1_000 }
const most = 2

export const attack: Bench = {
  name: 'attack',
  what: 'How much longer 99 of 100 good calls wait for their answer beside an attack',
  async run({ nodeArgs }): Promise<Figures> {
    const demo = await Demo.start({ nodeArgs, apply: ['examples/bench.yaml'] })
    try {
      const agents = await BenchAgents.start(demo, { first: 2001, count: 2 * goodRate, port: ports.agents })
      try {
        return await measured()
      } finally {
        await agents.stop()
      }
    } finally {
      await demo.stop()
    }
  },
}

async function measured(): Promise<Figures> {
  await goodCalls(load.warmUp, ports.callers)
  const without = await goodCalls(load.calls, ports.callers)
  const attackers = await Attack.start({ server: proxies.dc1[0], rate: 10 * goodRate, connections: 200 })
  const beside = await goodCalls(load.calls, ports.callers).finally(() => attackers.stop())
  const lost = beside.failed + without.failed
  const value = p99(beside) / p99(without)
  return {
    value,
    unit: 'times as long',
    details: {
      calls: beside.successful,
      lost,
      p99MillisecondsWithout: p99(without),
      p99MillisecondsBeside: p99(beside),
      datagramsOfTheAttack: attackers.sent,
      answersToIt: attackers.heard,
    },
    ...(value > most && { invalid: `answers took ${value.toFixed(1)} times as long, more than ${most}` }),
    ...(lost > 0 && { invalid: 'good calls were lost' }),
  }
}
