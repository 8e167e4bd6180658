import { describe, expect, it } from 'vitest'
import { ProxyWorld, requestText } from '#simulation/proxy-world.ts'

const number = '4420794600'
const uri = `sip:${number}@carrier.example`
const srv = (target: string, priority: number) => ({ target, priority, weight: 0, port: 5060 })

/** What a node sends. */
const fromNode = (method: string, more: Parameters<typeof requestText>[1] = {}) =>
  requestText(method, { uri, user: 'c', at: 'node1.dc1', transport: 'TCP', contact: '<sip:c@node1.dc1>', ...more })

/** A carrier of two servers, at 10.9.0.1 and 10.9.0.2. */
async function setUp() {
  const cluster = new ProxyWorld()
  const proxy = await cluster.proxy('proxy1', '10.0.0.1')
  const node = await cluster.node('node1', proxy)
  const { world } = cluster
  const { nameServers } = world
  nameServers.set('_sip._udp.carrier.example', 'SRV', [srv('a.carrier.example', 10), srv('b.carrier.example', 20)])
  nameServers.set('a.carrier.example', 'A', ['10.9.0.1'])
  nameServers.set('b.carrier.example', 'A', ['10.9.0.2'])
  const [first, second] = [
    await cluster.udp('10.9.0.1', { host: '10.9.0.1', port: 5060 }, proxy),
    await cluster.udp('10.9.0.2', { host: '10.9.0.2', port: 5060 }, proxy),
  ]
  return { world, nameServers, node, first, second }
}

describe('SIP Proxy, to hosts that are names', () => {
  it('sends to the first server that the DNS names (RFC 3263 §4.2)', async () => {
    const { world, node, first, second } = await setUp()

    node.say(fromNode('INVITE'))
    await world.run(100)
    first.answer(first.requests('INVITE')[0], 200)
    await world.run(100)

    expect(first.requests('INVITE')[0]?.requestURI).toBe(uri)
    expect(second.heard).toEqual([])
    expect(node.statuses('INVITE')).toEqual([200])
  })

  it('tries the next server after a 503, and it first for the next call (§4.3)', async () => {
    const { world, node, first, second } = await setUp()

    node.say(fromNode('INVITE'))
    await world.run(100)
    first.answer(first.requests('INVITE')[0], 503)
    await world.run(100)
    second.answer(second.requests('INVITE')[0], 200)
    await world.run(100)
    node.say(fromNode('INVITE'))
    await world.run(100)

    expect(node.statuses('INVITE')).toEqual([200])
    expect([first, second].map((server) => server.requests('INVITE').length)).toEqual([1, 2])
  })

  it('tries the next server 4 s after one that says nothing, and cancels there what comes of it later', async () => {
    const { world, node, first, second } = await setUp()

    node.say(fromNode('INVITE'))
    await world.run(4_200)
    second.answer(second.requests('INVITE')[0], 200)
    await world.run(100)
    first.answer(first.requests('INVITE')[0], 180)
    await world.run(100)

    expect(node.statuses('INVITE')).toEqual([200])
    expect(first.requests('CANCEL')).toHaveLength(1)
  })

  it('stays with a server that says 100, however long it takes', async () => {
    const { world, node, first, second } = await setUp()

    node.say(fromNode('INVITE'))
    await world.run(100)
    first.answer(first.requests('INVITE')[0], 100)
    await world.run(20_000)

    expect(second.heard).toEqual([])
  })

  it('passes on any other answer, without asking the next server', async () => {
    const { world, node, first, second } = await setUp()

    node.say(fromNode('INVITE'))
    await world.run(100)
    first.answer(first.requests('INVITE')[0], 408)
    await world.run(100)

    expect(node.statuses('INVITE')).toEqual([408])
    expect(second.heard).toEqual([])
  })

  it('answers 503 where the DNS knows no such host, and where it hangs, in bounded time', async () => {
    const { world, nameServers, node } = await setUp()

    node.say(fromNode('INVITE', { uri: 'sip:1@nobody.example' }))
    await world.run(100)
    nameServers.state = 'silent'
    node.say(fromNode('INVITE', { uri: 'sip:1@hanging.example' }))
    await world.run(11_000)

    expect(node.statuses('INVITE')).toEqual([503, 503])
  })

  it('takes a CANCEL while it looks a host up: nothing is sent', async () => {
    const { world, nameServers, node } = await setUp()
    nameServers.state = 'silent'
    const call = { callID: 'hangs', branch: 'z9hG4bKhangs', uri: 'sip:1@hanging.example' }

    node.say(fromNode('INVITE', call))
    await world.run(500)
    node.say(fromNode('CANCEL', call))
    await world.run(100)
    const soon = node.statuses('INVITE')
    await world.run(20_000)

    expect(node.statuses('CANCEL')).toEqual([200])
    expect(soon).toEqual([487])
    expect(node.statuses('INVITE')).toEqual([487])
  })

  it('sends an ACK to a name, too, though it has to be looked up first', async () => {
    const { world, node, first } = await setUp()

    node.say(fromNode('ACK', { toTag: 'x' }))
    await world.run(100)

    expect(first.requests('ACK')).toHaveLength(1)
  })

  it('sends to numeric hosts without a question', async () => {
    const { world, nameServers, node, first } = await setUp()

    node.say(fromNode('INVITE', { uri: `sip:${number}@10.9.0.1:5060` }))
    await world.run(10)

    expect(first.requests('INVITE')).toHaveLength(1)
    expect(nameServers.asked).toEqual([])
  })
})
