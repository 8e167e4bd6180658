import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { offered, over, queued, route, routedTalk, treat } from './scenes.fixture.ts'

describe('a routed talk', () => {
  it('re-INVITEs the caller once more where that met a glare', async () => {
    const { world, r, caller, agent } = await offered(new World())
    caller.reofferAnswer = 491

    agent.answer()
    await world.run(100)
    caller.reofferAnswer = undefined
    await world.run(5000)
    caller.hangUp()
    await world.run(100)

    expect(caller.heard).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.2.1:10002', 're-INVITE 127.0.2.1:10002'])
    await r.settled()
  })

  it('ends not-acceptable where the caller refuses the agent’s description', async () => {
    const { world, r, caller, agent } = await offered(new World())
    caller.reofferAnswer = 488

    agent.answer()
    await world.run(100)

    await over(r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
  })

  it('bridges both in the media server where it is anchored: no re-INVITE to the caller', async () => {
    const { world, r, caller, agent } = await routedTalk(new World(), { media: 'anchored' })
    agent.hangUp()
    await world.run(100)

    expect(caller.heard).toEqual(['200 127.0.0.9:20000', 'BYE'])
    expect(agent.heard).toEqual(['INVITE nothing', 'ACK 127.0.0.9:20002'])
    expect(new Set(r.media.uris).size).toBe(1)
    expect(r.media.calls.map(({ line }) => line.heard.at(-1)?.slice(0, 3))).toEqual(['BYE', 'BYE'])
    await over(r, { by: 'agent', cause: 'hangup' })
  })

  it('stops the music where it is anchored, so that both hear each other', async () => {
    const { world, r, caller } = await queued(new World(), { media: 'anchored' })
    treat(r, 'Music')
    await world.run(100)

    route(r, '1001')
    await world.run(100)
    r.phone('1001').line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.media.asked.map(({ type }) => type)).toEqual(['dialogstart', 'dialogend'])
    await r.settled()
  })

  it('ends where an anchored phone sends no RTP for 20 s, unless it is held', async () => {
    const { world, r, agent } = await routedTalk(new World(), { media: 'anchored' })
    agent.reinvite('sendonly')
    await world.run(100)
    r.media.silence()
    await world.run(100)
    const held = r.controller.active
    agent.reinvite('sendrecv')
    await world.run(100)
    r.media.silence()
    await world.run(100)

    expect([held, r.controller.active]).toEqual([1, 0])
    await over(r, { by: 'cluster', cause: 'session-expired' })
  })

  it('holds an anchored agent without a re-INVITE to the caller', async () => {
    const { world, r, caller, agent } = await routedTalk(new World(), { media: 'anchored' })
    r.events()

    const hold = r.ask('RequestHoldCall', { thisDN: '1001' })
    await world.run(100)
    const retrieve = r.ask('RequestRetrieveCall', { thisDN: '1001' })
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect([hold.told, retrieve.told]).toEqual([['Held'], ['Retrieved']])
    expect(caller.heard).toEqual(['200 127.0.0.9:20000'])
    expect(agent.heard.slice(-3)).toEqual([
      're-INVITE 127.0.0.9:20002 inactive',
      're-INVITE 127.0.0.9:20002',
      expect.stringContaining('BYE'),
    ])
    await r.settled()
  })

  it('sends digits through the media server where it is anchored', async () => {
    const { world, r, caller } = await routedTalk(new World(), { media: 'anchored' })

    r.ask('RequestSendDtmf', { thisDN: '1001', dtmfDigits: '12' })
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.media.asked.at(-1)).toMatchObject({ generate: { digits: '12' } })
    await r.settled()
  })
})
