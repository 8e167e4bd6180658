import { describe, expect, it } from 'vitest'
import { NodeWorld, type StartedNode } from '#simulation/node-world.ts'

const q = { thisQueue: '8010' }

async function setUp() {
  const cluster = new NodeWorld()
  await cluster.proxy('proxy1', '10.0.0.1')
  const node = await cluster.node('node1', '10.0.0.11')
  return { cluster, world: cluster.world, node }
}

async function router(cluster: NodeWorld, node: StartedNode, name: string) {
  const client = cluster.client(name, node, 'sessionController')
  await client.connected()
  await client.register('*')
  return client
}

function queued({ calls }: StartedNode) {
  const call = calls.call()
  call.tell('Queued', '8010', q)
  call.tell('RouteRequest', '8010', q)
  return call
}

const requestsOf = (client: { names(dn?: string): string[] }) =>
  client.names('8010').filter((name) => name === 'RouteRequest').length

describe('the session-controller port', () => {
  it('gives EventRouteRequest to one router, and everything else at the routing point to all', async () => {
    const { cluster, world, node } = await setUp()
    const routers = [await router(cluster, node, 'router1'), await router(cluster, node, 'router2')]

    queued(node)
    queued(node)
    await world.run(100)

    expect(routers.map(requestsOf)).toEqual([1, 1])
    expect(routers.map((one) => one.names('8010').filter((name) => name === 'Queued').length)).toEqual([2, 2])
  })

  it('keeps EventRouteRequest until a router registers, and repeats it as it was until the call leaves', async () => {
    const { cluster, world, node } = await setUp()
    const waiting = queued(node)
    queued(node).tell('Abandoned', '8010', q)

    const first = await router(cluster, node, 'router1')
    await world.run(100)
    first.tlib.close()
    await world.run(100)
    const second = await router(cluster, node, 'router2')
    await world.run(100)

    const [told, again] = [first, second].map((one) =>
      one.events.filter((event) => event.name === 'EventRouteRequest').map(({ seq: _seq, ...event }) => event),
    )
    expect(told).toMatchObject([{ connID: waiting.connID, eventNo: 2 }])
    expect(again).toEqual(told)
  })

  it('passes requests about calls to the Session Controller, and its answer to the asker alone', async () => {
    const { cluster, world, node } = await setUp()
    const asker = await router(cluster, node, 'router1')
    const other = cluster.client('other', node, 'tController')
    await other.connected()
    const call = queued(node)
    node.calls.onRequest = (_request, requester) => call.tell('RouteUsed', '8010', q, requester)

    const answer = await asker.ask({
      name: 'RequestRouteCall',
      thisDN: '8010',
      connID: call.connID,
      otherDN: '1001',
    })
    await world.run(100)

    expect(answer).toMatchObject({ name: 'EventRouteUsed', connID: call.connID })
    expect(other.names()).not.toContain('RouteUsed')
    expect(asker.checker.violations).toEqual([])
  })
})

describe('the t-controller port', () => {
  it('tells a monitoring client how everything is, and then every event, those of whole calls too', async () => {
    const { cluster, world, node } = await setUp()
    const phone = await cluster.phone('1001')
    await phone.register()
    queued(node)
    const monitor = cluster.client('monitor', node, 'tController')
    await monitor.connected()
    monitor.tlib.startCallMonitoring()
    await world.run(100)

    const call = queued(node)
    call.tell('CallDataChanged', '8010', { cSeq: 1, thisDNRole: undefined })
    await world.run(100)

    const snapshot = monitor.events.find((event) => event.name === 'EventCallMonitoringStarted')
    expect(snapshot).toMatchObject({
      addresses: [
        { thisDN: '1001', inService: true, node: 'node1.dc1', dc: 'dc1' },
        { thisDN: '8010', inService: true, calls: [{ partyState: 'Queued', thisQueue: '8010' }] },
      ],
    })
    expect(monitor.names().slice(-3)).toEqual(['Queued', 'RouteRequest', 'CallDataChanged'])
  })

  it('tells a client once, however many of its registrations an event matches, and nothing after it has gone', async () => {
    const { cluster, world, node } = await setUp()
    const client = cluster.client('client', node, 'tController')
    await client.connected()
    client.tlib.startCallMonitoring()
    await client.register('8010')
    await client.register('*')
    const passing = cluster.client('passing', node, 'tController')
    await passing.connected()
    await passing.register('8010')
    passing.tlib.unregisterAddress('8010')
    await world.run(100)

    queued(node)
    await world.run(100)

    expect(client.names('8010').filter((name) => name === 'Queued')).toHaveLength(1)
    expect(passing.names('8010')).toEqual(['Registered', 'Unregistered'])
  })

  it('answers queries: the node, a DN, and that a DN does not exist', async () => {
    const { cluster, node } = await setUp()
    const client = cluster.client('client', node, 'tController')
    await client.connected()

    expect(await client.ask({ name: 'RequestQueryServer' })).toMatchObject({
      name: 'EventServerInfo',
      node: 'node1.dc1',
      epoch: 1,
    })
    expect(await client.ask({ name: 'RequestQueryAddress', thisDN: '1002' })).toMatchObject({
      name: 'EventAddressInfo',
      inService: false,
      calls: [],
    })
    expect(await client.ask({ name: 'RequestQueryAddress', thisDN: '7777' })).toMatchObject({ name: 'EventError' })
  })
})

describe('a node', () => {
  it('has a new epoch after every start, in its ConnIDs too', async () => {
    const { cluster, node } = await setUp()
    const before = node.calls.nextConnID()
    cluster.crash('node1', node)

    const again = await cluster.node('node1', '10.0.0.11')

    expect(before).toMatch(/^00010001/)
    expect(again.calls.nextConnID()).toMatch(/^00010002/)
    expect(again.running.entry.epoch).toBe(2)
  })

  it('answers the proxies 503 while it drains, and stops without leaving a port open', async () => {
    const { cluster, world, node } = await setUp()
    await node.running.drain()
    await world.run(2500)
    const health = node.running.health()
    await world.complete(node.running.stop())
    await world.complete(node.running.stop())

    expect(health).toEqual({ status: 'down', reasons: ['draining'] })
    await expect(
      world.complete(world.host('stranger').net.connect(node.running.entry.tlib.tController)),
    ).rejects.toThrow()
    expect(await cluster.phone('1001').then((phone) => phone.register())).toBe(503)
  })
})
