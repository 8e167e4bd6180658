import { describe, expect, it } from 'vitest'
import { errors } from '#protocols/tlib/errors.ts'
import { NodeWorld, type StartedNode, type TestClient } from '#simulation/node-world.ts'

/** Two data centres with a proxy and a node each; agent 1001 is registered and ready in the second. */
async function setUp() {
  const cluster = new NodeWorld()
  await cluster.proxy('proxy1', '10.0.0.1', 'dc1')
  await cluster.proxy('proxy2', '10.0.0.2', 'dc2')
  const near = await cluster.node('node1', '10.0.0.11', { dc: 'dc1', number: 1 })
  const owner = await cluster.node('node2', '10.0.0.12', { dc: 'dc2', number: 2 })
  await cluster.world.run(3000)
  const phone = await cluster.phone('1001', '10.0.0.2')
  await phone.register()
  const desktop = await desktopAt(cluster, owner)
  await login(desktop)
  return { cluster, world: cluster.world, near, owner, phone, desktop }
}

async function desktopAt(cluster: NodeWorld, node: StartedNode, name = 'desktop'): Promise<TestClient> {
  const desktop = cluster.client(name, node, 'tController')
  await desktop.connected()
  await desktop.register('1001')
  return desktop
}

async function login(desktop: TestClient) {
  await desktop.ask({ name: 'RequestAgentLogin', thisDN: '1001', agentID: '1001' })
  await desktop.ask({ name: 'RequestAgentReady', thisDN: '1001' })
}

const q = { thisQueue: '8010' }

describe('T-Controllers of several nodes (event flows §14)', () => {
  it('seize a DN at its owner: of two nodes that want it at once, one gets it', async () => {
    const { world, near, owner } = await setUp()

    const replies = await world.complete(
      Promise.all([near.calls.call().seize('1001', 'routed'), owner.calls.call().seize('1001', 'routed')]),
    )

    expect(replies.map((reply) => reply.granted).sort()).toEqual([false, true])
    expect(replies.find((reply) => !reply.granted)).toMatchObject({ cause: 'busy' })
    expect(replies.find((reply) => reply.granted)).toMatchObject({ agentID: '1001', owner: 'node2.dc2' })
  })

  it('relay the events of a call to the clients at the owner, agent events in front where they belong', async () => {
    const { world, near, desktop } = await setUp()
    const call = near.calls.call()

    await world.complete(call.seize('1001', 'routed'))
    call.tell('Queued', '8010', q)
    call.tell('Ringing', '1001', q)
    call.release('1001', 'rejected')
    call.tell('Released', '1001', { ...q, callState: 'Busy' })
    await world.run(200)

    expect(desktop.names('1001').slice(-3)).toEqual(['Ringing', 'AgentNotReady', 'Released'])
    expect(desktop.events.at(-1)).toMatchObject({ connID: call.connID, agentID: '1001' })
    expect(desktop.checker.violations).toEqual([])
  })

  it('fail closed: an owner that cannot be reached lends its DN to nobody', async () => {
    const { world, near } = await setUp()
    world.links.partition(['node1'], ['node2'])
    await world.run(10_000)

    const reply = await world.complete(near.calls.call().seize('1001', 'routed'))

    expect(reply).toEqual({ granted: false, cause: 'owner-unreachable' })
  })

  it('pass a request on to the owner of the DN, and its answer and events back', async () => {
    const { cluster, near, desktop } = await setUp()
    const far = await desktopAt(cluster, near, 'far')

    const answer = await far.ask({ name: 'RequestAgentNotReady', thisDN: '1001', reasons: { reason: 'lunch' } })
    await cluster.world.run(100)

    expect(answer).toMatchObject({ name: 'EventAgentNotReady', reasons: { reason: 'lunch' } })
    expect(far.names('1001').filter((name) => name === 'AgentNotReady')).toHaveLength(1)
    expect(desktop.names('1001').at(-1)).toBe('AgentNotReady')
    expect(far.checker.violations).toEqual([])
  })

  it('pass a request about a call to the node that has it; the event that answers it comes by the owner of the DN', async () => {
    const { world, near, desktop } = await setUp()
    const call = near.calls.call()
    await world.complete(call.seize('1001', 'direct'))
    call.tell('Ringing', '1001')
    near.calls.onRequest = (_request, requester) => call.tell('Established', '1001', {}, requester)

    const answer = await desktop.ask({ name: 'RequestAnswerCall', thisDN: '1001', connID: call.connID })
    const unknown = await desktop.ask({ name: 'RequestAnswerCall', thisDN: '1001', connID: '0009000100000001' })

    expect(answer).toMatchObject({ name: 'EventEstablished', connID: call.connID })
    expect(desktop.names('1001').filter((name) => name === 'Established')).toHaveLength(1)
    expect(unknown).toMatchObject({ name: 'EventError', errorCode: errors.invalidConnID.code })
  })

  it('hand a DN over to the node where its phone registers last, with its agent and its calls', async () => {
    const { cluster, world, near, owner, desktop } = await setUp()
    const call = owner.calls.call()
    await call.seize('1001', 'direct')
    call.tell('Ringing', '1001')
    const phone = await cluster.phone('1001', '10.0.0.1')

    await phone.register()
    await world.run(200)
    const at = await desktopAt(cluster, near, 'moved')
    const second = await near.calls.call().seize('1001', 'direct')

    expect(at.events.at(-1)).toMatchObject({ inService: true, agentID: '1001', agentStatus: 'Ready' })
    expect(second).toEqual({ granted: false, cause: 'busy' })
    expect(desktop.names('1001').at(-1)).toBe('DNBackInService')
  })

  it.each([
    ['at once: the first DN', 0, ['AgentReady', 'AgentLogout']],
    [
      'one after the other, while they do not hear each other: where he did something last',
      100,
      ['AgentLogout', 'AgentReady'],
    ],
  ])('keep an agent who logs in at two of them %s', async (_, later, last) => {
    const { cluster, world, near, owner } = await setUp()
    await (await cluster.phone('1003', '10.0.0.1')).register()
    await (await cluster.phone('1004', '10.0.0.2')).register()
    const here = cluster.client('here', near, 'tController')
    const there = cluster.client('there', owner, 'tController')
    for (const client of [here, there]) await client.connected()
    await here.register('1003')
    await there.register('1004')
    const login = (client: TestClient, thisDN: string) => {
      client.tlib.request({ name: 'RequestAgentLogin', thisDN, agentID: '1005' })
      client.tlib.request({ name: 'RequestAgentReady', thisDN })
    }

    world.links.partition(['node1'], ['node2'])
    login(here, '1003')
    await world.run(later)
    login(there, '1004')
    await world.run(100)
    world.links.heal(['node1'], ['node2'])
    await world.run(3000)
    const again = await there.ask({ name: 'RequestAgentLogin', thisDN: '1004', agentID: '1005' })

    expect(here.names('1003')).toContain('AgentReady')
    expect(there.names('1004')).toContain('AgentReady')
    expect([here.names('1003').at(-1), there.names('1004').at(-1)]).toEqual(last)
    expect(again).toMatchObject({ name: 'EventError', errorCode: errors.agentLoggedIn.code })
  })

  it('free a DN whose call was on a node that is lost', async () => {
    const { cluster, world, near, owner } = await setUp()
    await world.complete(near.calls.call().seize('1001', 'direct'))
    cluster.crash('node1', near)

    await world.run(30_000)
    const reply = await owner.calls.call().seize('1001', 'direct')

    expect(reply).toMatchObject({ granted: false, cause: 'out-of-service' })
  })
})
