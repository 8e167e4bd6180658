import { describe, expect, it } from 'vitest'
import { ProxyWorld, registerText, requestText } from '#simulation/proxy-world.ts'
import type { ScriptedPeer } from '#simulation/sip-peers.ts'

/** What a node sends. */
const fromNode = (method: string, uri: string, more: Parameters<typeof requestText>[1] = {}) =>
  requestText(method, { uri, user: 'c', at: 'node1.dc1', transport: 'TCP', contact: '<sip:c@node1.dc1>', ...more })

async function setUp() {
  const cluster = new ProxyWorld()
  const proxy = await cluster.proxy('proxy1', '10.0.0.1')
  const node = await cluster.node('node1', proxy)
  const { world } = cluster
  const phoneAt = (host: string) => cluster.udp(host, { host, port: 5060 }, proxy)
  const register = async (phone: ScriptedPeer, options: Parameters<typeof registerText>[1]) => {
    phone.say(registerText('1001', options))
    await world.run(10)
    const request = node.requests('REGISTER').at(-1)
    node.answer(request, 200, [['Contact', `${request?.header('Contact')};expires=60`]])
    await world.run(10)
  }
  return { cluster, world, proxy, node, phoneAt, register }
}

describe('SIP Proxy, from its nodes', () => {
  it('cancels a phone that rings for more than timer C, counted from its last provisional response (RFC 3261 §16.8)', async () => {
    const { world, node, phoneAt, register } = await setUp()
    const desk = await phoneAt('10.0.1.1')
    await register(desk, { contact: '<sip:1001@10.0.1.1:5060>', at: '10.0.1.1:5060' })

    node.say(fromNode('INVITE', 'sip:1001@ringmain'))
    await world.run(10)
    const invite = desk.requests('INVITE')[0]
    desk.answer(invite, 180)
    await world.run(100_000)
    desk.answer(invite, 180)
    await world.run(184_000)
    const before = desk.requests('CANCEL').length
    await world.run(2_000)

    expect(before).toBe(0)
    expect(desk.requests('CANCEL').length).toBeGreaterThan(0)
  })

  it('forks to all contacts of a DN, the higher q first, and cancels the others when one answers (RFC 3261 §16.6)', async () => {
    const { world, node, phoneAt, register } = await setUp()
    const [desk, soft, late] = [await phoneAt('10.0.1.1'), await phoneAt('10.0.1.2'), await phoneAt('10.0.1.3')]
    await register(desk, { contact: '<sip:1001@10.0.1.1:5060>', at: '10.0.1.1:5060' })
    await register(soft, { contact: '<sip:1001@10.0.1.2:5060>', at: '10.0.1.2:5060' })
    await register(late, { contact: '<sip:1001@10.0.1.3:5060>;q=0.5', at: '10.0.1.3:5060' })

    node.say(fromNode('INVITE', 'sip:1001@ringmain'))
    await world.run(10)
    for (const phone of [desk, soft]) phone.answer(phone.requests('INVITE')[0], 180)
    await world.run(10)
    soft.answer(soft.requests('INVITE')[0], 200)
    await world.run(10)

    expect(node.statuses('INVITE').sort()).toEqual([180, 180, 200])
    expect(desk.requests('CANCEL')[0]?.headers('Reason')).toEqual(['SIP;cause=200;text="Call completed elsewhere"'])
    expect([desk, soft, late].map((phone) => phone.requests('CANCEL').length)).toEqual([1, 0, 0])
    expect(late.heard.filter((message) => message.isRequest)).toEqual([])
  })

  it('passes on why a call is cancelled, and says of one that declines for all that it did (RFC 3326)', async () => {
    const { world, node, phoneAt, register } = await setUp()
    const [desk, soft] = [await phoneAt('10.0.1.1'), await phoneAt('10.0.1.2')]
    await register(desk, { contact: '<sip:1001@10.0.1.1:5060>', at: '10.0.1.1:5060' })
    await register(soft, { contact: '<sip:1001@10.0.1.2:5060>', at: '10.0.1.2:5060' })
    const call = async (callID: string) => {
      node.say(fromNode('INVITE', 'sip:1001@ringmain', { callID, branch: `z9hG4bK${callID}` }))
      await world.run(10)
      for (const phone of [desk, soft]) phone.answer(phone.requests('INVITE').at(-1), 180)
      await world.run(10)
    }

    await call('c1')
    const fields = ['Reason: SIP;cause=408;text="no answer", Q.850;cause=19']
    node.say(fromNode('CANCEL', 'sip:1001@ringmain', { callID: 'c1', branch: 'z9hG4bKc1', fields }))
    await world.run(10)
    await call('c2')
    soft.answer(soft.requests('INVITE').at(-1), 603)
    await world.run(10)

    const reasons = desk.requests('CANCEL').map((cancel) => [cancel.callID, ...cancel.headers('Reason')])
    expect(reasons[0]).toEqual(['c1', 'SIP;cause=408;text="no answer"', 'Q.850;cause=19'])
    expect(reasons.at(-1)).toEqual(['c2', 'SIP;cause=603;text="Decline"'])
  })

  it('tries the next group when the first has refused', async () => {
    const { world, node, phoneAt, register } = await setUp()
    const [first, second] = [await phoneAt('10.0.1.1'), await phoneAt('10.0.1.2')]
    await register(first, { contact: '<sip:1001@10.0.1.1:5060>', at: '10.0.1.1:5060' })
    await register(second, { contact: '<sip:1001@10.0.1.2:5060>;q=0.1', at: '10.0.1.2:5060' })

    node.say(fromNode('INVITE', 'sip:1001@ringmain'))
    await world.run(10)
    first.answer(first.requests('INVITE')[0], 486)
    await world.run(10)
    second.answer(second.requests('INVITE')[0], 480)
    await world.run(10)

    expect(second.requests('INVITE')).toHaveLength(1)
    expect(node.statuses('INVITE')).toEqual([486])
  })

  describe('to a DN with three contacts', () => {
    async function dial(fields: readonly string[]) {
      const { world, node, phoneAt, register } = await setUp()
      const phones: ScriptedPeer[] = []
      for (const host of ['10.0.1.1', '10.0.1.2', '10.0.1.3']) {
        const phone = await phoneAt(host)
        await register(phone, { contact: `<sip:1001@${host}:5060>`, at: `${host}:5060` })
        phones.push(phone)
      }
      node.say(fromNode('INVITE', 'sip:1001@ringmain', { fields }))
      await world.run(10)
      const invites = () => phones.flatMap((phone) => phone.requests('INVITE'))
      return { world, node, phones, breadths: () => invites().map((invite) => invite.header('Max-Breadth')) }
    }

    it.each([
      ['what the request has', ['Max-Breadth: 7'], '2'],
      ['what we allow where it says nothing', [], '20'],
      ['what we allow where it has more', ['Max-Breadth: 20000'], '20'],
    ])('gives each branch its share of the breadth: %s (RFC 5393 §5.3.3)', async (_what, fields, share) => {
      const { breadths } = await dial(fields)

      expect(breadths()).toEqual([share, share, share])
    })

    it('rings no more of them at once than the breadth allows, the others when those have refused (RFC 5393 §5.3.3)', async () => {
      const { world, node, phones, breadths } = await dial(['Max-Breadth: 2'])
      const first = phones.filter((phone) => phone.requests('INVITE').length > 0)

      for (const phone of first) phone.answer(phone.requests('INVITE')[0], 486)
      await world.run(10)
      const last = phones.find((phone) => !first.includes(phone))
      last?.answer(last.requests('INVITE')[0], 200)
      await world.run(10)

      expect(first).toHaveLength(2)
      expect(breadths().sort()).toEqual(['1', '1', '2'])
      expect(node.statuses('INVITE')).toEqual([200])
    })

    it('answers 440 to a request whose breadth is used up, and rings none (RFC 5393 §5.3.3)', async () => {
      const { node, breadths } = await dial(['Max-Breadth: 0'])

      expect(node.statuses('INVITE')).toEqual([440])
      expect(breadths()).toEqual([])
    })
  })

  it('answers 480 for a DN without a contact, whatever name of ours the node uses', async () => {
    const { world, node } = await setUp()

    node.say(fromNode('INVITE', 'sip:1001@ringmain'))
    node.say(fromNode('INVITE', 'sip:1001@10.0.0.1:5060'))
    await world.run(10)

    expect(node.statuses('INVITE')).toEqual([480, 480])
  })

  it('stays in the path of a call to a phone: the phone reaches the node by our Record-Route', async () => {
    const { world, node, phoneAt, register } = await setUp()
    const phone = await phoneAt('10.0.1.1')
    await register(phone, {})

    node.say(fromNode('INVITE', 'sip:1001@ringmain', { callID: 'c1' }))
    await world.run(10)
    const invite = phone.requests('INVITE')[0]
    phone.answer(invite, 200, [], '<sip:1001@10.0.1.1>')
    const route = `Route: ${invite?.header('Record-Route')}`
    phone.say(requestText('BYE', { callID: 'c1', uri: 'sip:c@node1.dc1', toTag: 'from-c1', fields: [route] }))
    await world.run(10)

    expect(node.requests('BYE')[0]?.requestURI).toBe('sip:c@node1.dc1')
  })

  it('reaches a phone on the connection it registered over (RFC 5626)', async () => {
    const { cluster, world, proxy, node, register } = await setUp()
    const phone = await cluster.tcp('phone', proxy)
    await register(phone, { transport: 'TCP', at: '192.168.1.20:5060' })

    node.say(fromNode('INVITE', 'sip:1001@ringmain', { callID: 'c1' }))
    await world.run(10)
    phone.answer(phone.requests('INVITE')[0], 200, [], '<sip:1001@192.168.1.20:5060;transport=tcp>')
    await world.run(10)
    const route = node.responses('INVITE').at(-1)?.header('Record-Route') ?? ''
    const inDialog = { toTag: 'answer', fields: [`Route: ${route}`] }
    node.say(fromNode('BYE', 'sip:1001@192.168.1.20:5060;transport=tcp', inDialog))
    await world.run(10)
    phone.connection.destroy()
    await world.run(10)
    node.say(fromNode('BYE', 'sip:1001@192.168.1.20:5060;transport=tcp', inDialog))
    node.say(fromNode('INVITE', 'sip:1001@ringmain', { callID: 'c2' }))
    await world.run(10)

    expect(phone.requests('BYE')).toHaveLength(1)
    expect(node.statuses('BYE')).toEqual([430])
    expect(node.responses('INVITE').at(-1)?.status).toBe(480)
  })

  it('goes on with the newest flow of a phone whose connection broke (RFC 5626 §5.3)', async () => {
    const { cluster, world, proxy, node, register } = await setUp()
    const tcp = { transport: 'TCP', at: '192.168.1.20:5060' }
    const before = await cluster.tcp('phone', proxy)
    await register(before, { callID: 'r', ...tcp })
    node.say(fromNode('INVITE', 'sip:1001@ringmain', { callID: 'c1' }))
    await world.run(10)
    before.answer(before.requests('INVITE')[0], 200)
    await world.run(10)
    const route = node.responses('INVITE').at(-1)?.header('Record-Route') ?? ''

    before.connection.destroy()
    const after = await cluster.tcp('phone', proxy)
    await register(after, { callID: 'r', cseq: 2, ...tcp })
    const inDialog = { toTag: 'answer', fields: [`Route: ${route}`] }
    node.say(fromNode('BYE', 'sip:1001@192.168.1.20:5060;transport=tcp', inDialog))
    await world.run(10)

    expect(after.requests('BYE')).toHaveLength(1)
  })

  it('goes on where a phone registered last though it named another address there, by its instance', async () => {
    const { cluster, world, proxy, node, register } = await setUp()
    const id = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'
    const contact = (port: number) => `<sip:1001@192.168.1.20:${port};transport=tcp>;${id}`
    const tcp = { transport: 'TCP', at: '192.168.1.20:5060' }
    const before = await cluster.tcp('phone', proxy)
    await register(before, { callID: 'r', contact: contact(49_001), ...tcp })
    node.say(fromNode('INVITE', 'sip:1001@ringmain', { callID: 'c1' }))
    await world.run(10)
    before.answer(before.requests('INVITE')[0], 200)
    await world.run(10)
    const route = node.responses('INVITE').at(-1)?.header('Record-Route') ?? ''

    before.connection.destroy()
    const after = await cluster.tcp('phone', proxy)
    await register(after, { callID: 'r', cseq: 2, contact: contact(49_002), ...tcp })
    const inDialog = { toTag: 'answer', fields: [`Route: ${route}`] }
    node.say(fromNode('BYE', 'sip:1001@192.168.1.20:49001;transport=tcp', inDialog))
    await world.run(10)

    expect(after.requests('BYE')).toHaveLength(1)
  })

  it('goes on over UDP from where a phone registered last: its NAT has given it another port', async () => {
    const { cluster, world, proxy, node, register } = await setUp()
    const at = (port: number) => cluster.udp('phone', { host: '10.0.1.1', port }, proxy)
    const [before, after] = [await at(40_000), await at(41_000)]
    const phone = { callID: 'r', contact: '<sip:1001@192.168.1.20:5060>', at: '192.168.1.20:5060' }
    await register(before, phone)
    node.say(fromNode('INVITE', 'sip:1001@ringmain', { callID: 'c1' }))
    await world.run(10)
    before.answer(before.requests('INVITE')[0], 200)
    await world.run(10)
    const route = node.responses('INVITE').at(-1)?.header('Record-Route') ?? ''

    await register(after, { ...phone, cseq: 2 })
    const inDialog = { toTag: 'answer', fields: [`Route: ${route}`] }
    node.say(fromNode('BYE', 'sip:1001@192.168.1.20:5060', inDialog))
    await world.run(10)

    expect([before, after].map((one) => one.requests('BYE').length)).toEqual([0, 1])
  })

  it('reaches the server that a carrier has named for a number instead of its own (RFC 3261 §8.1.3.4)', async () => {
    const { cluster, world, proxy, node } = await setUp()
    const at = (host: string) => cluster.udp(host, { host, port: 5060 }, proxy)
    const [carrier, gateway] = [await at('10.9.0.1'), await at('10.9.0.7')]
    const fields = ['X-Ringmain-Trunk: carrier']

    node.say(fromNode('INVITE', 'sip:442079460018@10.9.0.1:5060', { fields }))
    node.say(fromNode('INVITE', 'sip:442079460018@10.9.0.7;gw=2', { callID: 'moved', fields }))
    await world.run(100)

    const reached = [carrier, gateway].map((one) => one.requests('INVITE').map(({ requestURI }) => requestURI))
    expect(reached).toEqual([['sip:442079460018@10.9.0.1:5060'], ['sip:442079460018@10.9.0.7;gw=2']])
    expect(gateway.requests('INVITE')[0]?.header('X-Ringmain-Trunk')).toBeUndefined()
  })

  it('reaches trunks at their address, and answers 503 for a host it cannot resolve', async () => {
    const { cluster, world, proxy, node } = await setUp()
    const carrier = await cluster.udp('carrier', { host: '10.9.0.1', port: 5060 }, proxy)

    node.say(fromNode('INVITE', 'sip:442079460018@10.9.0.1:5060'))
    node.say(fromNode('INVITE', 'sip:442079460018@carrier.example', { callID: 'named' }))
    await world.run(100)

    expect(carrier.requests('INVITE')[0]?.header('Record-Route')).toMatch(/^<sip:10\.0\.0\.1:5060;lr;node=[\w-]+>$/)
    expect(node.statuses('INVITE')).toEqual([503])
  })

  it('goes by a Route of others below its own: an SBC that stayed in the path', async () => {
    const { cluster, world, proxy, node } = await setUp()
    const sbc = await cluster.udp('sbc', { host: '10.0.2.2', port: 5060 }, proxy)
    sbc.say(requestText('INVITE', { callID: 'c1', fields: ['Record-Route: <sip:10.0.2.2:5060;lr>'] }))
    await world.run(10)
    const [ours, theirs] = node.requests('INVITE')[0]?.headers('Record-Route') ?? []

    const uri = 'sip:1001@192.168.1.20'
    node.say(fromNode('BYE', uri, { callID: 'c1', toTag: 'from-c1', fields: [`Route: ${ours}`, `Route: ${theirs}`] }))
    await world.run(10)

    expect(sbc.requests('BYE')[0]?.headers('Route')).toEqual(['<sip:10.0.2.2:5060;lr>'])
    expect(sbc.requests('BYE')[0]?.requestURI).toBe(uri)
  })

  it('takes media.<dc> to a Resource Manager of that data centre, to another when one does not answer', async () => {
    const { cluster, world, proxy, node } = await setUp()
    const managers = [
      await cluster.udp('rm1', { host: '10.0.3.1', port: 5060 }, proxy),
      await cluster.udp('rm2', { host: '10.0.3.2', port: 5060 }, proxy),
    ]
    for (const [index, manager] of managers.entries())
      await cluster.announce(`resource-manager/dc2/rm${index}`, { sip: manager.address })
    await world.run(10)

    node.say(fromNode('INVITE', 'sip:conf=42@media.dc2;play=greeting'))
    node.say(fromNode('INVITE', 'sip:conf=42@media.dc9', { callID: 'nowhere' }))
    await world.run(100)
    const first = managers.find((manager) => manager.requests('INVITE').length > 0)
    const second = managers.find((manager) => manager !== first)
    first?.answer(first.requests('INVITE')[0], 503)
    await world.run(10)

    expect(node.statuses('INVITE')).toEqual([503])
    expect(second?.requests('INVITE')[0]?.requestURI).toBe('sip:conf=42@media.dc2;play=greeting')
  })

  it('resolves the name of a node, which nobody else does', async () => {
    const { cluster, world, proxy, node } = await setUp()
    const node2 = await cluster.node('node2', proxy)

    node.say(fromNode('INVITE', 'sip:x@node2.dc1'))
    await world.run(10)

    expect(node2.requests('INVITE')[0]?.header('Record-Route')).toBeUndefined()
  })
})
