import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import type { Line } from './phones.fixture.ts'
import { rig, type Setting } from './rig.fixture.ts'
import { over } from './scenes.fixture.ts'

/** As the phone of `line` names its dialog to us. */
const replaces = ({ session }: Line, { toTag = session?.remoteTag, more = '' } = {}) =>
  encodeURIComponent(`${session?.callID};to-tag=${toTag};from-tag=${session?.localTag}${more}`)
const refer = (line: Line, to: string, dialog: string, fields: readonly (readonly [string, string])[] = []) =>
  line.send('REFER', [['Refer-To', `<sip:${to}@ringmain?Replaces=${dialog}>`], ...fields])
const fragments = (line: Line) =>
  line.requests.filter(({ method }) => method === 'NOTIFY').map(({ body }) => body.toString().trim())

/** 1001 talks to `from`, has put it on hold, and talks to 1002. */
async function consulting(setting: Setting = {}, from: 'carrier' | '1003' = 'carrier', isBrowser = false) {
  const world = new World()
  const r = await rig(world, setting)
  for (const dn of ['1001', '1002', '1003']) r.phone(dn).isBrowser = isBrowser
  const caller = from === 'carrier' ? r.carrier.dial('1001') : r.phone('1003').dial('1001')
  await world.run(100)
  const first = r.phone('1001').line
  first.answer()
  await world.run(100)
  const main = r.connID()
  first.reinvite('sendonly')
  await world.run(100)
  const second = r.phone('1001').dial('1002')
  await world.run(100)
  const third = r.phone('1002').line
  third.answer()
  await world.run(100)
  r.events()
  const consult = r.connID()
  for (const line of [caller, first, second, third]) line.heard.length = 0
  return { world, r, caller, first, second, third, main, consult }
}
type Scene = Awaited<ReturnType<typeof consulting>>

async function transferred(scene: Scene) {
  refer(scene.first, '1002', replaces(scene.second))
  await scene.world.run(1000)
}

describe('an attended transfer by a phone (RFC 3891, event flows §8)', () => {
  it('makes one call of two: who transferred leaves both, the two others talk', async () => {
    const scene = await consulting()
    const { r, caller, first, second, third } = scene

    await transferred(scene)
    const events = r.events()
    third.hangUp()
    await r.world.run(100)

    expect(events).toEqual(['Released 1001 Transferred', 'Released 1001 Transferred', 'PartyChanged 1002 Transferred'])
    expect([first.heard, second.heard]).toEqual([expect.arrayContaining(['REFER 202', 'BYE']), ['BYE']])
    expect(fragments(first)).toEqual(['SIP/2.0 200 OK'])
    expect(caller.heard.filter((what) => !what.startsWith('BYE'))).toEqual(['re-INVITE 127.0.2.2:10002'])
    expect(third.heard).toEqual(['re-INVITE 127.0.3.1:10002'])
    expect(r.controller.active).toBe(0)
    await over(r, { by: 'agent', cause: 'hangup' })
  })

  it('asks one of two browsers for an offer and takes the answer back: a description with ICE is for one alone', async () => {
    const scene = await consulting({}, '1003', true)
    const { r, caller, third } = scene

    await transferred(scene)
    const heard = [caller.heard, third.heard].map((all) => [...all])
    const ports = [caller, third].map(({ sdp }) => /m=audio (\d+)/.exec(sdp)?.[1])
    third.hangUp()
    await r.world.run(100)

    expect(heard).toEqual([['re-INVITE', `ACK 127.0.2.2:${ports[1]}`], [`re-INVITE 127.0.2.3:${ports[0]}`]])
    await over(r, { by: 'agent', cause: 'hangup' })
  })

  it('tells both of each other where a browser makes no offer when it is asked for one', async () => {
    const scene = await consulting({}, '1003', true)
    const { r, caller, third } = scene
    caller.refusesLate = true

    await transferred(scene)
    const talk = [caller.remote, third.remote].map((text) => /c=IN IP4 (\S+)/.exec(text ?? '')?.[1])
    third.hangUp()
    await r.world.run(100)

    expect(talk).toEqual(['127.0.2.2', '127.0.2.3'])
  })

  it('ends the call where a browser accepts and makes no offer, with the ACK that it waits for (RFC 3261 §14.1)', async () => {
    const scene = await consulting({}, '1003', true)
    scene.caller.offersNothing = true

    await transferred(scene)

    expect(scene.caller.heard).toEqual(['re-INVITE', 'ACK', 'BYE'])
    expect(scene.third.heard.at(-1)).toMatch(/^BYE/)
    await over(scene.r, { by: 'cluster', cause: 'session-expired' })
  })

  it('ends the call of two browsers where the one refuses what the other offers', async () => {
    const scene = await consulting({}, '1003', true)
    scene.third.reofferAnswer = 488

    await transferred(scene)

    expect(scene.caller.heard.at(-1)).toMatch(/^BYE/)
    await over(scene.r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
  })

  it('is taken from outside, too: a PBX there that has called two of us joins them', async () => {
    const world = new World()
    const r = await rig(world)
    const answered = async (dn: string) => {
      const line = r.carrier.dial(dn)
      await world.run(100)
      r.phone(dn).line.answer()
      await world.run(100)
      return line
    }
    const [first, second] = [await answered('1001'), await answered('1002')]

    refer(first, '1002', replaces(second))
    await world.run(1000)
    const talk = [r.phone('1001').line.remote, r.phone('1002').line.remote]
    r.phone('1001').line.hangUp()
    await world.run(100)

    expect(first.heard).toEqual(expect.arrayContaining(['REFER 202', 'BYE']))
    expect(talk.map((text) => /c=IN IP4 (\S+)/.exec(text ?? '')?.[1])).toEqual(['127.0.2.2', '127.0.2.1'])
  })

  it('tells both whom they have now, under the ConnID of the first call', async () => {
    const scene = await consulting({}, '1003')
    const { r, main, consult } = scene

    await transferred(scene)
    scene.caller.hangUp()
    await r.world.run(100)

    const named = r.published.filter(({ name }) => name === 'EventPartyChanged' || name === 'EventReleased')
    expect(named.slice(0, 4)).toMatchObject([
      { thisDN: '1001', connID: consult, callState: 'Transferred' },
      { thisDN: '1001', connID: main, callState: 'Transferred', thirdPartyDN: '1002' },
      { thisDN: '1003', connID: main, previousConnID: main, otherDN: '1002', thirdPartyDN: '1001' },
      { thisDN: '1002', connID: main, previousConnID: consult, otherDN: '1003', thirdPartyDN: '1001' },
    ])
    expect(r.owners.log).toContain('move 1002')
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('moves the third in the call-based stream, and ends the second call by merging it', async () => {
    const scene = await consulting()
    const { r } = scene

    await transferred(scene)
    scene.caller.hangUp()
    await r.world.run(100)

    const moved = r.callBased().find(({ name }) => name === 'EventCallPartyMoved')
    const merged = r.callBased().find((event) => event.name === 'EventCallDeleted')
    expect(moved).toMatchObject({ thisDN: '1002', partyState: 'Connected', connID: scene.main })
    expect(merged).toMatchObject({ connID: scene.consult, refCallUUID: moved && 'callUUID' in moved && moved.callUUID })
    expect(r.ended).toEqual(['customer hangup'])
  })

  it('joins them on the media server where a call is anchored', async () => {
    const scene = await consulting({ media: 'anchored' })
    const { r, caller, third } = scene

    await transferred(scene)
    const heard = [caller.remote, third.remote].map((text) => /c=IN IP4 (\S+)/.exec(text ?? '')?.[1])
    caller.hangUp()
    await r.world.run(100)

    expect(heard).toEqual(['127.0.0.9', '127.0.0.9'])
    expect(new Set(r.media.conferences.slice(-1))).toEqual(new Set(r.media.conferences.slice(0, 1)))
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('works where the one who stays was called by who transfers', async () => {
    const world = new World()
    const r = await rig(world)
    const first = r.phone('1001').dial('1003')
    await world.run(100)
    r.phone('1003').line.answer()
    await world.run(100)
    const second = r.phone('1001').dial('442079460018')
    await world.run(100)
    r.carrier.line.answer()
    await world.run(100)
    r.events()

    refer(first, '442079460018', replaces(second))
    await world.run(1000)
    const events = r.events()
    r.phone('1003').line.hangUp()
    await world.run(100)

    expect(events).toEqual(['Released 1001 Transferred', 'Released 1001 Transferred', 'PartyChanged 1003 Transferred'])
    expect(r.carrier.line.heard.at(-1)).toMatch(/^BYE/)
    expect(r.controller.active).toBe(0)
  })

  it.each([
    ['a dialog nobody has', (scene: Scene) => replaces(scene.second, { toTag: 'nobody' }), 404],
    ['no dialog', () => 'nonsense', 400],
    ['its own dialog', (scene: Scene) => replaces(scene.first), 403],
    ['a dialog of somebody else', (scene: Scene) => replaces(scene.third), 403],
  ])('is refused where Replaces names %s; both calls go on', async (_what, dialog, status) => {
    const scene = await consulting()
    const { r, first, caller, third } = scene

    refer(first, '1002', dialog(scene))
    await r.world.run(100)
    expect(first.heard).toEqual([`REFER ${status}`])
    expect(r.controller.active).toBe(2)
    caller.hangUp()
    third.hangUp()
    await r.world.run(100)
  })

  it('is refused while a phone takes the place of the third, which then does', async () => {
    const scene = await consulting()
    const { r, first, third, second, caller } = scene
    r.owners.slow.set('1003', () => {})
    const taking = r.phone('1003').dial('1002', { fields: [['Replaces', decodeURIComponent(replaces(third))]] })
    await r.world.run(100)

    await transferred(scene)
    const active = r.controller.active
    r.owners.slow.get('1003')?.()
    await r.world.run(100)
    for (const line of [caller, second]) line.hangUp()
    await r.world.run(100)

    expect(fragments(first)).toEqual(['SIP/2.0 481 Call/Transaction Does Not Exist'])
    expect(active).toBe(2)
    expect(taking.heard[0]).toMatch(/^200 /)
  })

  it('is refused while a re-INVITE of ours waits for the answer of the third: the call that sent it hears it', async () => {
    const scene = await consulting()
    const { r, first, second, third, caller } = scene
    third.slow = true
    second.reinvite('sendonly')
    await r.world.run(100)

    await transferred(scene)
    const active = r.controller.active
    for (const line of [caller, second]) line.hangUp()
    await r.world.run(100)

    expect(fragments(first)).toEqual(['SIP/2.0 481 Call/Transaction Does Not Exist'])
    expect(active).toBe(2)
  })

  it('is refused while the third still rings (404): the phone keeps both', async () => {
    const world = new World()
    const r = await rig(world)
    const caller = r.carrier.dial('1001')
    await world.run(100)
    const first = r.phone('1001').line
    first.answer()
    await world.run(100)
    const second = r.phone('1001').dial('1002')
    await world.run(100)

    refer(first, '1002', replaces(second))
    await world.run(100)
    expect(first.heard.at(-1)).toBe('REFER 404')
    second.cancel()
    caller.hangUp()
    await world.run(100)
  })
})

describe('Referred-By (RFC 3892)', () => {
  it('names the DN that transferred, which we know, whatever its phone says', async () => {
    const world = new World()
    const r = await rig(world)
    const caller = r.carrier.dial('1001')
    await world.run(100)
    const first = r.phone('1001').line
    first.answer()
    await world.run(100)

    first.send('REFER', [
      ['Refer-To', '<sip:1002@ringmain>'],
      ['Referred-By', '<sip:boss@ringmain>'],
    ])
    await world.run(100)
    const invite = r.phone('1002').line.requests[0]
    caller.hangUp()
    await world.run(100)

    expect(invite?.headers('Referred-By')).toEqual(['<sip:1001@ringmain>'])
  })
})
