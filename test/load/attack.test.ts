// Good calls beside an attack from 127.0.0.2 to 127.0.0.9: not one of them is lost.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Sipp } from '../peers/sipp.ts'
import { until } from '../rig/api.ts'
import { Attack } from '../rig/attack.ts'
import { BenchAgents } from '../rig/bench-agents.ts'
import { Demo, proxies } from '../rig/demo.ts'
import { samples } from '../rig/figures.ts'

const server = proxies.dc1[0]

describe('50 calls/s for 20 s beside ten times as many REGISTERs, INVITEs, mutants and garbage', () => {
  const calls = 1_000
  let demo: Demo
  let agents: BenchAgents
  let attack: Attack

  beforeAll(async () => {
    demo = await Demo.start({ apply: ['examples/bench.yaml'] })
    agents = await BenchAgents.start(demo, { first: 2001, count: 100, port: 12_400 })
  })
  afterAll(async () => {
    attack?.stop()
    await agents?.stop()
    await demo?.stop()
  })

  const sum = async (name: string, label = '') =>
    (await samples(name)).filter(({ labels }) => labels.includes(label)).reduce((total, { value }) => total + value, 0)

  const call = (calls: number, rate: number) =>
    Sipp.run({
      scenario: 'acd-caller',
      remote: server,
      port: 12_420,
      calls,
      rate,
      timeout: 120,
      keys: { number: '8090' },
      // An ACK that comes twice, since one of SIPp's own answers was late, is not the end of its call.
      args: ['-d', '1000', '-default_behaviors', 'all,-abortunexp'],
    })

  it('answers every call, bans the attackers, and keeps nothing of it all', { timeout: 300_000 }, async () => {
    // Until code is compiled; on a busy machine some of these are refused.
    await call(400, 20)
    attack = await Attack.start({ server, rate: 500, connections: 200 })

    const result = await call(calls, 50)
    attack.stop()

    expect(result, result.output).toMatchObject({ code: 0, successful: calls, failed: 0 })
    expect(await sum('sip_proxy_bans_total')).toBeGreaterThanOrEqual(8)
    expect(await sum('sip_proxy_banned')).toBe(8)
    expect(await sum('sip_proxy_ignored_total')).toBeGreaterThan(attack.sent / 2)
    // 64·T1 and some. Our own questions to the trunk's server, which is not there, go on.
    const answered = async () => ((await sum('sip_transactions', 'side="server"')) === 0 ? true : undefined)
    await until(answered, 60_000, 'no transaction of somebody else open')
    await agents.allReady(await demo.signIn())
  })
})
