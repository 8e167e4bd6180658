import { describe, expect, it } from 'vitest'
import type { ReceivedEvent } from '#protocols/tlib/published.ts'
import { NodeWorld, type StartedNode, type TestClient } from '#simulation/node-world.ts'

const q = { thisQueue: '8010' }

async function setUp() {
  const cluster = new NodeWorld()
  await cluster.proxy('proxy1', '10.0.0.1')
  const node = await cluster.node('node1', '10.0.0.11')
  return { cluster, world: cluster.world, node }
}

/** A call that is queued and abandoned, two events; the second may wait. */
function begin({ calls }: StartedNode) {
  const call = calls.call()
  call.tell('Queued', '8010', q)
  return () => call.tell('Abandoned', '8010', q)
}
const whole = (node: StartedNode) => begin(node)()

const isOfCall = (
  event: ReceivedEvent,
): event is ReceivedEvent & { callUUID: string; eventNo: number; position: number } =>
  'callUUID' in event && 'position' in event
const keys = (client: TestClient) =>
  client.events.filter(isOfCall).map(({ callUUID, eventNo }) => `${callUUID} ${eventNo}`)
const positions = (client: TestClient) => client.events.filter(isOfCall).map(({ position }) => position)

/** Acknowledges everything it was told. */
function acknowledge(client: TestClient): void {
  client.tlib.request({ name: 'RequestAcknowledge', position: (positions(client).at(-1) ?? 0) + 1 })
}

describe('Interaction Proxy', () => {
  it('tells every pool every event, each with its position in the spool, in the turn in which it happens', async () => {
    const { cluster, world, node } = await setUp()
    const one = cluster.client('one', node, 'interactionProxy', { pool: 'icon1' })
    const other = cluster.client('other', node, 'interactionProxy', { pool: 'icon2' })
    await one.connected()
    await other.connected()

    whole(node)
    await world.run(10)

    expect(positions(one)).toEqual([1, 2])
    expect(positions(other)).toEqual([1, 2])
    expect(one.checker.violations).toEqual([])
  })

  it('gives each call to one client of a pool, all its events in order', async () => {
    const { cluster, world, node } = await setUp()
    const clients = ['a', 'b'].map((name) => cluster.client(name, node, 'interactionProxy', { pool: 'icon' }))
    for (const client of clients) await client.connected()

    const ends = [begin(node), begin(node), begin(node), begin(node)]
    for (const end of ends.reverse()) end()
    await world.run(100)

    const told = clients.map(keys)
    expect(told.flat()).toHaveLength(8)
    for (const share of told) {
      expect(share).toHaveLength(4)
      const uuids = new Set(share.map((key) => key.split(' ')[0]))
      for (const uuid of uuids)
        expect(share.filter((key) => key.startsWith(`${uuid} `))).toEqual([`${uuid} 1`, `${uuid} 2`])
    }
  })

  it('tells what a lost client had not acknowledged to the other one, before anything newer of the same calls', async () => {
    const { cluster, world, node } = await setUp()
    const [a, b] = ['a', 'b'].map((name) => cluster.client(name, node, 'interactionProxy', { pool: 'icon' }))
    if (!a || !b) throw new Error('two clients')
    await a.connected()
    await b.connected()
    const ends = [begin(node), begin(node), begin(node), begin(node)]
    await world.run(50)
    acknowledge(b)
    await world.run(50)

    a.tlib.close()
    for (const end of ends) end()
    await world.run(200)

    expect(keys(b)).toHaveLength(8)
    expect(new Set(keys(b)).size).toBe(8)
    const last = new Map<string, number>()
    for (const { callUUID, eventNo } of b.events.filter(isOfCall)) {
      expect(eventNo).toBe((last.get(callUUID) ?? 0) + 1)
      last.set(callUUID, eventNo)
    }
  })

  it('loses nothing of a lost client, whatever position the last one of the pool comes back with', async () => {
    const { cluster, world, node } = await setUp()
    const [a, b] = ['a', 'b'].map((name) => cluster.client(name, node, 'interactionProxy', { pool: 'icon' }))
    if (!a || !b) throw new Error('two clients')
    await a.connected()
    await b.connected()
    for (let call = 0; call < 4; call++) whole(node)
    await world.run(50)
    const left = keys(a)

    a.tlib.close()
    await world.run(50)
    // Told b last, the events of a are those before b's own.
    b.tlib.request({ name: 'RequestAcknowledge', position: Math.min(...positions(a)) })
    await world.run(50)
    b.tlib.close()
    const after = cluster.client('after', node, 'interactionProxy', { pool: 'icon', from: () => 9 })
    await after.connected()
    await world.run(100)

    expect(left).toHaveLength(4)
    expect(keys(after)).toEqual(expect.arrayContaining(left))
  })

  it('tells a pool that comes back exactly what it had not acknowledged', async () => {
    const { cluster, world, node } = await setUp()
    const before = cluster.client('before', node, 'interactionProxy', { pool: 'icon' })
    await before.connected()
    whole(node)
    await world.run(50)
    acknowledge(before)
    await world.run(50)
    before.tlib.close()
    whole(node)
    await world.run(50)

    const after = cluster.client('after', node, 'interactionProxy', { pool: 'icon' })
    await after.connected()
    await world.run(100)

    expect(positions(before)).toEqual([1, 2])
    expect(positions(after)).toEqual([3, 4])
  })

  it('answers an acknowledgement without a position, which only events of the stream have', async () => {
    const { cluster, node } = await setUp()
    const client = cluster.client('client', node, 'interactionProxy')
    await client.connected()

    const answer = await client.ask({ name: 'RequestAcknowledge', position: 1 })

    expect(answer).toMatchObject({ name: 'EventACK' })
    expect(answer).not.toHaveProperty('position')
  })

  it('keeps the position of a pool over a restart of the node, and no position stands for two events', async () => {
    const { cluster, world, node } = await setUp()
    const before = cluster.client('before', node, 'interactionProxy', { pool: 'icon' })
    await before.connected()
    whole(node)
    whole(node)
    await world.run(1000)
    before.tlib.request({ name: 'RequestAcknowledge', position: 3 })
    await world.run(6000)
    before.tlib.close()
    cluster.crash('node1', node)

    const again = await cluster.node('node1', '10.0.0.11')
    const after = cluster.client('after', again, 'interactionProxy', { pool: 'icon' })
    await after.connected()
    whole(again)
    await world.run(200)

    expect(positions(after).slice(0, 2)).toEqual([3, 4])
    expect(positions(after)).toHaveLength(4)
    expect(positions(after)[2]).toBeGreaterThan(10_000)
  })

  it('says that the disk fails, goes on with calls, and tells every pool everything once the disk is well again', async () => {
    const { cluster, world, node } = await setUp()
    const client = cluster.client('client', node, 'interactionProxy', { pool: 'icon' })
    await client.connected()
    world.failDisk('node1', 'no space left')

    for (let call = 0; call < 11_000; call++) whole(node)
    await world.run(3000)
    const during = { health: node.running.health(), told: positions(client).length }
    world.failDisk('node1')
    await world.run(10_000)

    expect(during.health).toMatchObject({ status: 'degraded', reasons: [expect.stringContaining('no space left')] })
    expect(during.told).toBeLessThan(22_000)
    expect(positions(client)).toEqual(Array.from({ length: 22_000 }, (_, index) => index + 1))
    expect(node.running.health().status).toBe('ok')
  })

  it('tells a client from the position it names, which its database knows best', async () => {
    const { cluster, world, node } = await setUp()
    whole(node)
    whole(node)
    await world.run(100)

    const client = cluster.client('client', node, 'interactionProxy', { pool: 'icon', from: () => 4 })
    await client.connected()
    await world.run(100)

    expect(client.events[0]).toMatchObject({ name: 'EventServerConnected' })
    expect(client.events.find((event) => event.name === 'EventLinkConnected')).toMatchObject({ position: 4 })
    expect(positions(client)).toEqual([4])
  })
})
