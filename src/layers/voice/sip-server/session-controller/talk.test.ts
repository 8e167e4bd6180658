import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import type { Setting } from './rig.fixture.ts'
import { over, talking } from './scenes.fixture.ts'

describe('in a talk', () => {
  it('passes hold and retrieve of a phone on, with one event each (event flows §6)', async () => {
    const { world, r, caller, callee } = await talking(new World())

    callee.reinvite('sendonly')
    await world.run(100)
    const held = r.events()
    callee.reinvite('sendrecv')
    await world.run(100)
    const retrieved = r.events()
    caller.hangUp()

    expect(held).toEqual(['Held 1002'])
    expect(retrieved).toEqual(['Retrieved 1002'])
    expect(caller.heard).toEqual(['re-INVITE 127.0.2.2:10002 sendonly', 're-INVITE 127.0.2.2:10002'])
    expect(callee.heard).toEqual(['re-INVITE 200 127.0.2.1:10002 recvonly', 're-INVITE 200 127.0.2.1:10002'])
  })

  it('asks again where no proxy is linked for a moment: the call goes on (architecture §5)', async () => {
    const setting: Setting = {}
    const { world, r, caller } = await talking(new World(), setting)

    setting.unlinked = true
    const hold = r.ask('RequestHoldCall', { thisDN: '1002' })
    await world.run(1000)
    const before = [...hold.told]
    setting.unlinked = false
    await world.run(3000)
    caller.hangUp()

    expect([before, hold.told]).toEqual([[], ['Held']])
    expect(caller.heard).toEqual(['re-INVITE 127.0.2.2:10002 inactive'])
  })

  it('ends for both where no proxy is linked for a moment: the BYE follows (architecture §5)', async () => {
    const setting: Setting = {}
    const { world, r, caller, callee } = await talking(new World(), setting)

    setting.unlinked = true
    caller.hangUp()
    await world.run(5_000)
    setting.unlinked = false
    await world.run(4_000)

    expect(callee.heard).toEqual(['BYE'])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('passes hold and retrieve on from a side that re-INVITEs without an offer, as many an exchange does (RFC 6337 §5.3)', async () => {
    const { world, r, caller, callee } = await talking(new World())

    callee.reinviteLate('sendonly')
    await world.run(100)
    const held = r.events()
    callee.reinviteLate('sendrecv')
    await world.run(100)
    const retrieved = r.events()
    const heard = [...callee.heard].filter((what) => what.startsWith('re-INVITE 200'))
    caller.hangUp()

    expect([held, retrieved]).toEqual([['Held 1002'], ['Retrieved 1002']])
    expect(caller.heard).toEqual(['re-INVITE 127.0.2.2:10002 sendonly', 're-INVITE 127.0.2.2:10002'])
    expect(heard).toEqual(['re-INVITE 200 127.0.2.1:10002', 're-INVITE 200 127.0.2.1:10002'])
  })

  it('tells the other side where the audio of one goes that has moved it in its answer to our offer', async () => {
    const { world, r, caller, callee } = await talking(new World())

    callee.sdp = callee.sdp.replace('m=audio 10002', 'm=audio 10044')
    callee.reinviteLate()
    await world.run(100)
    caller.hangUp()

    expect(caller.heard).toEqual(['re-INVITE 127.0.2.2:10044'])
    expect(r.events().filter((event) => !event.startsWith('Released'))).toEqual([])
  })

  it('holds and retrieves by request: the other side first, then the phone itself', async () => {
    const { world, r, caller, callee } = await talking(new World())

    const hold = r.ask('RequestHoldCall', { thisDN: '1002' })
    await world.run(100)
    const retrieve = r.ask('RequestRetrieveCall', { thisDN: '1002' })
    await world.run(100)
    caller.hangUp()

    expect(hold.told).toEqual(['Held'])
    expect(retrieve.told).toEqual(['Retrieved'])
    expect(caller.heard).toEqual(['re-INVITE 127.0.2.2:10002 inactive', 're-INVITE 127.0.2.2:10002'])
    expect(callee.heard).toEqual(['re-INVITE 127.0.2.1:10002 inactive', 're-INVITE 127.0.2.1:10002'])
  })

  it('refuses a NOTIFY nobody asked for, but not by 481: the call goes on (RFC 6665 §4.1.3)', async () => {
    const { world, caller, callee } = await talking(new World())

    caller.send('NOTIFY', [
      ['Event', 'hold'],
      ['Subscription-State', 'active'],
    ])
    await world.run(100)
    callee.hangUp()

    expect(caller.heard).toEqual(['NOTIFY 489'])
  })

  it('answers a request that waits for the other side when the call ends (RFC 3261 §15.1.2)', async () => {
    const { world, caller, callee } = await talking(new World())
    Object.assign(callee, { requested() {} })

    caller.send('INFO', [], { type: 'application/dtmf-relay', bytes: Buffer.from('Signal=1') })
    await world.run(100)
    callee.hangUp()
    await world.run(100)

    expect(caller.heard).toEqual(['BYE', 'INFO 487'])
  })

  it('answers a session refresh without the other side', async () => {
    const { world, caller, callee } = await talking(new World())

    caller.reinvite()
    await world.run(100)
    caller.hangUp()

    expect(caller.heard).toEqual(['re-INVITE 200 127.0.2.2:10002'])
    expect(callee.heard).toEqual([])
  })

  it('answers 491 to both where they re-INVITE at once, and both may try again (RFC 3261 §14.1)', async () => {
    const { world, r, caller, callee } = await talking(new World())

    caller.reinvite('sendonly')
    callee.reinvite('sendonly')
    await world.run(100)
    const glare = [...caller.heard, ...callee.heard]
    callee.reinvite('inactive')
    await world.run(100)
    caller.hangUp()

    expect(glare).toEqual(['re-INVITE 491', 're-INVITE 491'])
    expect(r.events()[0]).toBe('Held 1002')
  })

  it('tries its own re-INVITE again after a glare', async () => {
    const { world, r, caller, callee } = await talking(new World())
    caller.reofferAnswer = 491

    const hold = r.ask('RequestHoldCall', { thisDN: '1002' })
    await world.run(100)
    const before = [...hold.told]
    caller.reofferAnswer = undefined
    await world.run(5000)
    callee.hangUp()

    expect(before).toEqual([])
    expect(hold.told).toEqual(['Held'])
  })

  it('gives up a re-INVITE that a phone takes and never answers', async () => {
    const { world, r, caller, callee } = await talking(new World())
    caller.slow = true

    const hold = r.ask('RequestHoldCall', { thisDN: '1002' })
    await world.run(250_000)
    callee.hangUp()

    expect(hold.told).toEqual([expect.stringMatching(/^Error/)])
  })

  it('stays as it was where a side refuses what the other one changes (RFC 3261 §14.1)', async () => {
    const { world, caller, callee } = await talking(new World())
    caller.reofferAnswer = 488

    callee.reinvite('sendonly')
    await world.run(100)
    caller.reinvite()
    await world.run(100)
    caller.hangUp()

    expect(callee.heard).toEqual(['re-INVITE 488'])
    expect(caller.heard).toEqual(['re-INVITE 127.0.2.2:10002 sendonly', 're-INVITE 200 127.0.2.2:10002'])
  })

  it.each([302, 401, 407, 422, 503])(
    'answers 500 where the other side’s %i is about us alone, also in a dialog (RFC 3261 §16.7 step 6)',
    async (status) => {
      const { world, caller, callee } = await talking(new World())
      caller.reofferAnswer = status
      Object.assign(caller, { requested: ({ respond }: { respond(status: number): void }) => respond(status) })

      callee.reinvite('sendonly')
      callee.send('INFO', [], { type: 'application/dtmf-relay', bytes: Buffer.from('Signal=1') })
      await world.run(100)
      callee.hangUp()

      expect(callee.heard.filter((what) => what.endsWith('500'))).toEqual(['re-INVITE 500', 'INFO 500'])
    },
  )

  it.each([500, 491])(
    'tells a side whom it has now, though it answered %i to what the one before changed',
    async (status) => {
      const { world, r, caller, callee } = await talking(new World())
      const { heard } = caller
      let refuse = () => {}
      const offered = ({ reject }: { reject(status: number): void }) => {
        refuse = () => reject(status)
        Reflect.deleteProperty(caller, 'offered')
      }
      Object.assign(caller, { offered })
      callee.reinvite('sendonly')
      await world.run(100)
      r.ask('RequestSingleStepTransfer', { thisDN: '1002', otherDN: '1003' })
      await world.run(100)
      r.phone('1003').line.answer()
      await world.run(100)

      refuse()
      await world.run(5000)
      caller.hangUp()

      expect(heard).toEqual(['re-INVITE 127.0.2.3:10002'])
    },
  )

  it('passes INFO with digits on, and its answer back', async () => {
    const { world, caller, callee } = await talking(new World())

    const digits = { type: 'application/dtmf-relay', bytes: Buffer.from('Signal=5\r\nDuration=100\r\n') }
    caller.send('INFO', [], digits)
    await world.run(100)
    caller.hangUp()

    expect(callee.heard).toEqual(['INFO'])
    expect(callee.requests.at(-1)?.body.toString()).toContain('Signal=5')
    expect(caller.heard).toEqual(['INFO 200'])
  })

  it('sends digits by request', async () => {
    const { world, r, caller, callee } = await talking(new World())

    const asked = r.ask('RequestSendDtmf', { thisDN: '1001', dtmfDigits: '1#' })
    await world.run(100)
    caller.hangUp()

    expect(asked.told).toEqual(['DtmfSent'])
    expect(callee.heard).toEqual(['INFO', 'INFO'])
  })

  it('releases by request, whoever of the two asks', async () => {
    const { world, r, caller, callee } = await talking(new World())

    const asked = r.ask('RequestReleaseCall', { thisDN: '1002' })
    await world.run(100)

    expect(asked.told).toEqual(['Released'])
    expect([caller.heard.length, callee.heard.length]).toEqual([1, 1])
    await over(r, { by: 'agent', cause: 'hangup' })
  })

  it('tells attached data at every DN of the call, once per request (event flows §13)', async () => {
    const { world, r, caller } = await talking(new World())

    const attached = r.ask('RequestAttachUserData', { thisDN: '1002', userData: { tier: 'gold', x: 1 } })
    const deleted = r.ask('RequestDeletePair', { thisDN: '1002', key: 'x' })
    const events = r.events()
    const all = r.ask('RequestDeleteUserData', { thisDN: '1001' })
    caller.hangUp()
    await world.run(100)

    expect(attached.told).toEqual(['AttachedDataChanged'])
    expect(deleted.told).toEqual(['AttachedDataChanged'])
    expect(all.told).toEqual(['AttachedDataChanged'])
    expect(events).toEqual(Array(2).fill(['AttachedDataChanged 1001', 'AttachedDataChanged 1002']).flat())
  })

  it('tells its parties, and whom the owner may believe to be on it', async () => {
    const { world, r, caller } = await talking(new World())

    const asked = r.ask('RequestQueryCall')
    const holds = ['1001', '1002', '1003'].map((dn) => r.controller.holds(r.connID(), dn))
    caller.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['PartyInfo'])
    expect(holds).toEqual([true, true, false])
    expect(r.controller.holds(r.connID(), '1001')).toBe(false)
  })

  it('refuses what does not fit, what is not built, and calls that are not there', async () => {
    const { world, r, caller } = await talking(new World())

    const told = [
      r.ask('RequestRetrieveCall', { thisDN: '1001' }),
      r.ask('RequestRouteCall', { thisDN: '8010', otherDN: '1003' }),
      r.ask('RequestHoldCall', { thisDN: '1003' }),
      r.ask('RequestInitiateTransfer', { thisDN: '1001', otherDN: '1003' }),
      r.ask('RequestHoldCall', { thisDN: '1001', connID: 'ffff000100000001' }),
      r.ask('RequestAnswerCall', { thisDN: '1002' }),
    ].map((asking) => asking.told)
    caller.hangUp()
    await world.run(100)

    expect(told.map(([error]) => Number(error?.split(' ')[1]))).toEqual([93, 93, 93, 51, 56, 93])
  })
})
