import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { freshRig, offered, over, queued, route, treat } from './scenes.fixture.ts'

describe('a call to a routing point (event flows §3)', () => {
  it('is queued, a router is asked, and the caller is answered by the media server', async () => {
    const { world, r, caller } = await queued(new World())
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(['Queued 8010', 'RouteRequest 8010'])
    expect(caller.heard).toEqual(['200 127.0.0.9:20000'])
    expect(r.media.uris[0]).toMatch(/^sip:conf=[0-9a-f-]{36}@media\.dc1;first$/)
    expect(r.published.find(({ name }) => name === 'EventRouteRequest')).toMatchObject({
      thisDN: '8010',
      thisQueue: '8010',
      otherDN: '+442079460018',
      callType: 'Inbound',
    })
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('is routed: seized, RouteUsed, Diverted, Ringing in the turn of the INVITE; one re-INVITE joins both', async () => {
    const { world, r, caller, agent, asked } = await offered(new World())
    const rung = r.events()
    agent.answer()
    await world.run(100)
    const established = r.events()
    agent.hangUp()
    await world.run(100)

    expect(rung).toEqual(['RouteUsed 8010', 'Diverted 8010', 'Ringing 1001'])
    expect(asked.told).toEqual(['RouteUsed'])
    expect(established).toEqual(['Established 1001'])
    expect(caller.heard).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.2.1:10002', 'BYE'])
    expect(agent.heard).toEqual(['INVITE 127.0.3.1:10002', 'ACK'])
    expect(r.media.call.line.heard).toEqual(['ACK', 'BYE'])
    expect(r.events()).toEqual(['Released 1001'])
    expect(r.owners.log).toEqual(['seize 1001 routed r1', 'release 1001 ended'])
    expect(r.published.find(({ name }) => name === 'EventRinging')).toMatchObject({
      thisQueue: '8010',
      agentID: 'agent1001',
      otherDN: '+442079460018',
    })
    await over(r, { by: 'agent', cause: 'hangup' })
  })

  it('tells the caller from inside Established only when the agent answers', async () => {
    const { world, r } = await freshRig(new World())
    const caller = r.phone('1003').dial('8010')
    await world.run(100)
    route(r, '1001')
    await world.run(100)
    const before = r.events()
    r.phone('1001').line.answer()
    await world.run(100)
    const after = r.events()
    caller.hangUp()
    await world.run(100)

    expect(before).toEqual([
      'Dialing 1003',
      'Queued 8010',
      'RouteRequest 8010',
      'RouteUsed 8010',
      'Diverted 8010',
      'Ringing 1001',
    ])
    expect(after).toEqual(['Established 1003', 'Established 1001'])
    expect(r.events()).toEqual(['Released 1003', 'Released 1001'])
  })

  it('stays queued where the owner refuses the DN, and the router hears why', async () => {
    const { world, r, caller } = await queued(new World())
    r.events()
    r.owners.refusals.set('1001', 'reserved')

    const asked = route(r, '1001')
    const second = route(r, '1002')
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['Error 42 the resource is in use: 1001'])
    expect(second.told).toEqual(['RouteUsed'])
    expect(r.events().slice(0, 3)).toEqual(['RouteUsed 8010', 'Diverted 8010', 'Ringing 1002'])
  })

  it('gives back what an owner grants after the caller has left', async () => {
    const { world, r, caller } = await queued(new World())
    r.owners.slow.set('1001', () => {})

    const asked = route(r, '1001')
    const twice = route(r, '1002')
    caller.hangUp()
    await world.run(100)
    r.owners.slow.get('1001')?.()

    expect(asked.told[0]).toContain('Error 56')
    expect(twice.told[0]).toContain('Error 93')
    expect(r.owners.log.at(-1)).toBe('release 1001 unused')
  })

  it('lets an agent answer before the media server: the caller has its 200 from there, then one re-INVITE', async () => {
    const { world, r } = await freshRig(new World())
    r.media.slow = true
    const caller = r.carrier.dial('8010')
    await world.run(100)
    r.phone('1001').onCall = (line) => line.answer()
    route(r, '1001')
    await world.run(100)
    const before = [...caller.heard]
    r.media.call.line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(before).toEqual([])
    expect(caller.heard).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.2.1:10002'])
  })

  it('lets an agent answer whom the media server then refuses: the two talk without it', async () => {
    const { world, r } = await freshRig(new World())
    r.media.slow = true
    const caller = r.carrier.dial('8010')
    await world.run(100)
    r.phone('1001').onCall = (line) => line.answer()
    route(r, '1001')
    await world.run(100)

    r.media.call.line.reject(488)
    await world.run(100)
    const heard = [...caller.heard]
    caller.hangUp()

    expect(heard).toEqual(['200 127.0.2.1:10002'])
  })

  it('carries a late offer of the caller to the media server and to the agent', async () => {
    const { world, r, caller } = await queued(new World(), {}, true)

    route(r, '1001')
    await world.run(100)
    r.phone('1001').line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.media.call.line.heard).toEqual(['ACK 127.0.3.1:10002', 'BYE'])
    expect(r.phone('1001').line.heard).toEqual(['INVITE 127.0.3.1:10002', 'ACK', 'BYE'])
    expect(caller.heard).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.2.1:10002'])
  })

  it('goes on to another routing point, with a queue time of its own', async () => {
    const { world, r, caller } = await queued(new World())
    r.events()

    const asked = route(r, '8001')
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['RouteUsed'])
    expect(events).toEqual(['RouteUsed 8010', 'Diverted 8010', 'Queued 8001', 'RouteRequest 8001'])
    expect(r.media.uris).toHaveLength(1)
  })

  it('goes out to a trunk where the router says so', async () => {
    const { world, r, caller } = await queued(new World())

    route(r, '442079460099')
    await world.run(100)
    r.carrier.line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(caller.heard).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.3.1:10004'])
  })

  it('goes to a service number', async () => {
    const { world, r } = await queued(new World())
    r.events()

    route(r, '8901')
    await world.run(100)
    const events = r.events()
    r.media.call.line.hangUp()
    await world.run(100)

    expect(events).toEqual(['RouteUsed 8010', 'Diverted 8010', 'Ringing 8901', 'Established 8901'])
    await over(r, { by: 'cluster', cause: 'completed' })
  })

  it('takes the default destination where no router takes the call up', async () => {
    const { world, r, caller } = await queued(new World(), { defaultDestination: '1002' })
    r.events()

    await world.run(11_000)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(['RouteUsed 8010', 'Diverted 8010', 'Ringing 1002'])
  })

  it('tries a default destination that is busy again, with music meanwhile', async () => {
    const { world, r, caller } = await queued(new World(), { defaultDestination: '1002' })
    r.owners.refusals.set('1002', 'busy')
    r.events()

    await world.run(21_000)
    const waiting = r.events()
    r.owners.refusals.delete('1002')
    await world.run(10_000)
    const events = r.events()
    caller.hangUp()

    expect(waiting).toEqual(['TreatmentApplied 8010'])
    expect(events).toEqual(['RouteUsed 8010', 'Diverted 8010', 'Ringing 1002'])
  })

  it('plays music to who is the default destination himself', async () => {
    const { world, r } = await freshRig(new World(), { defaultDestination: '1002' })
    const caller = r.phone('1002').dial('8010')
    await world.run(11_000)
    caller.hangUp()

    expect(r.events()).toContain('TreatmentApplied 8010')
  })

  it('tries the default destination no more when a router has taken the call up after all', async () => {
    const { world, r, caller } = await queued(new World(), { defaultDestination: '1002' })
    r.owners.refusals.set('1002', 'busy')
    await world.run(11_000)
    r.owners.refusals.delete('1002')
    treat(r, 'Music')
    await world.run(100)
    r.events()

    await world.run(30_000)
    const events = r.events()
    caller.hangUp()

    expect(events).toEqual([])
  })

  it('plays music where no router takes the call up and there is nowhere else to go', async () => {
    const { world, r, caller } = await queued(new World())
    r.events()

    await world.run(11_000)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(['TreatmentApplied 8010'])
  })

  it('tells a router 71 for a number that leads nowhere', async () => {
    const { world, r, caller } = await queued(new World())

    const asked = route(r, '77')
    caller.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['Error 71 the destination does not exist: 77'])
  })
})
