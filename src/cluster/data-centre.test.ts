import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Log, silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { DataCentreWorld } from '#simulation/data-centre-world.ts'
import { Caller } from '#simulation/people/caller.ts'
import { openEndpoint } from './demo/traffic/endpoint.ts'

const scxml = readFileSync(new URL('../../../examples/strategies/queue.scxml', import.meta.url), 'utf8')
const objects = {
  skills: [{ name: 'human' }],
  strategies: [
    { name: 'queue', scxml },
    {
      name: 'nothing',
      scxml: '<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0"><final id="end"/></scxml>',
    },
  ],
  routingPoints: [
    { number: '8000', name: 'Human', strategy: 'queue', parameters: { music: 'music', skills: 'human >= 1' } },
    { number: '8001', name: 'Nobody', strategy: 'nothing' },
  ],
  trunks: [{ name: 'carrier', sources: ['10.9.0.0/16'] }],
}

/** A caller of the trunk who has been answered and stays. */
async function heldOn(centre: DataCentreWorld, number: string): Promise<void> {
  const host = '10.9.0.1'
  const { world } = centre
  const runtime = world.host(host)
  const ports = { runtime, log: silentLog, metrics: noMetrics }
  const { userAgent } = await world.complete(openEndpoint(ports, host, 'carrier'))
  const [proxy] = centre.proxies
  const caller = new Caller({
    ...{ clock: runtime.clock, userAgent, host, number, from: '+442079460001' },
    ...{ proxy: `${proxy?.host}:${proxy?.port}`, patience: undefined, talk: undefined, ended() {} },
  })
  caller.start()
  await world.runUntil(() => caller.isAnswered)
}

/** A log, and what it was warned of. */
function warnings() {
  const told: string[] = []
  const log: Log = { ...silentLog, warn: (_fields, text = '') => void told.push(text), with: () => log }
  return { log, told }
}

describe('a data centre', () => {
  it.each([
    ['8000', 'names its music', ['no music']],
    ['8001', 'names none', []],
  ])('without the prompt, warns of missing music where the routing point %s: %s', async (number, _how, expected) => {
    const { log, told } = warnings()
    const centre = await DataCentreWorld.start({ seed: 5, objects, prompts: { greeting: 1 }, log })

    await heldOn(centre, number)
    await centre.world.run(1000)

    expect(told).toEqual(expected)
    await centre.stop()
  })

  it('has the records of the calls that its end has ended when it is stopped', async () => {
    const centre = await DataCentreWorld.start({ seed: 5, objects, prompts: { music: 2 } })
    await heldOn(centre, '8000')

    await centre.stop()

    const { items } = await centre.world.complete(centre.store.list({ limit: 10 }))
    expect(items).toMatchObject([{ ani: '+442079460001', ending: { by: 'cluster', cause: 'shutdown' } }])
  })
})
