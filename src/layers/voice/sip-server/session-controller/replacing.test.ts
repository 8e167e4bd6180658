import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import type { Line } from './phones.fixture.ts'
import { endingOf, rig, type Setting } from './rig.fixture.ts'
import { over } from './scenes.fixture.ts'

/** The dialog of `line` as its phone names it, in which our tag is `to-tag`. */
const dialogOf = ({ session }: Line, { toTag = session?.remoteTag, more = '' } = {}) =>
  `${session?.callID};to-tag=${toTag};from-tag=${session?.localTag}${more}`

/** 1001 talks to `from`; nobody else has a call. */
async function talking(setting: Setting = {}, from: 'carrier' | '1003' = 'carrier', isBrowser = false) {
  const world = new World()
  const r = await rig(world, setting)
  for (const dn of ['1001', '1002', '1003']) r.phone(dn).isBrowser = isBrowser
  const caller = from === 'carrier' ? r.carrier.dial('1001') : r.phone('1003').dial('1001')
  await world.run(100)
  const called = r.phone('1001').line
  called.answer()
  await world.run(100)
  r.events()
  for (const line of [caller, called]) line.heard.length = 0
  const replace = async (
    value: string,
    phone = r.phone('1002'),
    fields: readonly (readonly [string, string])[] = [],
  ) => {
    const line = phone.dial('1001', { fields: [['Replaces', value], ...fields] })
    await world.run(1000)
    return line
  }
  return { world, r, caller, called, replace }
}

describe('an INVITE with Replaces (RFC 3891 §3)', () => {
  it('takes the place of a phone that talks: the other side hears the new one', async () => {
    const { world, r, caller, called, replace } = await talking({}, '1003')

    const taking = await replace(dialogOf(called))
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual([
      'Released 1001 Transferred',
      'PartyChanged 1003 Transferred',
      'Dialing 1002',
      'Established 1002',
    ])
    expect(called.heard).toEqual(['BYE'])
    expect(taking.heard.slice(0, 1)).toEqual([expect.stringMatching(/^200 127\.0\.2\.3:/)])
    expect(caller.heard[0]).toMatch(/^re-INVITE 127\.0\.2\.2:/)
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it.each(['agent', 'customer'] as const)('is of the side of who is replaced: the %s hangs up', async (side) => {
    const { world, r, called, replace, caller } = await talking()

    const taking = await replace(dialogOf(called))
    const leaving = side === 'agent' ? taking : caller
    leaving.hangUp()
    await world.run(100)

    await over(r, { by: side, cause: 'hangup' })
  })

  it('takes the other side off the hold of who is replaced: both hear each other', async () => {
    const { world, called, replace, caller, r } = await talking({}, '1003')
    r.ask('RequestHoldCall', { thisDN: '1001' })
    await world.run(100)
    caller.heard.length = 0

    const taking = await replace(dialogOf(called))
    taking.hangUp()
    await world.run(100)

    expect(taking.remote).toMatch(/a=sendrecv/)
    expect(caller.heard[0]).toMatch(/^re-INVITE 127\.0\.2\.2:\d+$/)
    await r.settled()
  })

  describe('between browsers, whose descriptions with ICE are for one alone', () => {
    it('is answered by what the other side answers to its offer', async () => {
      const { world, called, replace, caller } = await talking({}, '1003', true)

      const taking = await replace(dialogOf(called))
      const heard = [caller.heard, taking.heard].map((all) => [...all])
      const ports = [caller, taking].map(({ sdp }) => /m=audio (\d+)/.exec(sdp)?.[1])
      taking.hangUp()
      await world.run(100)

      expect(heard).toEqual([[`re-INVITE 127.0.2.2:${ports[1]}`], [`200 127.0.2.3:${ports[0]}`]])
      expect(caller.heard.at(-1)).toMatch(/^BYE/)
    })

    it('waits for an exchange of the other side that goes on: its answer is for who was there before', async () => {
      const { world, r, called, replace, caller } = await talking({}, '1003', true)
      r.ask('RequestHoldCall', { thisDN: '1001' })

      const taking = await replace(dialogOf(called))
      const ports = [caller, taking].map(({ sdp }) => /m=audio (\d+)/.exec(sdp)?.[1])
      const told = [taking.heard.at(-1), caller.heard.at(-1)]
      taking.hangUp()
      await world.run(100)

      expect(told).toEqual([`200 127.0.2.3:${ports[0]}`, `re-INVITE 127.0.2.2:${ports[1]}`])
    })

    it('ends with the call where the other side refuses the offer, or who takes the place gives up before', async () => {
      const refusing = await talking({}, '1003', true)
      refusing.caller.reofferAnswer = 488
      const refused = await refusing.replace(dialogOf(refusing.called))
      const leaving = await talking({}, '1003', true)
      leaving.caller.slow = true
      const left = await leaving.replace(dialogOf(leaving.called))
      left.cancel()
      await leaving.world.run(100)

      expect([refused.heard, left.heard]).toEqual([['488'], ['487']])
      for (const { caller } of [refusing, leaving]) expect(caller.heard.at(-1)).toMatch(/^BYE/)
      await over(refusing.r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
    })
  })

  it('works for either side, and over the media server where the call is anchored', async () => {
    const { world, called, replace, caller } = await talking({ media: 'anchored' })

    const taking = await replace(dialogOf(called))
    const heard = /c=IN IP4 (\S+)/.exec(taking.remote ?? '')?.[1]
    taking.hangUp()
    await world.run(100)

    expect(heard).toBe('127.0.0.9')
    expect(caller.heard.at(-1)).toMatch(/^BYE/)
  })

  it('waits for the owner of its DN; gone meanwhile, it takes nothing', async () => {
    const { world, r, caller, called } = await talking()
    r.owners.slow.set('1002', () => {})
    const taking = r.phone('1002').dial('1001', { fields: [['Replaces', dialogOf(called)]] })
    await world.run(100)
    taking.cancel()
    // Until 100 has allowed the CANCEL to leave.
    await world.run(1000)
    r.owners.slow.get('1002')?.()
    await world.run(100)

    expect(r.events()).toEqual([])
    expect(r.owners.log.at(-1)).toBe('release 1002 unused')
    caller.hangUp()
    await world.run(100)
    expect(endingOf(r)).toEqual({ by: 'customer', cause: 'hangup' })
  })

  it.each([
    ['a dialog nobody has', (line: Line) => dialogOf(line, { toTag: 'nobody' }), '481'],
    ['no dialog', () => 'nonsense', '400'],
    ['no tags', (line: Line) => line.session?.callID ?? '', '400'],
    ['one that must be early (§7.1)', (line: Line) => dialogOf(line, { more: ';early-only' }), '486'],
  ])('is refused where it names %s; the call goes on', async (_what, value, status) => {
    const { world, r, caller, called, replace } = await talking()

    const taking = await replace(value(called))
    const active = r.controller.active
    caller.hangUp()
    await world.run(100)

    expect([taking.heard, active]).toEqual([[status], 1])
  })

  it('is refused twice in one INVITE, beside Join (400), from outside (403), and to who is on the call (486)', async () => {
    const { world, r, caller, called, replace } = await talking()
    const name = dialogOf(called)

    const twice = await replace(name, r.phone('1002'), [['Replaces', name]])
    const joining = await replace(name, r.phone('1002'), [['Join', name]])
    const outside = await replace(name, r.carrier)
    const itself = await replace(name, r.phone('1001'))
    caller.hangUp()
    await world.run(100)

    expect([twice, joining, outside, itself].map(({ heard }) => heard)).toEqual([['400'], ['400'], ['403'], ['486']])
  })

  it('is refused while the phone it names only rings (481)', async () => {
    const world = new World()
    const r = await rig(world)
    const caller = r.carrier.dial('1001')
    await world.run(100)

    const taking = r.phone('1002').dial('1001', { fields: [['Replaces', dialogOf(r.phone('1001').line)]] })
    await world.run(100)
    caller.cancel()
    await world.run(100)

    expect(taking.heard).toEqual(['481'])
  })
})
