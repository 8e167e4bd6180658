import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { endingOf, type Line, type Rig, rig, type Setting } from './rig.fixture.ts'

/** A caller from outside has dialled 8010 and hears the media server. */
async function queued(setting: Setting = {}, late = false) {
  const world = new World()
  const r = await rig(world, setting)
  r.owners.agents.add('1001')
  r.owners.agents.add('1002')
  const caller = r.carrier.dial('8010', { late })
  await world.run(100)
  return { world, r, caller }
}

const route = (r: Rig, otherDN: string, more: object = {}) =>
  r.ask('RequestRouteCall', { thisDN: '8010', otherDN, ...more })
const treat = (r: Rig, treatmentType: string, treatmentParameters: object = {}) =>
  r.ask('RequestApplyTreatment', { thisDN: '8010', treatmentType, treatmentParameters })

/** The call has been routed to 1001, whose phone rings. */
async function offered(setting: Setting = {}) {
  const all = await queued(setting)
  all.r.events()
  const asked = route(all.r, '1001', { reservationID: 'r1' })
  await all.world.run(100)
  return { ...all, asked, agent: all.r.phone('1001').line }
}

async function talking(setting: Setting = {}) {
  const all = await offered(setting)
  all.agent.answer()
  await all.world.run(100)
  return all
}

const over = async (r: Rig, ending: object) => {
  expect(endingOf(r)).toEqual(ending)
  await r.settled()
}
const heard = (line: Line) => line.heard

describe('a call to a routing point (event flows §3)', () => {
  it('is queued, a router is asked, and the caller is answered by the media server', async () => {
    const { world, r, caller } = await queued()
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(['Queued 8010', 'RouteRequest 8010'])
    expect(heard(caller)).toEqual(['200 127.0.0.9:20000'])
    expect(r.media.uris[0]).toMatch(/^sip:conf=[0-9a-f-]{36}@media\.dc1$/)
    expect(r.published.find(({ name }) => name === 'EventRouteRequest')).toMatchObject({
      thisDN: '8010',
      thisQueue: '8010',
      otherDN: '+442079460018',
      callType: 'Inbound',
    })
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('is routed: seized, RouteUsed, Diverted, Ringing in the turn of the INVITE; one re-INVITE joins both', async () => {
    const { world, r, caller, agent, asked } = await offered()
    const rung = r.events()
    agent.answer()
    await world.run(100)
    const established = r.events()
    agent.hangUp()
    await world.run(100)

    expect(rung).toEqual(['RouteUsed 8010', 'Diverted 8010', 'Ringing 1001'])
    expect(asked.told).toEqual(['RouteUsed'])
    expect(established).toEqual(['Established 1001'])
    expect(heard(caller)).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.2.1:10002', 'BYE'])
    expect(heard(agent)).toEqual(['INVITE 127.0.3.1:10002', 'ACK'])
    expect(heard(r.media.call.line)).toEqual(['ACK', 'BYE'])
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
    const world = new World()
    const r = await rig(world)
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
    await r.settled()
  })

  it('stays queued where the owner refuses the DN, and the router hears why', async () => {
    const { world, r, caller } = await queued()
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
    await r.settled()
  })

  it('gives back what an owner grants after the caller has left', async () => {
    const { world, r, caller } = await queued()
    r.owners.slow.set('1001', () => {})

    const asked = route(r, '1001')
    const twice = route(r, '1002')
    caller.hangUp()
    await world.run(100)
    r.owners.slow.get('1001')?.()

    expect(asked.told[0]).toContain('Error 56')
    expect(twice.told[0]).toContain('Error 93')
    expect(r.owners.log.at(-1)).toBe('release 1001 unused')
    await r.settled()
  })

  it('lets an agent answer before the media server: the caller has its 200 from there, then one re-INVITE', async () => {
    const world = new World()
    const r = await rig(world)
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
    expect(heard(caller)).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.2.1:10002'])
    await r.settled()
  })

  it('carries a late offer of the caller to the media server and to the agent', async () => {
    const { world, r, caller } = await queued({}, true)

    route(r, '1001')
    await world.run(100)
    r.phone('1001').line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(heard(r.media.call.line)).toEqual(['ACK 127.0.3.1:10002', 'BYE'])
    expect(heard(r.phone('1001').line)).toEqual(['INVITE 127.0.3.1:10002', 'ACK', 'BYE'])
    expect(heard(caller)).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.2.1:10002'])
    await r.settled()
  })

  it('goes on to another routing point, with a queue time of its own', async () => {
    const { world, r, caller } = await queued()
    r.events()

    const asked = route(r, '8001')
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['RouteUsed'])
    expect(events).toEqual(['RouteUsed 8010', 'Diverted 8010', 'Queued 8001', 'RouteRequest 8001'])
    expect(r.media.uris).toHaveLength(1)
    await r.settled()
  })

  it('goes out to a trunk where the router says so', async () => {
    const { world, r, caller } = await queued()

    route(r, '442079460099')
    await world.run(100)
    r.carrier.line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(heard(caller)).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.3.1:10004'])
    await r.settled()
  })

  it('goes to a service number', async () => {
    const { world, r } = await queued()
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
    const { world, r, caller } = await queued({ defaultDestination: '1002' })
    r.events()

    await world.run(11_000)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(['RouteUsed 8010', 'Diverted 8010', 'Ringing 1002'])
    await r.settled()
  })

  it('plays music where no router takes the call up and there is nowhere else to go', async () => {
    const { world, r, caller } = await queued()
    r.events()

    await world.run(11_000)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(['TreatmentApplied 8010'])
    await r.settled()
  })

  it('tells a router 71 for a number that leads nowhere', async () => {
    const { world, r, caller } = await queued()

    const asked = route(r, '77')
    caller.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['Error 71 the destination does not exist: 77'])
    await r.settled()
  })
})

describe('treatments', () => {
  it('plays a greeting, then music, in the one media dialog', async () => {
    const { world, r, caller } = await queued()
    r.events()

    const greeting = treat(r, 'PlayAnnouncement', { prompt: 'greeting' })
    await world.run(100)
    r.media.exit('t1', { play: 'play.complete' })
    await world.run(100)
    const music = treat(r, 'Music', { prompt: 'music' })
    await world.run(100)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect([greeting.told, music.told]).toEqual([['TreatmentApplied'], ['TreatmentApplied']])
    expect(events).toEqual(['TreatmentApplied 8010', 'TreatmentEnd 8010', 'TreatmentApplied 8010'])
    expect(r.media.asked).toMatchObject([
      { name: 't1', play: { prompts: ['greeting'], iterate: 1 } },
      { name: 't2', play: { prompts: ['music'], iterate: Number.POSITIVE_INFINITY } },
    ])
    expect(r.media.calls).toHaveLength(1)
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('collects digits', async () => {
    const { world, r, caller } = await queued()

    treat(r, 'PlayAnnouncementAndDigits', {
      prompt: 'menu-sales',
      maxDigits: 1,
      firstDigitTimeout: 6000,
      bargeIn: true,
    })
    await world.run(100)
    r.media.exit('t1', { play: 'play.complete.barge', digits: '2', collect: 'dtmf.match' })
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.media.asked[0]).toMatchObject({ play: { barge: true }, collect: { max: 1, firstDigitTimeout: 6000 } })
    expect(r.published.find(({ name }) => name === 'EventTreatmentEnd')).toMatchObject({
      collectedDigits: '2',
      lastCollectedDigit: '2',
    })
    await r.settled()
  })

  it('waits for the media server where the router is quicker', async () => {
    const world = new World()
    const r = await rig(world)
    const caller = r.carrier.dial('8010')
    await world.run(0)
    await world.run(1)

    const asked = treat(r, 'Music')
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['TreatmentApplied'])
    await r.settled()
  })

  it('ends a finite treatment where another one begins', async () => {
    const { world, r, caller } = await queued()
    r.events()

    treat(r, 'PlayAnnouncement', { prompt: 'greeting' })
    await world.run(100)
    treat(r, 'Silence')
    await world.run(100)
    r.media.exit('t1', { play: 'play.terminated' })
    await world.run(100)
    const events = r.events()
    caller.hangUp()

    expect(events).toEqual(['TreatmentApplied 8010', 'TreatmentEnd 8010', 'TreatmentApplied 8010'])
    expect(r.media.asked.map(({ type }) => type)).toEqual(['dialogstart', 'dialogend'])
    await r.settled()
  })

  it('begins while the call is already being routed, and stops for the agent where it is anchored', async () => {
    const { world, r, caller } = await queued({ media: 'anchored' })
    r.events()

    const asked = treat(r, 'Music')
    route(r, '1001')
    await world.run(100)
    const events = r.events()
    r.phone('1001').line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['TreatmentApplied'])
    expect(events).toEqual(['TreatmentApplied 8010', 'RouteUsed 8010', 'Diverted 8010', 'Ringing 1001'])
    expect(r.media.asked.map(({ type }) => type)).toEqual(['dialogstart', 'dialogend'])
    await r.settled()
  })

  it.each([
    ['Music', { prompt: '../secret' }, 200],
    ['PlayAnnouncement', {}, 200],
    ['PlayAnnouncement', { prompt: 'nowhere' }, 430],
    ['RecordUserAnnouncement', {}, 200],
  ])('tells that %s with %j did not begin', async (type, parameters, result) => {
    const { world, r, caller } = await queued()
    r.media.result = result

    const asked = treat(r, type, parameters)
    await world.run(100)
    caller.hangUp()

    expect(asked.told).toEqual(['TreatmentNotApplied'])
    await r.settled()
  })

  it('are made elsewhere when the media server is lost; the caller stays', async () => {
    const { world, r, caller } = await queued()
    treat(r, 'Music')
    await world.run(100)

    r.media.call.line.hangUp()
    await world.run(1000)
    caller.hangUp()
    await world.run(100)

    expect(r.media.calls).toHaveLength(2)
    expect(r.media.asked.map((one) => one.name)).toEqual(['t1', 't1'])
    expect(heard(caller)).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.0.9:20002'])
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('are tried again where a media server takes nobody, and an agent can be had all the same', async () => {
    const world = new World()
    const r = await rig(world)
    r.media.status = 503
    const caller = r.carrier.dial('8010')
    await world.run(1000)

    route(r, '1001')
    await world.run(100)
    r.phone('1001').line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.media.calls.length).toBeGreaterThan(2)
    expect(heard(caller)).toEqual(['200 127.0.2.1:10002'])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('end the call with 488 where the media server has no codec of the caller’s', async () => {
    const world = new World()
    const r = await rig(world)
    r.media.status = 488

    const caller = r.carrier.dial('8010')
    await world.run(100)

    expect(heard(caller)).toEqual(['488'])
    await over(r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
  })
})

describe('a caller who leaves (event flows §4)', () => {
  it.each([
    ['PlayAnnouncement', { prompt: 'greeting' }, 'abandoned-greeting'],
    ['PlayAnnouncementAndDigits', { prompt: 'menu-sales' }, 'abandoned-ivr'],
    ['Music', {}, 'abandoned-queue'],
  ])('in %s', async (type, parameters, cause) => {
    const { world, r, caller } = await queued()
    treat(r, type, parameters)
    await world.run(100)
    r.events()

    caller.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Abandoned 8010'])
    await over(r, { by: 'customer', cause })
  })

  it('while the agent’s phone rings', async () => {
    const { world, r, caller, agent } = await offered()
    r.events()

    caller.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Abandoned 1001'])
    expect(agent.heard.at(-1)).toContain('CANCEL')
    expect(r.owners.log.at(-1)).toBe('release 1001 unused')
    await over(r, { by: 'customer', cause: 'abandoned-ringing' })
  })

  it('from inside: the queue first, then the caller', async () => {
    const world = new World()
    const r = await rig(world)
    const caller = r.phone('1003').dial('8010')
    await world.run(100)
    r.events()

    caller.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Abandoned 8010', 'Released 1003'])
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('before the media server has answered', async () => {
    const world = new World()
    const r = await rig(world)
    r.media.slow = true
    const caller = r.carrier.dial('8010')
    // §17.2.1: without a provisional response there is nothing to cancel; 100 comes after 200 ms.
    await world.run(300)

    caller.cancel()
    await world.run(100)

    expect(heard(r.media.call.line).at(-1)).toContain('CANCEL')
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('without a word: probed, and taken for gone', async () => {
    const { world, r } = await queued()

    world.crash('carrier')
    await world.run(55_000)

    await over(r, { by: 'cluster', cause: 'session-expired' })
  })
})

describe('an offer that is missed (event flows §5)', () => {
  const missed = ['Released 1001 Redirected', 'Queued 8010', 'RouteRequest 8010']

  it('after 15 s: back to the head of the queue with its first time', async () => {
    const { world, r, caller, agent } = await offered()
    r.events()

    await world.run(15_100)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(missed)
    expect(agent.heard.at(-1)).toContain('CANCEL')
    expect(r.owners.log).toContain('release 1001 no-answer')
    const times = r.published.flatMap((event) => (event.name === 'EventQueued' ? [event.enterTime] : []))
    expect(times[0]).toBe(times[1])
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it.each([486, 603, 500])('where the phone answers %i', async (status) => {
    const { world, r, caller, agent } = await offered()
    r.events()

    agent.reject(status)
    await world.run(100)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(missed)
    expect(r.owners.log).toContain('release 1001 rejected')
    await r.settled()
  })

  it('where the phone unregisters while it rings', async () => {
    const { world, r, caller } = await offered()
    r.events()

    r.controller.withdraw(r.connID(), '1001')
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(missed)
    expect(r.owners.log).toContain('release 1001 out-of-service')
    await r.settled()
  })

  it('where the agent declines by request; the next agent gets it', async () => {
    const { world, r, caller } = await offered()
    r.events()

    const asked = r.ask('RequestReleaseCall', { thisDN: '1001' })
    await world.run(100)
    route(r, '1002')
    await world.run(100)
    r.phone('1002').line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['Released'])
    expect(r.events().slice(0, 3)).toEqual(missed)
    expect(heard(caller)).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.2.2:10002'])
    await r.settled()
  })

  it('leaves an agent alone who answers as the offer is withdrawn', async () => {
    const { world, r, caller, agent } = await offered()

    agent.answer()
    r.controller.withdraw(r.connID(), '1001')
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(agent.heard.some((one) => one.startsWith('BYE'))).toBe(true)
    await r.settled()
  })
})

describe('a routed talk', () => {
  it('re-INVITEs the caller once more where that met a glare', async () => {
    const { world, r, caller, agent } = await offered()
    caller.reofferAnswer = 491

    agent.answer()
    await world.run(100)
    caller.reofferAnswer = undefined
    await world.run(5000)
    caller.hangUp()
    await world.run(100)

    expect(heard(caller)).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.2.1:10002', 're-INVITE 127.0.2.1:10002'])
    await r.settled()
  })

  it('ends not-acceptable where the caller refuses the agent’s description', async () => {
    const { world, r, caller, agent } = await offered()
    caller.reofferAnswer = 488

    agent.answer()
    await world.run(100)

    await over(r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
  })

  it('bridges both in the media server where it is anchored: no re-INVITE to the caller', async () => {
    const { world, r, caller, agent } = await talking({ media: 'anchored' })
    agent.hangUp()
    await world.run(100)

    expect(heard(caller)).toEqual(['200 127.0.0.9:20000', 'BYE'])
    expect(heard(agent)).toEqual(['INVITE nothing', 'ACK 127.0.0.9:20002'])
    expect(new Set(r.media.uris).size).toBe(1)
    expect(r.media.calls.map(({ line }) => line.heard.at(-1)?.slice(0, 3))).toEqual(['BYE', 'BYE'])
    await over(r, { by: 'agent', cause: 'hangup' })
  })

  it('stops the music where it is anchored, so that both hear each other', async () => {
    const { world, r, caller } = await queued({ media: 'anchored' })
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
    const { world, r, agent } = await talking({ media: 'anchored' })
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
    const { world, r, caller, agent } = await talking({ media: 'anchored' })
    r.events()

    const hold = r.ask('RequestHoldCall', { thisDN: '1001' })
    await world.run(100)
    const retrieve = r.ask('RequestRetrieveCall', { thisDN: '1001' })
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect([hold.told, retrieve.told]).toEqual([['Held'], ['Retrieved']])
    expect(heard(caller)).toEqual(['200 127.0.0.9:20000'])
    expect(heard(agent).slice(-3)).toEqual([
      're-INVITE 127.0.0.9:20002 inactive',
      're-INVITE 127.0.0.9:20002',
      expect.stringContaining('BYE'),
    ])
    await r.settled()
  })

  it('sends digits through the media server where it is anchored', async () => {
    const { world, r, caller } = await talking({ media: 'anchored' })

    r.ask('RequestSendDtmf', { thisDN: '1001', dtmfDigits: '12' })
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.media.asked.at(-1)).toMatchObject({ generate: { digits: '12' } })
    await r.settled()
  })
})

describe('service numbers', () => {
  it.each([
    ['8900', 'sip:echo@media.dc1'],
    ['8901', 'sip:annc@media.dc1;play=announcement'],
    ['8902', 'sip:annc@media.dc1;play=music;repeat=forever'],
  ])('%s is answered by %s', async (number, uri) => {
    const world = new World()
    const r = await rig(world)

    const caller = r.phone('1001').dial(number)
    await world.run(100)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(r.media.uris).toEqual([uri])
    expect(events).toEqual(['Dialing 1001', `Ringing ${number}`, 'Established 1001', `Established ${number}`])
    expect(r.callBased().some((event) => 'extensions' in event && event.extensions?.Service !== undefined)).toBe(true)
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('8901 ends completed when it has been played', async () => {
    const world = new World()
    const r = await rig(world)
    r.carrier.dial('8901')
    await world.run(100)

    r.media.call.line.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Ringing 8901', 'Established 8901', 'Released 8901'])
    await over(r, { by: 'cluster', cause: 'completed' })
  })

  it('ends with an error where no media server takes it', async () => {
    const world = new World()
    const r = await rig(world)
    r.media.status = 503

    const caller = r.carrier.dial('8900')
    await world.run(100)

    expect(heard(caller)).toEqual(['500'])
    await over(r, { by: 'cluster', cause: 'error', status: 500 })
  })
})
