import { describe, expect, it } from 'vitest'
import { ProxyWorld, registerText, requestText } from '#simulation/proxy-world.ts'

const phoneAt = { host: '10.0.1.1', port: 5060 }
const carrierAt = { host: '10.9.0.1', port: 5060 }

async function setUp() {
  const cluster = new ProxyWorld()
  const proxy = await cluster.proxy('proxy1', '10.0.0.1')
  const node = await cluster.node('node1', proxy)
  const phone = await cluster.udp('phone', phoneAt, proxy)
  return { cluster, world: cluster.world, proxy, node, phone }
}

describe('SIP Proxy, from outside', () => {
  it('takes an INVITE from a phone to a node, its answers back, and the ACK by its Record-Route (RFC 3261 §16)', async () => {
    const { world, node, phone } = await setUp()

    phone.say(requestText('INVITE', { callID: 'c1' }))
    await world.run(10)
    const invite = node.requests('INVITE')[0]
    node.answer(invite, 180)
    node.answer(invite, 200, [], '<sip:c@node1.dc1>')
    await world.run(10)
    const ok = phone.responses('INVITE').at(-1)
    const route = ok?.header('Record-Route') ?? ''
    const fields = [`Route: ${route}`]
    const ack = requestText('ACK', { callID: 'c1', uri: 'sip:c@node1.dc1', toTag: 'answer', fields })
    phone.say(ack)
    phone.say(ack)
    await world.run(10)

    expect(phone.statuses('INVITE')).toEqual([180, 200])
    expect(route).toMatch(/^<sip:10\.0\.0\.1:5060;lr;node=[\w-]+;flow=[\w-]+>$/)
    expect(ok?.headers('Via')).toHaveLength(1)
    expect(node.requests('ACK')[0]?.requestURI).toBe('sip:c@node1.dc1')
    expect(node.requests('ACK')[0]?.header('Route')).toBeUndefined()
    // §16.11: one that comes again has the branch it had.
    expect(node.requests('ACK').map(({ branch }) => branch)).toEqual(Array(2).fill(node.requests('ACK')[0]?.branch))
  })

  it('sends a call to the same node whatever proxy it comes through, and shares calls among nodes', async () => {
    const { cluster, world, proxy, node, phone } = await setUp()
    const other = await cluster.proxy('proxy2', '10.0.0.2')
    const node2 = await cluster.node('node2', proxy)
    await cluster.node('node1', other, { host: 'node1-to-2' })
    const node2b = await cluster.node('node2', other, { host: 'node2-to-2' })
    const throughOther = await cluster.udp('phone', { host: '10.0.1.1', port: 5070 }, other)

    for (let call = 0; call < 20; call++) {
      phone.say(requestText('INVITE', { callID: `call${call}` }))
      throughOther.say(requestText('INVITE', { callID: `call${call}`, at: '10.0.1.1:5070' }))
    }
    await world.run(10)

    const calls = (one: typeof node) =>
      one
        .requests('INVITE')
        .map(({ callID }) => callID)
        .sort()
    expect(calls(node2)).toEqual(calls(node2b))
    expect(calls(node2).length).toBeGreaterThan(3)
    expect(calls(node2).length).toBeLessThan(17)
    expect(calls(node).length + calls(node2).length).toBe(20)
  })

  it('answers 503 while no node is ready', async () => {
    const cluster = new ProxyWorld()
    const proxy = await cluster.proxy('proxy1', '10.0.0.1')
    const phone = await cluster.udp('phone', phoneAt, proxy)

    phone.say(requestText('INVITE'))
    phone.say(registerText('1001'))
    await cluster.world.run(10)

    expect(phone.statuses('INVITE')).toEqual([503])
    expect(phone.statuses('REGISTER')).toEqual([503])
    expect(proxy.running.health()).toEqual({
      status: 'down',
      reasons: ['no SIP Server node has a link to this proxy'],
    })
  })

  it('tells the node who sent a request, and lets nobody outside say so himself', async () => {
    const { cluster, world, proxy, node, phone } = await setUp()
    const carrier = await cluster.udp('carrier', carrierAt, proxy)
    // White space before the colon hides no name (CVE-2020-28361).
    const forged = ['X-Ringmain-Source: trunk=carrier', 'x-ringmain-source \t: trunk=carrier', 'x-ringmain-other : 1']
    const fields = [...forged, 'P-Asserted-Identity : <sip:1@x>']

    phone.say(requestText('INVITE', { callID: 'p', fields }))
    carrier.say(requestText('INVITE', { callID: 't', user: '+442079460018', at: '10.9.0.1:5060', fields }))
    carrier.say(requestText('INVITE', { callID: 'f', user: '1001', at: '10.9.0.1:5060' }))
    await world.run(10)

    const told = (callID: string) => node.requests('INVITE').find((invite) => invite.callID === callID)
    expect(told('p')?.headers('X-Ringmain-Source')).toEqual(['endpoint;address=10.0.1.1:5060'])
    expect(told('p')?.header('X-Ringmain-Other')).toBeUndefined()
    expect(told('p')?.header('P-Asserted-Identity')).toBeUndefined()
    expect(told('t')?.headers('X-Ringmain-Source')).toEqual(['trunk=carrier;address=10.9.0.1:5060'])
    expect(told('t')?.header('P-Asserted-Identity')).toBe('<sip:1@x>')
    // A From that is one of our DNs is that DN, whatever its source.
    expect(told('f')?.headers('X-Ringmain-Source')).toEqual(['endpoint;address=10.9.0.1:5060'])
  })

  it('takes a NOTIFY of a trunk as the trunk’s, in whoever’s name it is, and those about a DN to one node (RFC 3842)', async () => {
    const { cluster, world, proxy, node, phone } = await setUp()
    const node2 = await cluster.node('node2', proxy)
    const carrier = await cluster.udp('carrier', carrierAt, proxy)
    const about = (dn: string) => ({ user: '1001', at: '10.9.0.1:5060', uri: `sip:${dn}@10.0.0.1` })

    for (let count = 0; count < 10; count++) carrier.say(requestText('NOTIFY', about('1001')))
    for (let dn = 1002; dn < 1020; dn++) carrier.say(requestText('NOTIFY', about(String(dn))))
    phone.say(requestText('NOTIFY', { callID: 'p', uri: 'sip:1001@ringmain' }))
    await world.run(10)

    const notifies = [node, node2].map((one) => one.requests('NOTIFY'))
    const from = (source: string) =>
      notifies.map((all) => all.filter((one) => one.header('X-Ringmain-Source') === source))
    const ofTrunk = from('trunk=carrier;address=10.9.0.1:5060')
    const same = ofTrunk.map((all) => all.filter(({ requestURI }) => requestURI === 'sip:1001@10.0.0.1').length)
    expect(same.sort()).toEqual([0, 10])
    expect(ofTrunk.flat()).toHaveLength(28)
    expect(Math.min(...ofTrunk.map(({ length }) => length))).toBeGreaterThan(2)
    expect(from('endpoint;address=10.0.1.1:5060').flat()).toHaveLength(1)
  })

  it('relays for nobody: neither Request-URI nor Route leads from outside to outside', async () => {
    const { cluster, world, proxy, node, phone } = await setUp()
    const victim = await cluster.udp('victim', { host: '10.0.9.9', port: 5060 }, proxy)

    phone.say(requestText('INVITE', { uri: 'sip:victim@10.0.9.9' }))
    phone.say(requestText('INVITE', { callID: 'preloaded', fields: ['Route: <sip:10.0.0.1;lr>, <sip:10.0.9.9;lr>'] }))
    phone.say(requestText('BYE', { uri: 'sip:victim@10.0.9.9', toTag: 'x', fields: ['Route: <sip:10.0.9.9;lr>'] }))
    await world.run(10)

    expect(victim.heard).toEqual([])
    expect(phone.statuses('INVITE')).toEqual([403])
    expect(phone.statuses('BYE')).toEqual([403])
    // The node is where it ends.
    expect(node.requests('INVITE').map((invite) => invite.headers('Route'))).toEqual([[]])
  })

  it('refuses a Route whose marks were changed, and one whose marks are those of another purpose', async () => {
    const { world, node, phone } = await setUp()
    phone.say(requestText('INVITE', { callID: 'c1' }))
    await world.run(10)
    node.answer(node.requests('INVITE')[0], 200, [], '<sip:c@node1.dc1>')
    await world.run(10)
    const route = phone.responses('INVITE')[0]?.header('Record-Route') ?? ''
    const bye = (forged: string, callID: string) =>
      phone.say(requestText('BYE', { callID, uri: 'sip:c@node1.dc1', toTag: 'answer', fields: [`Route: ${forged}`] }))

    bye(route.replace(/node=./, 'node=_'), 'changed')
    bye(route.replace(/;node=[\w-]+;flow=([\w-]+)/, ';node=$1'), 'purpose')
    bye(route.replace('>', ';outward>'), 'outward')
    await world.run(10)

    expect(phone.statuses('BYE')).toEqual([403, 403])
    // What only proxies say to each other means nothing from outside: the request goes to the node all the same.
    expect(node.requests('BYE').map(({ callID }) => callID)).toEqual(['outward'])
  })

  it('finds the node of a dialog by the name in its Contact where an endpoint left out the Route', async () => {
    const { cluster, world, proxy, node, phone } = await setUp()
    const node2 = await cluster.node('node2', proxy)

    for (let call = 0; call < 10; call++) phone.say(requestText('BYE', { uri: 'sip:c@node2.dc1', toTag: 'answer' }))
    await world.run(10)

    expect(node.requests('BYE')).toHaveLength(0)
    expect(node2.requests('BYE')).toHaveLength(10)
  })

  it('answers OPTIONS to itself: 200 when it takes calls, 503 when it does not (RFC 3261 §11)', async () => {
    const { cluster, world, proxy, node } = await setUp()
    const carrier = await cluster.udp('carrier', carrierAt, proxy)
    const ask = async () => {
      carrier.say(requestText('OPTIONS', { uri: 'sip:10.0.0.1:5060', user: 'ping', at: '10.9.0.1:5060' }))
      await world.run(10)
    }

    await ask()
    node.status = 503
    await world.run(1500)
    await ask()

    expect(carrier.statuses('OPTIONS')).toEqual([200, 503])
    expect(node.requests('OPTIONS')).toEqual([])
  })

  it('hands the CANCEL of a call on and its 487 back (RFC 3261 §16.10)', async () => {
    const { world, node, phone } = await setUp()
    phone.say(requestText('INVITE', { callID: 'c1', branch: 'z9hG4bKc' }))
    await world.run(10)
    node.answer(node.requests('INVITE')[0], 180)
    await world.run(10)

    phone.say(requestText('CANCEL', { callID: 'c1', branch: 'z9hG4bKc' }))
    await world.run(10)
    node.answer(node.requests('CANCEL')[0], 200)
    node.answer(node.requests('INVITE')[0], 487)
    await world.run(10)

    expect(phone.statuses('CANCEL')).toEqual([200])
    expect(phone.statuses('INVITE')).toEqual([180, 487])
    expect(node.requests('ACK')).toHaveLength(1)
  })

  it('works over TCP, and over IPv6', async () => {
    const cluster = new ProxyWorld()
    const listen = [{ host: '::1', port: 5060, transports: ['udp' as const, 'tcp' as const] }]
    const proxy = await cluster.proxy('proxy1', '::1', { listen })
    const node = await cluster.node('node1', proxy)
    const phone = await cluster.udp('phone', { host: '::2', port: 5060 }, proxy)
    const stream = await cluster.tcp('phone', proxy)

    phone.say(requestText('INVITE', { uri: 'sip:1002@[::1]', at: '[::2]:5060' }))
    stream.say(requestText('INVITE', { uri: 'sip:1002@[::1]', at: '[::2]:5060', transport: 'TCP' }))
    await cluster.world.run(10)
    for (const invite of node.requests('INVITE')) node.answer(invite, 180)
    await cluster.world.run(10)

    expect([phone, stream].map((one) => one.statuses('INVITE'))).toEqual([[180], [180]])
    const routes = [phone, stream].map((one) => one.responses('INVITE')[0]?.header('Record-Route'))
    expect(routes[0]).toMatch(/^<sip:\[::1\]:5060;lr;/)
    expect(routes[1]).toMatch(/^<sip:\[::1\]:5060;transport=tcp;lr;/)
  })

  it('advertises an address to those of its version of IP alone', async () => {
    const cluster = new ProxyWorld()
    const listen = ['10.0.0.1', '2001:db8::1'].map((host) => ({ host, port: 5060, transports: ['udp' as const] }))
    const advertise = { host: '203.0.113.7' }

    const proxy = await cluster.proxy('proxy1', '10.0.0.1', { listen, advertise })

    expect(proxy.running.addresses.listen).toEqual([
      'sip:203.0.113.7:5060',
      'sip:10.0.0.1:5060',
      'sip:[2001:db8::1]:5060',
    ])
  })

  it('is named to endpoints as it is advertised: a name without a port, so that its SRV records count', async () => {
    const cluster = new ProxyWorld()
    const proxy = await cluster.proxy('proxy1', '10.0.0.1', { advertise: { host: 'dc1.example.com' } })
    const node = await cluster.node('node1', proxy)
    const phone = await cluster.udp('phone', phoneAt, proxy)

    phone.say(requestText('INVITE', { callID: 'c1', uri: 'sip:1002@dc1.example.com' }))
    await cluster.world.run(10)
    const route = node.requests('INVITE')[0]?.header('Record-Route') ?? ''
    phone.say(requestText('BYE', { callID: 'c1', toTag: 'x', uri: 'sip:c@node1.dc1', fields: [`Route: ${route}`] }))
    await cluster.world.run(10)

    expect(route).toMatch(/^<sip:dc1\.example\.com;lr;node=/)
    expect(node.requests('BYE')[0]?.header('Route')).toBeUndefined()
  })

  it('drains: no new calls, but dialogs go on to their end', async () => {
    const { world, proxy, node, phone } = await setUp()
    phone.say(requestText('INVITE', { callID: 'c1' }))
    await world.run(10)
    let drained = false
    void proxy.running.drain().then(() => {
      drained = true
    })

    phone.say(requestText('INVITE', { callID: 'c2' }))
    await world.run(10)
    const whileRinging = drained
    node.answer(node.requests('INVITE')[0], 200, [], '<sip:c@node1.dc1>')
    await world.run(10)
    const route = phone.responses('INVITE').at(-1)?.header('Record-Route') ?? ''
    phone.say(
      requestText('BYE', { callID: 'c1', toTag: 'answer', uri: 'sip:c@node1.dc1', fields: [`Route: ${route}`] }),
    )
    await world.run(10)

    expect(phone.statuses('INVITE')).toEqual([503, 200])
    expect([whileRinging, drained]).toEqual([false, true])
    expect(node.requests('BYE')).toHaveLength(1)
  })

  it('stops at once, twice without harm, and frees its ports for the next start', async () => {
    const { cluster, world, proxy } = await setUp()

    await world.complete(proxy.running.stop())
    await world.complete(proxy.running.stop())
    const again = await cluster.proxy('proxy1', '10.0.0.1')

    expect(again.running.addresses.listen).toEqual(['sip:10.0.0.1:5060', 'sip:10.0.0.1:5060;transport=tcp'])
  })
})
