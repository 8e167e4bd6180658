import { describe, expect, it } from 'vitest'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { NodeWorld } from '#simulation/node-world.ts'

async function setUp() {
  const cluster = new NodeWorld()
  await cluster.proxy('proxy1', '10.0.0.1')
  const node = await cluster.node('node1', '10.0.0.11')
  return { cluster, world: cluster.world, node }
}

describe('SIP Server node', () => {
  it('is down until a proxy is linked, then announces itself and is ready', async () => {
    const cluster = new NodeWorld()
    const node = await cluster.node('node1', '10.0.0.11')
    const before = node.running.health()
    await cluster.proxy('proxy1', '10.0.0.1')
    await cluster.world.run(3000)

    expect(before).toEqual({ status: 'down', reasons: ['linked to no SIP proxy'] })
    expect(node.running.health()).toEqual({ status: 'ok', reasons: [] })
    expect(await node.member.get('sip-server/dc1/node1.dc1')).toMatchObject({
      value: expect.stringContaining('"node":1'),
    })
  })

  it('takes a DN into service by REGISTER with the right password, and tells it', async () => {
    const { cluster, node } = await setUp()
    const desktop = cluster.client('desktop', node, 'tController')
    await desktop.connected()
    await desktop.register('1001')
    const phone = await cluster.phone('1001')

    const status = await phone.register()
    await cluster.world.run(100)

    expect(status).toBe(200)
    expect(desktop.names('1001')).toEqual(['Registered', 'DNBackInService'])
  })

  it.each(['MD5', 'SHA-256', 'SHA-512-256'] as const)(
    'lets a phone in whose DN has %s (RFC 8760)',
    async (algorithm) => {
      const dns = [{ number: '1001', secret: 'demo', algorithms: [algorithm] }]
      const cluster = new NodeWorld(1, configurationFrom({ settings: { domains: ['ringmain'] }, dns }))
      await cluster.proxy('proxy1', '10.0.0.1')
      await cluster.node('node1', '10.0.0.11')
      const phone = await cluster.phone('1001')

      expect(await phone.register()).toBe(200)
    },
  )

  it('answers 403 to a REGISTER for somebody else, and to one for a DN that does not exist', async () => {
    const { cluster } = await setUp()
    const phone = await cluster.phone('1001')

    expect(await phone.register(60, '1002')).toBe(403)
    expect(await phone.register(60, '7777')).toBe(403)
  })

  it('leaves no timer, connection or transaction when it stops, nor does its proxy', async () => {
    const cluster = new NodeWorld(1, configurationFrom({ settings: { domains: ['ringmain'] } }))
    const proxy = await cluster.proxy('proxy1', '10.0.0.1')
    const node = await cluster.node('node1', '10.0.0.11')
    expect(node.running.health().status).toBe('ok')

    await cluster.world.complete(node.running.stop())
    await cluster.world.complete(proxy.stop())
    await cluster.world.run(60_000)

    expect(cluster.world.idle).toBe(true)
  })
})
