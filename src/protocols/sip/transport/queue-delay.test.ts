import { describe, expect, it } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { World } from '#simulation/world.ts'
import { SipTransport } from './sip-transport.ts'

async function setUp() {
  const world = new World()
  const transport = new SipTransport({ runtime: world.host('proxy'), log: silentLog, metrics: noMetrics })
  await world.complete(transport.listenUdp({ host: '10.0.0.1', port: 5060 }))
  const messages: number[] = []
  transport.receive(() => messages.push(1))
  return { world, transport, messages }
}

describe('how long datagrams wait to be read', () => {
  it('is what one of its own takes, which nobody else is told of', async () => {
    const { world, transport, messages } = await setUp()

    transport.queueDelay.probe()
    await world.run(100)

    expect(transport.queueDelay.ms).toBeGreaterThan(0)
    expect(transport.queueDelay.ms).toBeLessThan(10)
    expect(messages).toEqual([])
  })

  it('grows while one is not read, and is forgotten with the next that is', async () => {
    const { world, transport } = await setUp()

    world.pause('proxy', 700)
    transport.queueDelay.probe()
    await world.run(650)
    const waiting = transport.queueDelay.ms
    await world.run(100)
    const late = transport.queueDelay.ms
    transport.queueDelay.probe()
    await world.run(100)

    expect(waiting).toBeGreaterThan(600)
    expect(late).toBeGreaterThan(690)
    expect(transport.queueDelay.ms).toBeLessThan(10)
  })

  it('is a second for one that was dropped, and another is sent', async () => {
    const { world, transport } = await setUp()
    world.links.set('proxy', 'proxy', { loss: 1 })
    transport.queueDelay.probe()
    await world.run(1100)

    transport.queueDelay.probe()
    const lost = transport.queueDelay.ms
    await world.run(1100)
    world.links.set('proxy', 'proxy', { loss: 0 })
    transport.queueDelay.probe()
    await world.run(100)

    expect(lost).toBe(1000)
    expect(transport.queueDelay.ms).toBeLessThan(10)
  })

  it('takes what looks like one and is none for what it is', async () => {
    const { world, transport } = await setUp()
    const stranger = await world.complete(world.host('stranger').net.udp({ host: '10.0.0.2', port: 5060 }, () => {}))
    const forged = Buffer.alloc(16)

    transport.queueDelay.probe()
    stranger.send(forged, { host: '10.0.0.1', port: 5060 })
    await world.run(100)

    expect(transport.queueDelay.arrived(forged)).toBe(false)
  })
})
