import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { callUUID, connID, inbound, setUp } from '../centre.fixture.ts'

describe('the event stream', () => {
  const types = (heard: { type: string }[]) => heard.map(({ type }) => type)

  it('begins with a snapshot and tells each event once, with the T-Library event it comes from', async () => {
    const centre = await setUp(new World(11))
    const { signIn, open, publish, put, world } = centre
    const call = inbound(centre)
    const { socket, heard } = await open('/api/v1/events')
    socket.send(JSON.stringify({ token: await signIn('1001') }))
    await world.run(100)

    publish(...call.queued(), ...call.ringing(), ...call.established(), ...call.ended())
    await world.run(100)
    put('1002', 'ready')
    await world.run(1000)

    expect(types(heard)).toEqual([
      'snapshot',
      ...['call.queued', 'call.party.changed', 'call.ringing', 'call.established', 'call.released', 'call.released'],
      ...['agent.state.changed', 'queue.stats'],
    ])
    expect(heard[3]).toMatchObject({
      subject: callUUID,
      data: { event: 'EventRinging', connID, thisDN: '1002', call: { state: 'ringing', agentId: '1002' } },
    })
    expect(heard[6]?.data).toMatchObject({ event: 'EventCallDeleted', ending: { by: 'customer', cause: 'hangup' } })
    expect(heard.slice(1).map(({ seq }, index) => seq - (heard[0]?.seq ?? 0) - index)).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
  })

  it('goes on from where a client was, or with a snapshot when that is too long ago', async () => {
    const centre = await setUp(new World(11))
    const { signIn, open, publish, world } = centre
    const call = inbound(centre)
    const token = await signIn('1001')
    const follow = async (since?: number) => {
      const { socket, heard } = await open('/api/v1/events')
      socket.send(JSON.stringify({ token, ...(since !== undefined && { since }) }))
      await world.run(100)
      return { socket, heard }
    }
    const first = await follow()
    publish(...call.queued())
    await world.run(100)
    first.socket.terminate()
    publish(...call.ringing())
    await world.run(100)

    const again = await follow(first.heard.at(-1)?.seq)
    const stranger = await follow(5)

    expect(types(again.heard)).toEqual(['call.party.changed', 'call.ringing'])
    expect(types(stranger.heard)).toEqual(['snapshot'])
    expect(stranger.heard[0]?.data.calls).toMatchObject([{ callUUID, state: 'ringing' }])
  })

  it('begins with a snapshot for who comes back after a minute in which nobody followed', async () => {
    const centre = await setUp(new World(11))
    const { signIn, open, publish, world } = centre
    const call = inbound(centre)
    const token = await signIn('1001')
    const first = await open('/api/v1/events')
    first.socket.send(JSON.stringify({ token }))
    await world.run(100)
    first.socket.terminate()
    await world.run(61_000)
    publish(...call.queued())
    await world.run(100)

    const again = await open('/api/v1/events')
    again.socket.send(JSON.stringify({ token, since: first.heard.at(-1)?.seq }))
    await world.run(100)

    expect(types(again.heard)).toEqual(['snapshot'])
    expect(again.heard[0]?.data.calls).toMatchObject([{ callUUID, state: 'queued' }])
  })

  it('tells agents of their own calls only', async () => {
    const centre = await setUp(new World(11))
    const { signIn, open, publish, put, world } = centre
    const call = inbound(centre)
    put('1002', 'ready')
    const follow = async (username: string) => {
      const { socket, heard } = await open('/api/v1/events')
      socket.send(JSON.stringify({ token: await signIn(username) }))
      return heard
    }
    const [agent, stranger] = [await follow('1002'), await follow('1003')]
    await world.run(100)

    publish(...call.queued(), ...call.ringing(), ...call.established())
    await world.run(2000)

    expect(types(agent).filter((type) => type.startsWith('call'))).toEqual(['call.ringing', 'call.established'])
    expect(types(stranger).filter((type) => type.startsWith('call'))).toEqual([])
  })

  it('tells an offer that was missed, and nodes that come and go', async () => {
    const { signIn, open, publish, world, port, now } = await setUp(new World(11))
    const { socket, heard } = await open('/api/v1/events')
    socket.send(JSON.stringify({ token: await signIn('1003') }))
    await world.run(100)

    const agent = { thisDN: '1002', agentID: '1002', time: now(), ownerEpoch: 1 }
    publish(
      { name: 'EventAgentLogin', ...agent, eventNo: 1 },
      { name: 'EventAgentNotReady', ...agent, eventNo: 2, workMode: 'AuxWork', reasons: { 'no-answer': '' } },
    )
    await world.run(100)
    port.close()
    await world.run(1000)

    expect(heard.slice(1, 4)).toMatchObject([
      { type: 'agent.offer.missed', subject: '1002', data: { reason: 'no-answer' } },
      { type: 'connection.changed', subject: 'node1', data: { connected: false } },
      { type: 'connection.changed', subject: 'node1', data: { connected: true } },
    ])
  })

  it.each([
    ['no JSON', 'hello', 4400],
    ['no token', '{}', 4400],
    ['a token of nobody', '{"token":"x.y"}', 4401],
  ])('closes for %s', async (_what, frame, code) => {
    const { open, world } = await setUp(new World(11))
    const { socket, end } = await open('/api/v1/events')

    socket.send(frame)
    await world.run(100)

    expect(end.code).toBe(code)
  })

  it('closes for a client that says nothing, one that is gone, and one whose token is over', async () => {
    const { open, world, signIn } = await setUp(new World(11))
    const silent = await open('/api/v1/events')
    await world.run(6000)
    const follower = await open('/api/v1/events')
    follower.socket.send(JSON.stringify({ token: await signIn('1003') }))

    await world.run(12 * 3_600_000 - 60_000)
    const still = follower.end.code
    await world.run(120_000)

    expect([silent.end.code, still, follower.end.code]).toEqual([4400, undefined, 4401])
  })
})
