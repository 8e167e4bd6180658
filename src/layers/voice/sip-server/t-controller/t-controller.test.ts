import { describe, expect, it } from 'vitest'
import type { Asked } from '#protocols/tlib/client.ts'
import { errors } from '#protocols/tlib/errors.ts'
import { NodeWorld, type TestClient } from '#simulation/node-world.ts'

const q = { thisQueue: '8010' }

/** A node with its proxy, a desktop that registered the DN of an agent, and that agent's phone, registered. */
async function setUp(dn = '1001') {
  const cluster = new NodeWorld()
  const { world } = cluster
  await cluster.proxy('proxy1', '10.0.0.1')
  const node = await cluster.node('node1', '10.0.0.11')
  const desktop = cluster.client('desktop', node, 'tController')
  const concentrator = cluster.client('concentrator', node, 'interactionProxy')
  await desktop.connected()
  await concentrator.connected()
  await desktop.register(dn)
  const phone = await cluster.phone(dn)
  await phone.register()
  const end = () => {
    expect(desktop.checker.violations).toEqual([])
    expect(concentrator.checker.violations).toEqual([])
  }
  return { cluster, world, node, desktop, phone, end }
}

const login = (desktop: TestClient, dn = '1001', agentID = dn) =>
  desktop.ask({ name: 'RequestAgentLogin', thisDN: dn, agentID })
const ready = (desktop: TestClient, dn = '1001') => desktop.ask({ name: 'RequestAgentReady', thisDN: dn })
const reserve = (dn: string, more: Partial<Asked> = {}): Asked =>
  ({ name: 'RequestReserveAgent', thisDN: dn, timeout: 5000, reservationID: 'r1', ...more }) as Asked

describe('T-Controller', () => {
  it('logs an agent in without login objects: the agent is the person, and starts not ready', async () => {
    const { desktop, end } = await setUp()

    const answer = await login(desktop)
    await ready(desktop)

    expect(answer).toMatchObject({ name: 'EventAgentLogin', agentID: '1001' })
    expect(desktop.names('1001').slice(-3)).toEqual(['AgentLogin', 'AgentNotReady', 'AgentReady'])
    end()
  })

  it('refuses a login of nobody known, on a DN taken, out of service or unknown, and of an agent who is elsewhere', async () => {
    const { cluster, desktop, end } = await setUp()
    const other = await cluster.phone('1002')
    await other.register()
    await login(desktop)

    const codes = []
    for (const [dn, agentID] of [
      ['1001', '1002'],
      ['1002', '1001'],
      ['1002', '9999'],
      ['1003', '1003'],
      ['7777', '1003'],
    ] as const) {
      const answer = await login(desktop, dn, agentID)
      codes.push(answer.name === 'EventError' && answer.errorCode)
    }

    expect(codes).toEqual(
      (['agentLoggedIn', 'agentLoggedIn', 'invalidAgent', 'outOfService', 'unknownDN'] as const).map(
        (name) => errors[name].code,
      ),
    )
    end()
  })

  it('keeps a DN in service until its last contact is gone, and makes the agent ready again when it is back in time', async () => {
    const { cluster, world, desktop, phone, end } = await setUp()
    const second = await cluster.phone('1001')
    await second.register()
    await login(desktop)
    await ready(desktop)

    await phone.register(0)
    await world.run(100)
    const stillThere = desktop.names('1001').at(-1)
    await second.register(0)
    await world.run(100)
    const gone = desktop.names('1001').slice(-2)
    await second.register()
    await world.run(100)

    expect(stillThere).toBe('AgentReady')
    expect(gone).toEqual(['DNOutOfService', 'AgentNotReady'])
    expect(desktop.events.findLast((event) => event.name === 'EventAgentNotReady')).toMatchObject({
      reasons: { reason: 'out-of-service' },
    })
    expect(desktop.names('1001').slice(-2)).toEqual(['DNBackInService', 'AgentReady'])
    end()
  })

  it('takes a DN out of service when its phone vanishes: its registration expires', async () => {
    const { world, desktop } = await setUp()

    await world.run(29_000)
    const before = desktop.names('1001').at(-1)
    await world.run(2000)

    expect(before).toBe('DNBackInService')
    expect(desktop.names('1001').at(-1)).toBe('DNOutOfService')
  })

  it('puts a missed offer before the end of the call, and the agent to Not Ready with the reason', async () => {
    const { node, desktop, world, end } = await setUp()
    await login(desktop)
    await ready(desktop)
    const call = node.calls.call()

    const reply = await call.seize('1001', 'routed')
    call.tell('Queued', '8010', q)
    call.tell('RouteUsed', '8010', q)
    call.tell('Diverted', '8010', q)
    call.tell('Ringing', '1001', q)
    call.release('1001', 'no-answer')
    call.tell('Released', '1001', { ...q, callState: 'Redirected' })
    await world.run(100)

    expect(reply).toEqual({ granted: true, agentID: '1001', owner: 'node1.dc1', ipVersion: 4 })
    expect(desktop.names('1001').slice(-3)).toEqual(['Ringing', 'AgentNotReady', 'Released'])
    expect(desktop.events.at(-2)).toMatchObject({ reasons: { reason: 'no-answer' }, workMode: 'AuxWork' })
    expect(desktop.events.at(-1)).toMatchObject({ agentID: '1001' })
    end()
  })

  it('puts after-call work before the end of a business call, and the agent back to Ready after it', async () => {
    const { node, desktop, world, end } = await setUp('1003')
    await login(desktop, '1003')
    await ready(desktop, '1003')
    const call = node.calls.call()
    await call.seize('1003', 'direct')
    call.tell('Ringing', '1003')
    call.tell('Established', '1003')

    call.release('1003', 'ended')
    call.tell('Released', '1003')
    await world.run(4900)
    const during = desktop.names('1003').slice(-2)
    await world.run(200)

    expect(during).toEqual(['AgentNotReady', 'Released'])
    expect(desktop.events.at(-3)).toMatchObject({
      workMode: 'AfterCallWork',
      extensions: { WrapUpTime: 5 },
      connID: call.connID,
      callUUID: call.callUUID,
    })
    expect(desktop.names('1003').at(-1)).toBe('AgentReady')
    end()
  })

  it('leaves the login state alone after a direct internal call', async () => {
    const { node, desktop, world } = await setUp('1003')
    await login(desktop, '1003')
    await ready(desktop, '1003')
    const call = node.calls.call('Internal')
    await call.seize('1003', 'direct')
    call.tell('Ringing', '1003')
    call.tell('Established', '1003')

    call.release('1003', 'ended')
    call.tell('Released', '1003')
    await world.run(100)

    expect(desktop.names('1003').slice(-3)).toEqual(['Ringing', 'Established', 'Released'])
  })

  it('grants a reservation, holds others off while it lasts, and tells its end', async () => {
    const { cluster, node, desktop, world, end } = await setUp()
    await login(desktop)
    await ready(desktop)
    const router = cluster.client('router', node, 'tController')
    await router.connected()

    const granted = await router.ask(reserve('1001', { connID: '000100010000ffff' }))
    const second = await router.ask(reserve('1001', { reservationID: 'r2' }))
    const taken = await node.calls.call().seize('1001', 'routed')
    await world.run(5100)

    expect(granted).toMatchObject({ name: 'EventAgentReserved', reservationID: 'r1', timeout: 5000 })
    expect(second).toMatchObject({ name: 'EventError', errorCode: errors.resourceSeized.code })
    expect(taken).toEqual({ granted: false, cause: 'reserved' })
    expect(desktop.events.at(-1)).toMatchObject({ name: 'EventAgentReserved', extensions: { Ended: 'timeout' } })
    expect(await node.calls.call().seize('1001', 'routed')).toMatchObject({ granted: true })
    end()
  })

  it('gives an agent for whom several routers have calls to the best bid: priority, then enter time', async () => {
    const { cluster, node, desktop, world } = await setUp()
    await login(desktop)
    const routers = ['router1', 'router2', 'router3'].map((name) => cluster.client(name, node, 'tController'))
    for (const router of routers) await router.connected()
    for (const router of routers) await router.ask(reserve('1001'))
    await ready(desktop)
    const bids = [
      { priority: 1, enterTime: '2026-01-01T00:00:00.000Z' },
      { priority: 2, enterTime: '2026-01-01T00:00:09.000Z' },
      { priority: 2, enterTime: '2026-01-01T00:00:05.000Z' },
    ]

    for (const [index, router] of routers.entries())
      router.tlib.request(reserve('1001', { ...bids[index], reservationID: `r${index}` }))
    await world.run(100)

    expect(desktop.events.at(-1)).toMatchObject({ name: 'EventAgentReserved', reservationID: 'r2' })
    expect(routers.map((router) => router.events.at(-1)?.name)).toEqual([
      'EventError',
      'EventError',
      'EventAgentReserved',
    ])
  })

  it('frees a DN whose call the Session Controller does not have any more, so that nobody stays stuck', async () => {
    const { node, desktop, world } = await setUp()
    await login(desktop)
    await ready(desktop)
    const call = node.calls.call()
    await call.seize('1001', 'routed')
    const live = await node.calls.call().seize('1001', 'direct')
    await world.run(11_000)
    const held = await node.calls.call().seize('1001', 'direct')
    node.calls.held.clear()
    await world.run(11_000)

    expect(live).toEqual({ granted: false, cause: 'busy' })
    expect(held).toEqual({ granted: false, cause: 'busy' })
    expect(await node.calls.call().seize('1001', 'direct')).toMatchObject({ granted: true })
  })

  it('withdraws an offer whose phone unregisters, after the agent is not ready for that reason', async () => {
    const { node, desktop, phone, world } = await setUp()
    await login(desktop)
    await ready(desktop)
    const call = node.calls.call()
    await call.seize('1001', 'routed')

    await phone.register(0)
    await world.run(100)

    expect(node.calls.withdrawn).toEqual([`${call.connID} 1001`])
    expect(desktop.names('1001').slice(-2)).toEqual(['DNOutOfService', 'AgentNotReady'])
  })

  it('refuses to seize what is not there: not configured, not registered', async () => {
    const { node } = await setUp()
    const call = node.calls.call()

    expect(await call.seize('7777', 'direct')).toEqual({ granted: false, cause: 'not-found' })
    expect(await call.seize('1002', 'direct')).toEqual({ granted: false, cause: 'out-of-service' })
    expect(await call.seize('1002', 'originate')).toMatchObject({ granted: true })
  })

  it('answers every request of T-Library, the ones that do not act yet with "not available yet"', async () => {
    const { desktop } = await setUp()

    const answer = await desktop.ask({ name: 'RequestSetDNDOn', thisDN: '1001' })

    expect(answer).toMatchObject({ name: 'EventError', errorCode: errors.unsupported.code })
    expect(answer.name === 'EventError' && answer.errorMessage).toContain('not available yet')
  })

  it('tells a client that registers how the DN is: agent, state, calls with party state and role', async () => {
    const { cluster, node, desktop } = await setUp()
    await login(desktop)
    await ready(desktop)
    const call = node.calls.call()
    await call.seize('1001', 'direct')
    call.tell('Ringing', '1001', { otherDN: '+441', ani: '+441' })
    const late = cluster.client('late', node, 'tController')
    await late.connected()

    const snapshot = await late.register('1001')

    expect(snapshot).toMatchObject({
      inService: true,
      agentID: '1001',
      agentStatus: 'Ready',
      calls: [{ connID: call.connID, partyState: 'Alerting', role: 'Destination', otherDN: '+441', ani: '+441' }],
    })
  })
})
