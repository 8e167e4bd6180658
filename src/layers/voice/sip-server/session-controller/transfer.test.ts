import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import type { Line } from './phones.fixture.ts'
import { endingOf, type Rig, rig, type Setting } from './rig.fixture.ts'

/** A caller from outside talks with 1001, whom a router gave the call. */
async function talking(setting: Setting = {}) {
  const world = new World()
  const r = await rig(world, setting)
  const caller = r.carrier.dial('8010')
  await world.run(100)
  r.ask('RequestRouteCall', { thisDN: '8010', otherDN: '1001' })
  await world.run(100)
  const agent = r.phone('1001').line
  agent.answer()
  await world.run(100)
  r.events()
  caller.heard.length = 0
  agent.heard.length = 0
  return { world, r, caller, agent }
}

const transfer = (r: Rig, otherDN = '1002') => r.ask('RequestSingleStepTransfer', { thisDN: '1001', otherDN })
const refer = (line: Line, to: string) => line.send('REFER', [['Refer-To', `<sip:${to}@ringmain>`]])
const fragments = (line: Line) =>
  line.requests.filter(({ method }) => method === 'NOTIFY').map(({ body }) => body.toString().trim())

const over = async (r: Rig, ending: object) => {
  expect(endingOf(r)).toEqual(ending)
}

describe('single-step transfer (event flows §7)', () => {
  it('lets who transfers go when the third rings, and joins the two when it answers', async () => {
    const { world, r, caller, agent } = await talking()

    const asked = transfer(r)
    await world.run(100)
    const rung = r.events()
    r.phone('1002').line.answer()
    await world.run(100)
    const answered = r.events()
    caller.hangUp()
    await world.run(100)

    expect(rung).toEqual(['Ringing 1002 Transferred', 'Released 1001 Transferred'])
    expect(asked.told).toEqual(['Released'])
    expect(agent.heard).toEqual(['BYE'])
    expect(answered).toEqual(['Established 1002'])
    expect(caller.heard).toEqual(['re-INVITE 127.0.2.2:10002'])
    expect(r.phone('1002').line.heard[0]).toBe('INVITE 127.0.3.1:10002')
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('lets a third go that answers with what no media server speaks, e.g. a browser: the call goes back to its queue', async () => {
    const { world, r, caller } = await talking({ media: 'anchored' })
    transfer(r)
    await world.run(100)
    const browser = r.phone('1002').line
    browser.sdp = browser.sdp.replace('RTP/AVP', 'UDP/TLS/RTP/SAVPF')
    r.events()

    browser.answer()
    await world.run(100)

    expect(browser.heard.at(-1)).toBe('BYE')
    expect(r.events()).toContain('Queued 8010')
    caller.hangUp()
    await world.run(100)
    await r.settled()
  })

  it('tells who stays, where it is a DN of ours, whom it has now', async () => {
    const world = new World()
    const r = await rig(world)
    const caller = r.phone('1003').dial('1001')
    await world.run(100)
    r.phone('1001').line.answer()
    await world.run(100)
    r.events()

    transfer(r)
    await world.run(100)
    const events = r.events()
    const changed = r.published.find(({ name }) => name === 'EventPartyChanged')
    r.phone('1002').line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(['Ringing 1002 Transferred', 'Released 1001 Transferred', 'PartyChanged 1003 Transferred'])
    expect(changed).toMatchObject({ otherDN: '1002', thirdPartyDN: '1001', previousConnID: r.connID() })
  })

  it('by a REFER of the phone: 202, NOTIFY, and the phone is let go (RFC 3515)', async () => {
    const { world, r, caller, agent } = await talking()

    refer(agent, '1002')
    await world.run(100)
    r.phone('1002').line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(agent.heard).toEqual(expect.arrayContaining(['REFER 202', 'NOTIFY', 'BYE']))
    expect(fragments(agent)).toEqual(['SIP/2.0 100 Trying', 'SIP/2.0 200 OK'])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('tells the two of each other a few times, not for ever, where both answer with another port each time', async () => {
    const { world, r, caller, agent } = await talking()

    refer(agent, '1002')
    await world.run(100)
    const third = r.phone('1002').line
    caller.moves = true
    third.moves = true
    third.answer()
    await world.run(2000)
    const told = [caller, third].map(({ heard }) => heard.filter((what) => what.startsWith('re-INVITE')).length)
    caller.hangUp()
    await world.run(100)

    expect(told).toEqual([3, 2])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('bears a phone that hangs up as soon as its REFER is taken', async () => {
    const { world, r, caller, agent } = await talking()
    r.phone('1002').onCall = () => {}

    refer(agent, '1002')
    await world.run(100)
    agent.hangUp()
    await world.run(100)
    r.phone('1002').line.answer()
    await world.run(100)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(['Ringing 1002 Transferred', 'Released 1001 Transferred', 'Established 1002'])
  })

  it('lets a phone hang up though the owner of the third has not answered yet: who stays is rung through', async () => {
    const { world, r, caller, agent } = await talking()
    r.owners.slow.set('1002', () => {})

    refer(agent, '1002')
    await world.run(100)
    agent.hangUp()
    await world.run(100)
    r.owners.slow.get('1002')?.()
    await world.run(100)
    r.phone('1002').line.answer()
    await world.run(100)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(['Ringing 1002 Transferred', 'Released 1001 Transferred', 'Established 1002'])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('brings who stays back to its queue where the phone has hung up and the owner refuses the third', async () => {
    const { world, r, caller, agent } = await talking()
    r.owners.refusals.set('1002', 'busy')
    r.owners.slow.set('1002', () => {})

    refer(agent, '1002')
    await world.run(100)
    agent.hangUp()
    await world.run(100)
    r.owners.slow.get('1002')?.()
    await world.run(100)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(['Released 1001 Transferred', 'Queued 8010', 'RouteRequest 8010'])
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('ends with the cause of the third where there is no queue to go back to', async () => {
    const world = new World()
    const r = await rig(world)
    const caller = r.carrier.dial('1001')
    await world.run(100)
    const agent = r.phone('1001').line
    agent.answer()
    await world.run(100)
    r.owners.refusals.set('1002', 'busy')
    r.owners.slow.set('1002', () => {})
    refer(agent, '1002')
    await world.run(100)
    agent.hangUp()
    await world.run(100)
    r.owners.slow.get('1002')?.()
    await world.run(100)

    expect(caller.heard.at(-1)).toContain('BYE')
    await over(r, { by: 'agent', cause: 'busy', status: 486 })
  })

  it('keeps the call of a phone that refuses to hear what came of its REFER (RFC 5057 §5.1)', async () => {
    const { world, r, caller, agent } = await talking()
    r.phone('1002').onCall = (line) => line.reject(486)
    agent.refusedNotify = 481

    refer(agent, '1002')
    await world.run(1000)
    const heard = [...caller.heard]
    caller.hangUp()
    await world.run(100)

    expect(heard).toEqual([])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('tells what comes of a second REFER in the dialog by its number (RFC 3515 §2.4.6)', async () => {
    const { world, r, caller, agent } = await talking()
    r.owners.refusals.set('1002', 'busy')
    const events = () => agent.requests.filter(({ method }) => method === 'NOTIFY').map((one) => one.header('Event'))

    refer(agent, '1002')
    await world.run(100)
    refer(agent, '1002')
    await world.run(100)
    caller.hangUp()

    expect(events()).toEqual(['refer', 'refer', expect.stringMatching(/^refer;id=\d+$/), events()[2]])
  })

  it('sends nobody outside by a REFER from outside: toll fraud', async () => {
    const { world, r, caller } = await talking()

    refer(caller, '442079460018')
    await world.run(100)
    const lines = r.carrier.lines.length
    caller.hangUp()
    await world.run(100)

    expect(caller.heard[0]).toBe('REFER 403')
    expect(lines).toBe(1)
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('refuses a REFER whose Replaces names no dialog, and one that leads nowhere', async () => {
    const { world, caller, agent } = await talking()

    refer(agent, '77')
    await world.run(100)
    agent.send('REFER', [['Refer-To', '<sip:1002@ringmain?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>']])
    await world.run(100)
    caller.hangUp()

    expect(agent.heard).toEqual(['REFER 404', 'REFER 404'])
  })

  it('leaves the call with who wanted to transfer where the owner refuses the third', async () => {
    const { world, r, caller, agent } = await talking()
    r.owners.refusals.set('1002', 'busy')

    const asked = transfer(r)
    refer(agent, '1002')
    await world.run(100)
    const events = r.events()
    caller.hangUp()

    expect(asked.told).toEqual(['Error 231 the DN is busy'])
    expect(fragments(agent).at(-1)).toBe('SIP/2.0 486 the DN is busy')
    expect(events).toEqual([])
  })

  it('leaves the call with who wanted to transfer where the third declines before it rings', async () => {
    const { world, r, caller } = await talking()
    r.phone('1002').onCall = (line) => line.reject(486)

    const asked = transfer(r)
    await world.run(100)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(asked.told[0]).toContain('Error 231')
    expect(events).toEqual(['Ringing 1002 Transferred', 'Released 1002 Busy'])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('leaves the call where the third says nothing at all for the time it may ring', async () => {
    const { world, r, caller } = await talking()
    r.phone('1002').onCall = () => {}

    const asked = transfer(r)
    await world.run(61_000)
    caller.hangUp()
    await world.run(100)

    expect(asked.told[0]).toContain('Error 57')
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('brings the caller back to its queue where the third is not had after who transferred has left', async () => {
    const { world, r, caller } = await talking()

    transfer(r)
    await world.run(100)
    r.events()
    r.phone('1002').line.reject(603)
    await world.run(200)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(['Released 1002 Redirected', 'Queued 8010', 'RouteRequest 8010'])
    expect(caller.heard).toEqual(['re-INVITE 127.0.0.9:20002'])
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('ends no-answer where there is no queue to go back to', async () => {
    const world = new World()
    const r = await rig(world)
    r.carrier.dial('1001')
    await world.run(100)
    r.phone('1001').line.answer()
    await world.run(100)
    transfer(r)
    await world.run(100)
    r.events()

    await world.run(61_000)

    expect(r.events()).toEqual(['Released 1002 NoAnswer'])
    await over(r, { by: 'agent', cause: 'no-answer', status: 480 })
  })

  it('ends for all where the caller leaves while the third rings', async () => {
    const { world, r, caller } = await talking()
    transfer(r)
    await world.run(100)
    r.events()

    caller.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Abandoned 1002'])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('to a routing point is complete at once', async () => {
    const { world, r, caller, agent } = await talking()

    const asked = transfer(r, '8001')
    await world.run(100)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['Released'])
    expect(events).toEqual(['Released 1001 Transferred', 'Queued 8001', 'RouteRequest 8001'])
    expect(agent.heard).toEqual(['BYE'])
    expect(caller.heard[0]).toBe('re-INVITE 127.0.0.9:20002')
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('to a trunk, by an agent, is allowed', async () => {
    const { world, r, caller } = await talking()

    transfer(r, '442079460099')
    await world.run(100)
    r.carrier.line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(caller.heard).toEqual(['re-INVITE 127.0.3.1:10004'])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('needs no re-INVITE of who stays where the call is anchored', async () => {
    const { world, r, caller } = await talking({ media: 'anchored' })

    transfer(r)
    await world.run(100)
    r.phone('1002').line.answer()
    await world.run(100)
    const heard = [...caller.heard]
    caller.hangUp()
    await world.run(100)

    expect(heard).toEqual([])
    expect(new Set(r.media.conferences).size).toBe(1)
    await over(r, { by: 'customer', cause: 'hangup' })
  })
})
