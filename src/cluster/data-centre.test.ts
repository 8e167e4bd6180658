import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { DataCentreWorld } from '#simulation/data-centre-world.ts'
import { Caller } from '#simulation/people/caller.ts'
import { openEndpoint } from './demo/traffic/endpoint.ts'

const scxml = readFileSync(new URL('../../../examples/strategies/queue.scxml', import.meta.url), 'utf8')
const objects = {
  skills: [{ name: 'human' }],
  strategies: [{ name: 'queue', scxml }],
  routingPoints: [
    { number: '8000', name: 'Human', strategy: 'queue', parameters: { music: 'music', skills: 'human >= 1' } },
  ],
  trunks: [{ name: 'carrier', sources: ['10.9.0.0/16'] }],
}

describe('a data centre', () => {
  it('has the records of the calls that its end has ended when it is stopped', async () => {
    const centre = await DataCentreWorld.start({ seed: 5, objects, prompts: { music: 2 } })
    const host = '10.9.0.1'
    const { world } = centre
    const runtime = world.host(host)
    const ports = { runtime, log: silentLog, metrics: noMetrics }
    const { userAgent } = await world.complete(openEndpoint(ports, host, 'carrier'))
    const [proxy] = centre.proxies
    const caller = new Caller({
      ...{ clock: runtime.clock, userAgent, host, number: '8000', from: '+442079460001' },
      ...{ proxy: `${proxy?.host}:${proxy?.port}`, patience: undefined, talk: undefined, ended() {} },
    })
    caller.start()
    await world.runUntil(() => caller.isAnswered)

    await centre.stop()

    const { items } = await world.complete(centre.store.list({ limit: 10 }))
    expect(items).toMatchObject([{ ani: '+442079460001', ending: { by: 'cluster', cause: 'shutdown' } }])
  })
})
