import { describe, expect, it } from 'vitest'
import { ProxyWorld, registerText, requestText } from '#simulation/proxy-world.ts'
import type { ScriptedNode } from '#simulation/sip-peers.ts'

const phoneAt = { host: '10.0.1.1', port: 5060 }

async function setUp() {
  const cluster = new ProxyWorld()
  const proxy = await cluster.proxy('proxy1', '10.0.0.1')
  const node = await cluster.node('node1', proxy)
  const phone = await cluster.udp('phone', phoneAt, proxy)
  return { cluster, world: cluster.world, proxy, node, phone }
}

/** The node agrees to what it was asked, with the contacts as granted. */
function grant(node: ScriptedNode, seconds = 60) {
  const request = node.requests('REGISTER').at(-1)
  const contacts = request?.headers('Contact').map((contact) => ['Contact', `${contact};expires=${seconds}`] as const)
  node.answer(request, 200, contacts ?? [])
}

describe('SIP Proxy', () => {
  it('takes an INVITE from a phone to a node, its answers back, and the ACK to the node by its Record-Route', async () => {
    const { world, node, phone } = await setUp()

    phone.say(requestText('INVITE', { callID: 'c1' }))
    await world.run(10)
    const invite = node.requests('INVITE')[0]
    node.answer(invite, 180)
    node.answer(invite, 200, [], '<sip:c@node1.dc1>')
    await world.run(10)
    const ok = phone.responses('INVITE').at(-1)
    const route = ok?.header('Record-Route') ?? ''
    phone.say(
      requestText('ACK', { callID: 'c1', uri: 'sip:c@node1.dc1', toTag: 'answer', fields: [`Route: ${route}`] }),
    )
    await world.run(10)

    expect(phone.statuses('INVITE')).toEqual([180, 200])
    expect(route).toMatch(/^<sip:10\.0\.0\.1:5060;lr;node=[\w-]+;flow=[\w-]+>$/)
    expect(ok?.headers('Via')).toHaveLength(1)
    expect(node.requests('ACK')[0]?.header('Route')).toBeUndefined()
  })

  it('stores what a REGISTER asks for only after the 200 of the node, and finds the phone by it', async () => {
    const { world, node, phone } = await setUp()

    phone.say(registerText('1001'))
    await world.run(10)
    node.say(requestText('INVITE', { uri: 'sip:1001@ringmain', at: 'node1.dc1', transport: 'TCP' }))
    await world.run(10)
    const before = node.statuses('INVITE')
    grant(node)
    await world.run(10)
    node.say(requestText('INVITE', { uri: 'sip:1001@ringmain', at: 'node1.dc1', transport: 'TCP' }))
    await world.run(10)

    expect(before).toEqual([480])
    expect(phone.statuses('REGISTER')).toEqual([200])
    expect(phone.requests('INVITE')[0]?.requestURI).toBe('sip:1001@10.0.1.1:5060')
  })
})
