import { describe, expect, it } from 'vitest'
import { ProxyWorld, registerText, requestText } from '#simulation/proxy-world.ts'
import type { ScriptedNode } from '#simulation/sip-peers.ts'

const callToPhone = () =>
  requestText('INVITE', { uri: 'sip:1001@ringmain', user: 'c', at: 'node1.dc1', transport: 'TCP' })

async function setUp(limits: object = {}) {
  const cluster = new ProxyWorld()
  const proxy = await cluster.proxy('proxy1', '10.0.0.1', { limits })
  const node = await cluster.node('node1', proxy)
  const phone = await cluster.udp('phone', { host: '10.0.1.1', port: 5060 }, proxy)
  const { world } = cluster
  const register = async (options: Parameters<typeof registerText>[1] = {}, seconds = 60) => {
    phone.say(registerText('1001', { callID: 'r', ...options }))
    await world.run(10)
    grant(node, seconds)
    await world.run(10)
    return phone.responses('REGISTER').at(-1)
  }
  const call = async () => {
    node.say(callToPhone())
    await world.run(10)
    return node.responses('INVITE').at(-1)?.status
  }
  return { cluster, world, proxy, node, phone, register, call }
}

/** The node agrees to the newest REGISTER: what it asks for, as it asks for it. */
function grant(node: ScriptedNode, seconds: number) {
  const request = node.requests('REGISTER').at(-1)
  const kept = request?.header('Expires') === '0' ? [] : (request?.headers('Contact') ?? [])
  const contacts = kept.map((contact) => ['Contact', `${contact};expires=${seconds}`] as const)
  node.answer(request, 200, contacts)
}

describe('SIP Proxy as registrar', () => {
  it('stores what a REGISTER asks for only after the 200 of the node that authenticates it', async () => {
    const { world, node, phone, call } = await setUp()

    phone.say(registerText('1001'))
    await world.run(10)
    const before = await call()
    node.answer(node.requests('REGISTER')[0], 401, [['WWW-Authenticate', 'Digest realm="ringmain", nonce="1"']])
    await world.run(10)
    const challenged = await call()
    phone.say(registerText('1001', { cseq: 2 }))
    await world.run(10)
    grant(node, 60)
    await world.run(10)
    node.say(callToPhone())
    await world.run(10)

    expect([before, challenged]).toEqual([480, 480])
    expect(phone.statuses('REGISTER')).toEqual([401, 200])
    expect(phone.requests('INVITE')[0]?.requestURI).toBe('sip:1001@10.0.1.1:5060')
  })

  it('asks the owner of the DN: the same node for all its REGISTERs, whatever their Call-ID', async () => {
    const { cluster, world, proxy, node, phone } = await setUp()
    const node2 = await cluster.node('node2', proxy)

    for (let dn = 1000; dn < 1030; dn++)
      for (const again of [1, 2]) phone.say(registerText(String(dn), { callID: `${dn}-${again}` }))
    await world.run(10)

    const owned = (one: ScriptedNode) => new Set(one.requests('REGISTER').map((request) => request.header('To')))
    expect(owned(node).size + owned(node2).size).toBe(30)
    expect(owned(node2).size).toBeGreaterThan(5)
    expect(node.requests('REGISTER').length + node2.requests('REGISTER').length).toBe(60)
  })

  it('lists all bindings in the 200 with the seconds that are left (RFC 3261 §10.3 step 8)', async () => {
    const { world, register } = await setUp()

    await register({ contact: '<sip:1001@10.0.1.1:5060>;q=0.5' })
    await world.run(10_000)
    const ok = await register({ callID: 'r2', contact: '<sip:1001@10.0.1.7:5060>' })

    expect(ok?.headers('Contact')).toEqual([
      '<sip:1001@10.0.1.1:5060>;q=0.5;expires=50',
      '<sip:1001@10.0.1.7:5060>;expires=60',
    ])
  })

  it('grants as long as the node does, and forgets the phone when that is over', async () => {
    const { world, phone, register, call } = await setUp()

    const ok = await register({ expires: 3600 }, 30)
    await world.run(29_000)
    await call()
    const rung = phone.requests('INVITE').length
    await world.run(1_500)
    const after = await call()

    expect(ok?.headers('Contact')).toEqual(['<sip:1001@10.0.1.1:5060>;expires=30'])
    expect(rung).toBe(1)
    expect(after).toBe(480)
  })

  it('removes one contact with Expires 0, and all with *', async () => {
    const { register, call } = await setUp()

    await register()
    await register({ callID: 'other', contact: '<sip:1001@10.0.1.7:5060>' })
    const one = await register({ cseq: 2, expires: 0 })
    const all = await register({ cseq: 3, expires: 0, contact: '*' })

    expect(one?.headers('Contact')).toEqual(['<sip:1001@10.0.1.7:5060>;expires=60'])
    expect(all?.headers('Contact')).toEqual([])
    expect(await call()).toBe(480)
  })

  it('tells the bindings to a REGISTER without Contact, and changes nothing', async () => {
    const { register } = await setUp()

    await register()
    const ok = await register({ cseq: 2, contact: '' })

    expect(ok?.headers('Contact')).toEqual(['<sip:1001@10.0.1.1:5060>;expires=60'])
  })

  it('refuses a REGISTER that comes after a later one of its Call-ID (RFC 3261 §10.3 step 7)', async () => {
    const { node, register } = await setUp()

    await register({ cseq: 7 })
    const late = await register({ cseq: 6 })

    expect(late?.status).toBe(500)
    expect(node.requests('REGISTER')).toHaveLength(1)
  })

  it('keeps the Path and gives it back: calls go by it (RFC 3327 §5.3, §5.5)', async () => {
    const { world, node, phone, register } = await setUp()
    const fields = ['Supported: path', 'Path: <sip:10.0.1.1:5060;lr>']

    const ok = await register({ contact: '<sip:1001@192.168.7.7:5060>', fields })
    node.say(callToPhone())
    await world.run(10)

    expect(ok?.headers('Path')).toEqual(['<sip:10.0.1.1:5060;lr>'])
    const invite = phone.requests('INVITE')[0]
    expect(invite?.requestURI).toBe('sip:1001@192.168.7.7:5060')
    expect(invite?.headers('Route')).toEqual(['<sip:10.0.1.1:5060;lr>'])
    // The edge is in the route set by itself: no flow is marked.
    expect(invite?.header('Record-Route')).not.toContain('flow=')
  })

  it('follows no Path to an address that did not send the REGISTER', async () => {
    const { cluster, world, proxy, node, phone, register } = await setUp()
    const victim = await cluster.udp('victim', { host: '10.0.9.9', port: 5060 }, proxy)

    await register({ fields: ['Supported: path', 'Path: <sip:10.0.9.9:5060;lr>'] })
    node.say(callToPhone())
    await world.run(10)

    expect(victim.heard).toEqual([])
    expect(phone.requests('INVITE')).toHaveLength(1)
  })

  it('reaches a phone behind a NAT where its REGISTER came from, not where its Contact says (RFC 3581, RFC 5626)', async () => {
    const { world, node, phone, register } = await setUp()

    await register({ at: '192.168.1.20:5060' })
    node.say(callToPhone())
    await world.run(10)
    phone.answer(phone.requests('INVITE')[0], 200, [], '<sip:1001@192.168.1.20:5060>')
    await world.run(10)
    const route = node.responses('INVITE').at(-1)?.header('Record-Route') ?? ''
    const uri = 'sip:1001@192.168.1.20:5060'
    const at = { at: 'node1.dc1', transport: 'TCP', toTag: 'answer' }
    node.say(requestText('BYE', { uri, fields: [`Route: ${route}`], ...at }))
    await world.run(10)

    expect(phone.requests('INVITE')[0]?.requestURI).toBe('sip:1001@192.168.1.20:5060')
    expect(phone.requests('BYE')[0]?.header('Route')).toBeUndefined()
  })

  it('reaches a phone that sends from another port than it listens on where its Contact says (§10.3)', async () => {
    const { cluster, world, proxy, node, register } = await setUp()
    const listening = await cluster.udp('listening', { host: '10.0.1.1', port: 7000 }, proxy)

    await register({ contact: '<sip:1001@10.0.1.1:7000>' })
    node.say(callToPhone())
    await world.run(10)

    expect(listening.requests('INVITE')).toHaveLength(1)
  })

  it.each([
    ['* with a lifetime', { contact: '*', expires: 60 }, 400],
    ['a Contact that is none', { contact: '<sip:1001@10.0.1.1' }, 400],
    ['a To of another domain', { to: 'sip:1001@elsewhere.example' }, 404],
    ['a registrar that is not ours', { uri: 'sip:elsewhere.example' }, 403],
  ])('refuses %s', async (_what, options, status) => {
    const { world, node, phone } = await setUp()

    phone.say(registerText('1001', options))
    await world.run(10)

    expect(phone.statuses('REGISTER')).toEqual([status])
    expect(node.requests('REGISTER')).toEqual([])
  })

  it('keeps the newest contacts of a phone that has a new address at each start', async () => {
    const { world, register } = await setUp({ contacts: 3 })
    let ok = await register()

    for (let start = 1; start <= 5; start++) {
      await world.run(1000)
      ok = await register({ callID: `start${start}`, contact: `<sip:1001@10.0.1.1:${6000 + start}>` })
    }

    const ports = ok?.headers('Contact').map((contact) => contact.replace(/.*:(\d+)>.*/, '$1'))
    expect(ports?.sort()).toEqual(['6003', '6004', '6005'])
  })

  it('takes no further address-of-record beyond its limit, and still those it knows', async () => {
    const { world, phone, register } = await setUp({ aors: 1 })

    await register()
    phone.say(registerText('1002'))
    await world.run(10)
    const known = await register({ cseq: 2 })

    expect(phone.responses('REGISTER').map(({ status }) => status)).toEqual([200, 503, 200])
    expect(known?.status).toBe(200)
  })
})
