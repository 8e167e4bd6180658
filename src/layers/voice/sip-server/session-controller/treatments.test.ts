import { describe, expect, it } from 'vitest'
import { msmlType } from '#protocols/media/msml/msml.ts'
import { World } from '#simulation/world.ts'
import { freshRig, over, queued, route, treat } from './scenes.fixture.ts'

describe('treatments', () => {
  it('plays a greeting, then music, in the one media dialog', async () => {
    const { world, r, caller } = await queued(new World())
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
    const { world, r, caller } = await queued(new World())

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
  })

  it('hear the digits that the caller’s phone sends by INFO, and the phone hears the media server’s answer', async () => {
    const { world, r, caller } = await queued(new World())
    treat(r, 'CollectDigits', { maxDigits: 2 })
    await world.run(100)

    caller.send('INFO', [], { type: 'application/dtmf-relay', bytes: Buffer.from('Signal=5\r\nDuration=160\r\n') })
    await world.run(100)
    caller.send('INFO', [], { type: 'application/dtmf', bytes: Buffer.from('#') })
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.media.digits).toEqual(['5', '#'])
    expect(caller.heard.slice(1, 3)).toEqual(['INFO 200', 'INFO 200'])
  })

  it.each([
    ['MSML', msmlType, '<msml version="1.1"><dialogend id="conn:self/dialog:t1"/></msml>'],
    ['anything else', 'text/plain', '5'],
  ])('are not told %s that a phone sends', async (_what, type, text) => {
    const { world, r, caller } = await queued(new World())
    treat(r, 'Music')
    await world.run(100)

    caller.send('INFO', [], { type, bytes: Buffer.from(text) })
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.media.asked.map((one) => one.type)).toEqual(['dialogstart'])
    expect(r.media.digits).toEqual([])
    expect(caller.heard.slice(1, 2)).toEqual(['INFO 415'])
  })

  it('waits for the media server where the router is quicker', async () => {
    const { world, r } = await freshRig(new World())
    const caller = r.carrier.dial('8010')
    await world.run(0)
    await world.run(1)

    const asked = treat(r, 'Music')
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['TreatmentApplied'])
  })

  it('ends a finite treatment where another one begins', async () => {
    const { world, r, caller } = await queued(new World())
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
  })

  it('begins while the call is already being routed, and stops for the agent where it is anchored', async () => {
    const { world, r, caller } = await queued(new World(), { media: 'anchored' })
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
  })

  it.each([
    ['Music', { prompt: '../secret' }, 200],
    ['PlayAnnouncement', {}, 200],
    ['PlayAnnouncement', { prompt: 'nowhere' }, 430],
    ['RecordUserAnnouncement', {}, 200],
  ])('tells that %s with %j did not begin', async (type, parameters, result) => {
    const { world, r, caller } = await queued(new World())
    r.media.result = result

    const asked = treat(r, type, parameters)
    await world.run(100)
    caller.hangUp()

    expect(asked.told).toEqual(['TreatmentNotApplied'])
  })

  it('are made elsewhere when the media server is lost; the caller stays', async () => {
    const { world, r, caller } = await queued(new World())
    treat(r, 'Music')
    await world.run(100)

    r.media.call.line.hangUp()
    await world.run(1000)
    caller.hangUp()
    await world.run(100)

    expect(r.media.calls).toHaveLength(2)
    expect(r.media.asked.map((one) => one.name)).toEqual(['t1', 't1'])
    expect(caller.heard).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.0.9:20002'])
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('are tried again where a media server takes nobody, and an agent can be had all the same', async () => {
    const { world, r } = await freshRig(new World())
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
    expect(caller.heard).toEqual(['200 127.0.2.1:10002'])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it.each([
    ['has no codec of the caller’s', 488],
    ['cannot read the caller’s description', 400],
  ])('end the call with 488 where the media server %s', async (_what, status) => {
    const { world, r } = await freshRig(new World())
    r.media.status = status

    const caller = r.carrier.dial('8010')
    await world.run(100)

    expect(caller.heard).toEqual(['488'])
    await over(r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
  })
})
