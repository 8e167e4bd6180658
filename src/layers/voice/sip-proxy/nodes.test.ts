import { describe, expect, it } from 'vitest'
import { ProxyWorld, registerText, requestText } from '#simulation/proxy-world.ts'

async function setUp() {
  const cluster = new ProxyWorld()
  const proxy = await cluster.proxy('proxy1', '10.0.0.1')
  const node = await cluster.node('node1', proxy)
  const phone = await cluster.udp('phone', { host: '10.0.1.1', port: 5060 }, proxy)
  return { cluster, world: cluster.world, proxy, node, phone }
}

describe('nodes of a SIP Proxy', () => {
  it('get no calls before their first answer to OPTIONS, nor while they have not answered for 2 s', async () => {
    const { world, proxy, node, phone } = await setUp()
    node.status = 0
    await world.run(3_100)
    const silent = proxy.running.health()

    phone.say(requestText('INVITE', { callID: 'while-silent' }))
    await world.run(100)
    node.status = 200
    await world.run(1_100)
    phone.say(requestText('INVITE', { callID: 'after' }))
    await world.run(10)

    expect(silent).toEqual({ status: 'down', reasons: ['node1.dc1 does not answer'] })
    expect(phone.statuses('INVITE')[0]).toBe(503)
    expect(node.requests('INVITE').map(({ callID }) => callID)).toEqual(['after'])
    expect(proxy.running.health()).toEqual({ status: 'ok', reasons: [] })
  })

  it('that drain (503 to OPTIONS) get no new calls and no REGISTERs, but keep their dialogs', async () => {
    const { cluster, world, proxy, node, phone } = await setUp()
    phone.say(requestText('INVITE', { callID: 'c1' }))
    await world.run(10)
    node.answer(node.requests('INVITE')[0], 200, [], '<sip:c@node1.dc1>')
    const node2 = await cluster.node('node2', proxy)
    node.status = 503
    await world.run(1_100)
    const route = phone.responses('INVITE')[0]?.header('Record-Route') ?? ''

    for (let call = 0; call < 10; call++) phone.say(requestText('INVITE', { callID: `new${call}` }))
    for (let dn = 0; dn < 10; dn++) phone.say(registerText(`10${dn}`))
    phone.say(
      requestText('BYE', { callID: 'c1', toTag: 'answer', uri: 'sip:c@node1.dc1', fields: [`Route: ${route}`] }),
    )
    await world.run(10)

    expect(node2.requests('INVITE')).toHaveLength(10)
    expect(node2.requests('REGISTER')).toHaveLength(10)
    expect(node.requests('BYE')).toHaveLength(1)
    expect(proxy.running.health()).toEqual({ status: 'degraded', reasons: ['node1.dc1 is draining'] })
  })

  it('get what waits for them again, same branch, over the next link: a standby that took over knows none of it', async () => {
    const { cluster, world, proxy, node, phone } = await setUp()
    phone.say(requestText('INVITE', { callID: 'c1' }))
    await world.run(10)
    const before = node.requests('INVITE')[0]
    node.close()
    await world.run(500)

    const standby = await cluster.node('node1', proxy, { host: 'standby', epoch: 2 })
    standby.answer(standby.requests('INVITE')[0], 200)
    await world.run(10)

    expect(standby.requests('INVITE')[0]?.bytes).toEqual(before?.bytes)
    expect(phone.statuses('INVITE')).toEqual([200])
  })

  it('still get requests in dialog that came while they had no link', async () => {
    const { cluster, world, proxy, node, phone } = await setUp()
    phone.say(requestText('INVITE', { callID: 'c1' }))
    await world.run(10)
    const route = node.requests('INVITE')[0]?.header('Record-Route') ?? ''
    node.close()
    await world.run(500)

    phone.say(
      requestText('BYE', { callID: 'c1', toTag: 'answer', uri: 'sip:c@node1.dc1', fields: [`Route: ${route}`] }),
    )
    await world.run(100)
    const standby = await cluster.node('node1', proxy, { host: 'standby', epoch: 2 })
    standby.answer(standby.requests('BYE')[0], 200)
    await world.run(10)

    expect(phone.statuses('BYE')).toEqual([200])
  })

  it('lose what waits for them when no link comes in 2 s: the caller may try elsewhere (RFC 3261 §16.9)', async () => {
    const { world, node, phone } = await setUp()
    phone.say(requestText('INVITE'))
    await world.run(10)

    node.close()
    await world.run(1_900)
    const within = phone.statuses('INVITE')
    await world.run(200)

    expect(within).toEqual([])
    expect(phone.statuses('INVITE')).toEqual([503])
  })

  it('are refused with a lower epoch than was seen: an old primary has no more say (architecture §5)', async () => {
    const { cluster, world, proxy } = await setUp()
    const primary = await cluster.node('node9', proxy, { host: 'new-primary', epoch: 5 })

    const old = await cluster.node('node9', proxy, { host: 'old-primary', epoch: 4 })
    await world.run(3_000)

    expect(primary.link).toBeDefined()
    expect(old.link).toBeUndefined()
  })

  it('of another data centre are refused', async () => {
    const { cluster, proxy } = await setUp()

    const stranger = await cluster.node('node1', proxy, { host: 'stranger', dc: 'dc2' })

    expect(stranger.link).toBeUndefined()
    expect(proxy.running.health().status).toBe('ok')
  })
})
