import { describe, expect, it } from 'vitest'
import { ProxyWorld, registerText, requestText, type StartedProxy } from '#simulation/proxy-world.ts'
import type { ScriptedNode, ScriptedPeer } from '#simulation/sip-peers.ts'

const behindNat = { transport: 'TCP', at: '192.168.1.20:5060' }

/** Two proxies of two data centres, with a node each. */
async function setUp() {
  const cluster = new ProxyWorld()
  const near = await cluster.proxy('proxy1', '10.0.0.1')
  const far = await cluster.proxy('proxy2', '10.0.0.2', { dc: 'dc2' })
  const node = await cluster.node('node1', near)
  const farNode = await cluster.node('node2', far, { dc: 'dc2' })
  await cluster.world.run(1_000)
  return { cluster, world: cluster.world, near, far, node, farNode, ...steps(cluster) }
}

const steps = ({ world }: ProxyWorld) => ({
  async register(phone: ScriptedPeer, node: ScriptedNode, options: Parameters<typeof registerText>[1] = {}) {
    phone.say(registerText('1001', { ...behindNat, ...options }))
    await world.run(10)
    const request = node.requests('REGISTER').at(-1)
    node.answer(request, 200, [['Contact', `${request?.header('Contact')};expires=60`]])
    await world.run(10)
  },
  async call(node: ScriptedNode, callID: string) {
    const at = { user: 'c', at: 'node1.dc1', transport: 'TCP', contact: '<sip:c@node1.dc1>' }
    node.say(requestText('INVITE', { uri: 'sip:1001@ringmain', callID, ...at }))
    await world.run(10)
  },
  async inDialog(node: ScriptedNode, method: string, route: string | undefined) {
    const at = { user: 'c', at: 'node1.dc1', transport: 'TCP', toTag: 'answer', fields: [`Route: ${route}`] }
    node.say(requestText(method, { uri: 'sip:1001@192.168.1.20:5060;transport=tcp', ...at }))
    await world.run(10)
  },
})

describe('mesh of SIP Proxies', () => {
  it('reaches a phone whose connection another proxy holds, which stays in the path itself', async () => {
    const { cluster, world, near, far, node, farNode, register, call, inDialog } = await setUp()
    const phone = await cluster.tcp('phone', far)
    await register(phone, farNode)

    await call(node, 'c1')
    const invite = phone.requests('INVITE')[0]
    phone.answer(invite, 200, [], '<sip:1001@192.168.1.20:5060;transport=tcp>')
    await world.run(10)
    const route = node.responses('INVITE').at(-1)?.headers('Record-Route') ?? []
    await inDialog(node, 'INFO', route[0])
    phone.say(
      requestText('BYE', {
        callID: 'c1',
        uri: 'sip:c@node1.dc1',
        toTag: 'from-c1',
        fields: [`Route: ${route}`],
        ...behindNat,
      }),
    )
    await world.run(10)

    expect(invite?.headers('Via')).toHaveLength(3)
    expect(invite?.headers('Route')).toEqual([])
    expect(route).toHaveLength(1)
    expect(route[0]).toContain('sip:10.0.0.2:5060;transport=tcp')
    expect(phone.requests('INFO')).toHaveLength(1)
    // To the node of the other data centre, over the mesh.
    expect(node.requests('BYE')).toHaveLength(1)
    expect([near, far].map(({ running }) => running.health().status)).toEqual(['ok', 'ok'])
  })

  it('tells a proxy that joins or restarts all bindings', async () => {
    const { cluster, world, near, far, node, farNode, register, call } = await setUp()
    const phone = await cluster.udp('phone', { host: '10.0.1.1', port: 5060 }, far)
    await register(phone, farNode, { transport: 'UDP', at: '10.0.1.1:5060' })
    cluster.crash('proxy1', near)
    node.close()

    const again = await cluster.proxy('proxy1', '10.0.0.1')
    const third = await cluster.proxy('proxy3', '10.0.0.3')
    const nodes = [
      await cluster.node('node1', again, { host: 'node1-again' }),
      await cluster.node('node1', third, { host: 'node1-third' }),
    ]
    await world.run(2_000)
    for (const [index, one] of nodes.entries()) await call(one, `after${index}`)

    expect(
      phone
        .requests('INVITE')
        .map(({ callID }) => callID)
        .sort(),
    ).toEqual(['after0', 'after1'])
  })

  it('tells a removal too', async () => {
    const { cluster, world, far, node, farNode, register, call } = await setUp()
    const phone = await cluster.tcp('phone', far)
    await register(phone, farNode, { callID: 'r' })

    phone.say(registerText('1001', { callID: 'r', cseq: 2, expires: 0, ...behindNat }))
    await world.run(10)
    farNode.answer(farNode.requests('REGISTER').at(-1), 200)
    await world.run(10)
    await call(node, 'c1')

    expect(node.statuses('INVITE')).toEqual([480])
  })

  it('goes on over the newest flow when the proxy that held the old one is gone, and answers 430 while there is none', async () => {
    const { cluster, world, near, far, node, farNode, register, call, inDialog } = await setUp()
    const before = await cluster.tcp('phone', far)
    await register(before, farNode, { callID: 'r' })
    await call(node, 'c1')
    before.answer(before.requests('INVITE')[0], 200)
    await world.run(10)
    const route = node.responses('INVITE').at(-1)?.header('Record-Route')
    cluster.crash('proxy2', far)
    await world.run(5_000)

    await inDialog(node, 'INFO', route)
    const without = node.statuses('INFO')
    const after = await cluster.tcp('phone', near)
    await register(after, node, { callID: 'r', cseq: 2 })
    await inDialog(node, 'BYE', route)

    expect(without).toEqual([430])
    expect(after.requests('BYE')).toHaveLength(1)
  })

  it('reaches a phone that is behind no NAT also when its proxy is gone: any proxy can', async () => {
    const { cluster, world, far, node, farNode, register, call } = await setUp()
    const phone = await cluster.udp('phone', { host: '10.0.1.1', port: 5060 }, far)
    await register(phone, farNode, { transport: 'UDP', at: '10.0.1.1:5060' })
    cluster.crash('proxy2', far)
    await world.run(5_000)

    await call(node, 'c1')

    expect(phone.requests('INVITE')).toHaveLength(1)
  })

  it('fails what waits at a proxy that died, so that the node can act', async () => {
    const { cluster, world, far, node, farNode, register, call } = await setUp()
    const phone = await cluster.tcp('phone', far)
    await register(phone, farNode)
    await call(node, 'c1')

    cluster.crash('proxy2', far)
    await world.run(5_000)

    expect(node.statuses('INVITE')).toEqual([430])
  })

  it('never passes a request back: where a node is unknown to both, the caller is told', async () => {
    const { cluster, world, far, node, farNode } = await setUp()
    const phone = await cluster.udp('phone', { host: '10.0.1.1', port: 5060 }, far)
    phone.say(requestText('INVITE', { callID: 'c1' }))
    await world.run(10)
    const route = farNode.requests('INVITE')[0]?.header('Record-Route') ?? ''
    farNode.close()
    await world.run(5_000)

    phone.say(requestText('BYE', { callID: 'c1', toTag: 'x', uri: 'sip:c@node2.dc2', fields: [`Route: ${route}`] }))
    node.say(requestText('INVITE', { uri: 'sip:x@node2.dc2', at: 'node1.dc1', transport: 'TCP', callID: 'c2' }))
    await world.run(100)

    expect(phone.statuses('BYE')).toEqual([503])
    expect(node.statuses('INVITE')).toEqual([503])
  })

  it('takes in-dialog requests that name a dead proxy: its marks tell node and flow to every other', async () => {
    const { cluster, world, near, node } = await setUp()
    const second = await cluster.proxy('proxy0', '10.0.0.9')
    const nodeToSecond = await cluster.node('node1', second, { host: 'node1-second' })
    const phone = await cluster.udp('phone', { host: '10.0.1.1', port: 5060 }, near)
    phone.say(requestText('INVITE', { callID: 'c1' }))
    await world.run(10)
    const route = node.requests('INVITE')[0]?.header('Record-Route') ?? ''
    cluster.crash('proxy1', near)
    await world.run(5_000)

    const moved = await cluster.udp('phone', { host: '10.0.1.1', port: 5062 }, second)
    moved.say(requestText('BYE', { callID: 'c1', uri: 'sip:c@node1.dc1', toTag: 'x', fields: [`Route: ${route}`] }))
    await world.run(10)

    expect(nodeToSecond.requests('BYE')[0]?.headers('Route')).toEqual([])
  })

  it('says in its health which proxy it has no link to', async () => {
    const { world, near, far } = await setUp()
    const ok = near.running.health()

    world.links.partition(['proxy1'], ['proxy2'])
    await world.run(5_000)
    const cut = health(near, far)
    world.links.heal(['proxy1'], ['proxy2'])
    await world.run(15_000)

    expect(ok).toEqual({ status: 'ok', reasons: [] })
    expect(cut).toEqual([
      { status: 'degraded', reasons: ['no link to proxy2.dc2'] },
      { status: 'degraded', reasons: ['no link to proxy1.dc1'] },
    ])
    expect(health(near, far).map(({ status }) => status)).toEqual(['ok', 'ok'])
  })
})

const health = (...proxies: StartedProxy[]) => proxies.map(({ running }) => running.health())
