import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { endingOf, type Rig, rig, type Setting } from './rig.fixture.ts'

/** 1001 has dialled 1002, whose phone rings. */
async function ringing(setting: Setting = {}) {
  const world = new World()
  const r = await rig(world, setting)
  const caller = r.phone('1001').dial('1002')
  await world.run(100)
  r.events()
  return { world, r, caller, callee: r.phone('1002').line }
}

async function talking(setting: Setting = {}) {
  const all = await ringing(setting)
  all.callee.answer()
  await all.world.run(100)
  all.r.events()
  all.caller.heard.length = 0
  all.callee.heard.length = 0
  return all
}

const over = async (r: Rig, ending: object) => {
  expect(endingOf(r)).toEqual(ending)
  await r.settled()
}

describe('a direct call (event flows §2)', () => {
  it('rings, is answered and ends, with the events in order', async () => {
    const world = new World()
    const r = await rig(world)

    const caller = r.phone('1001').dial('1002')
    await world.run(100)
    const rung = r.events()
    r.phone('1002').line.answer()
    await world.run(100)
    const established = r.events()
    caller.hangUp()
    await world.run(100)

    expect(rung).toEqual(['Dialing 1001', 'Ringing 1002'])
    expect(established).toEqual(['Established 1001', 'Established 1002'])
    expect(r.events()).toEqual(['Released 1001', 'Released 1002'])
    expect(caller.heard).toEqual(['180', '200 127.0.2.2:10002'])
    expect(r.phone('1002').line.heard).toEqual(['INVITE 127.0.2.1:10002', 'ACK', 'BYE'])
    expect(r.owners.log).toEqual([
      'seize 1001 originate',
      'seize 1002 direct',
      'release 1001 ended',
      'release 1002 ended',
    ])
    expect(r.ended).toEqual(['customer hangup'])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('says who hung up, and ends with agent hangup where the called side did', async () => {
    const { world, r, callee, caller } = await talking()

    callee.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Released 1001', 'Released 1002'])
    expect(
      r.published.flatMap((event) =>
        event.name === 'EventReleased' ? [[event.thisDN, event.extensions?.ReleasingParty]] : [],
      ),
    ).toEqual([
      ['1001', '2 Remote'],
      ['1002', '1 Local'],
    ])
    expect(caller.heard).toEqual(['BYE'])
    await over(r, { by: 'agent', cause: 'hangup' })
  })

  it('has one end where both hang up at once', async () => {
    const { world, r, callee, caller } = await talking()

    callee.hangUp()
    caller.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Released 1001', 'Released 1002'])
    await r.settled()
  })

  it.each([
    [486, 'busy', 486],
    [600, 'busy', 486],
    [603, 'rejected', 603],
    [403, 'rejected', 603],
  ])('tells a callee that answers %i as DestinationBusy', async (status, cause, told) => {
    const { world, r, callee, caller } = await ringing()

    callee.reject(status)
    await world.run(100)

    expect(r.events()).toEqual(['Released 1002 Busy', 'DestinationBusy 1001 Busy', 'Released 1001 Busy'])
    expect(caller.heard).toEqual(['180', String(told)])
    await over(r, { by: 'agent', cause, status: told })
  })

  it('takes a DN that its owner says is busy for busy, without events of it', async () => {
    const world = new World()
    const r = await rig(world)
    r.owners.refusals.set('1002', 'busy')

    const caller = r.phone('1001').dial('1002')
    await world.run(100)

    expect(r.events()).toEqual(['Dialing 1001', 'DestinationBusy 1001 Busy', 'Released 1001 Busy'])
    expect(caller.heard).toEqual(['486'])
    await over(r, { by: 'agent', cause: 'busy', status: 486 })
  })

  it.each(['out-of-service', 'owner-unreachable'] as const)(
    'answers 480 for a DN that is %s: fails closed',
    async (refusal) => {
      const world = new World()
      const r = await rig(world)
      r.owners.refusals.set('1002', refusal)

      const caller = r.phone('1001').dial('1002')
      await world.run(100)

      expect(r.events()).toEqual(['Dialing 1001', 'Released 1001 GeneralError'])
      expect(caller.heard).toEqual(['480'])
      await over(r, { by: 'agent', cause: 'out-of-service', status: 480 })
    },
  )

  it('gives up after the time a direct call rings', async () => {
    const { world, r, callee, caller } = await ringing()

    await world.run(61_000)

    expect(r.events()).toEqual(['Released 1002 NoAnswer', 'Released 1001 NoAnswer'])
    expect(callee.heard.at(-1)).toContain('CANCEL SIP;cause=480')
    expect(caller.heard.at(-1)).toBe('480')
    await over(r, { by: 'agent', cause: 'no-answer', status: 480 })
  })

  it('is abandoned at the callee where the caller cancels, and passes the reason on (RFC 3326)', async () => {
    const { world, r, callee, caller } = await ringing()

    caller.cancel()
    await world.run(100)

    expect(r.events()).toEqual(['Released 1001', 'Abandoned 1002'])
    expect(callee.heard.at(-1)).toContain('CANCEL')
    expect(caller.heard).toEqual(['180', '487'])
    await over(r, { by: 'customer', cause: 'cancelled' })
  })

  it('ends a callee that answers as the caller cancels: abandoned all the same', async () => {
    const { world, r, callee, caller } = await ringing()

    callee.answer()
    caller.cancel()
    await world.run(0)
    await world.run(100)

    expect(callee.heard.at(-1)).toContain('BYE')
    await r.settled()
  })

  it('ends 480 where the owner loses the phone that rings', async () => {
    const { world, r, callee, caller } = await ringing()

    r.controller.withdraw(r.connID(), '1002')
    await world.run(100)

    expect(r.events()).toEqual(['Released 1002 GeneralError', 'Released 1001 GeneralError'])
    expect(callee.heard.at(-1)).toContain('CANCEL')
    expect(caller.heard.at(-1)).toBe('480')
    await over(r, { by: 'agent', cause: 'out-of-service', status: 480 })
  })

  it('tells an unknown number 404', async () => {
    const world = new World()
    const r = await rig(world)

    const caller = r.phone('1001').dial('77')
    await world.run(100)

    expect(r.events()).toEqual(['Dialing 1001', 'DestinationBusy 1001 SitInvalidnum', 'Released 1001 SitInvalidnum'])
    expect(caller.heard).toEqual(['404'])
    await over(r, { by: 'cluster', cause: 'not-found', status: 404 })
  })

  it('passes 488 on where the phones have no codec in common', async () => {
    const { world, r, callee, caller } = await ringing()

    callee.reject(488)
    await world.run(100)

    expect(caller.heard.at(-1)).toBe('488')
    await over(r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
  })

  it('lets the first fork be heard before the answer', async () => {
    const { world, r, callee, caller } = await ringing()

    callee.early()
    await world.run(100)
    callee.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(caller.heard).toEqual(['180', '183 127.0.2.2:10002', '200 127.0.2.2:10002'])
    await r.settled()
  })

  it('carries a late offer through (RFC 3261 §13.2.1)', async () => {
    const world = new World()
    const r = await rig(world)

    const caller = r.phone('1001').dial('1002', { late: true })
    await world.run(100)
    r.phone('1002').line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.phone('1002').line.heard).toEqual(['INVITE nothing', 'ACK 127.0.2.1:10002', 'BYE'])
    expect(caller.heard).toEqual(['180', '200 127.0.2.2:10002'])
    await r.settled()
  })

  it('finds a phone that has vanished within 20 s and the time of its probe', async () => {
    const { world, r, caller } = await talking()

    world.crash('1002')
    await world.run(20_000 + 33_000)

    expect(r.events()).toEqual(['Released 1001 Dropped', 'Released 1002 Dropped'])
    expect(caller.heard.at(-1)).toContain('BYE')
    await over(r, { by: 'cluster', cause: 'session-expired' })
  })

  it('asserts who calls by authentication, not by what the phone asserts (RFC 3325)', async () => {
    const world = new World()
    const r = await rig(world)

    const caller = r.phone('1001').dial('1002', { fields: [['P-Asserted-Identity', '<sip:boss@ringmain>']] })
    await world.run(100)
    const invite = r.phone('1002').line.requests[0]
    caller.cancel()

    expect(invite?.headers('P-Asserted-Identity')).toEqual(['<sip:1001@ringmain>'])
    await r.settled()
  })
})

describe('who may call (architecture §4)', () => {
  it('challenges a From with one of our DNs, whatever its source', async () => {
    const world = new World()
    const r = await rig(world)
    r.challenged.add('1001')

    const caller = r.carrier.dial('1002', { from: '1001' })
    await world.run(100)

    expect(caller.heard).toEqual(['401'])
    expect(r.published).toEqual([])
    await r.settled()
  })

  it('refuses who is on no trunk with 403, and keeps no record', async () => {
    const world = new World()
    const r = await rig(world)

    const caller = r.carrier.dial('1002', { from: 'stranger' })
    await world.run(100)

    expect(caller.heard).toEqual(['403'])
    expect(r.published).toEqual([])
    await r.settled()
  })

  it('refuses calls from trunk to trunk with 403: toll fraud', async () => {
    const world = new World()
    const r = await rig(world)

    const caller = r.carrier.dial('0012125550100')
    await world.run(100)

    expect(caller.heard).toEqual(['403'])
    expect(r.events()).toEqual([])
    await over(r, { by: 'cluster', cause: 'forbidden', status: 403 })
  })

  it('answers 503 without Retry-After beyond the most calls', async () => {
    const { world, r, caller } = await talking({ mostCalls: 1 })

    const second = r.carrier.dial('1003')
    await world.run(100)

    expect(second.heard).toEqual(['503'])
    expect(endingOf(r)).toEqual({ by: 'cluster', cause: 'overload', status: 503 })
    caller.hangUp()
    await r.settled()
  })

  it('takes no new call while it drains, and is idle when the last has ended', async () => {
    const { world, r, caller } = await talking()
    let idle = false

    void r.controller.drain().then(() => {
      idle = true
    })
    const second = r.phone('1003').dial('1002')
    await world.run(100)
    const before = idle
    caller.hangUp()
    await world.run(100)

    expect(second.heard).toEqual(['503'])
    expect([before, idle]).toEqual([false, true])
    await r.settled()
  })

  it('stops with BYE to all and complete records', async () => {
    const { world, r, caller, callee } = await talking()

    await world.complete(r.controller.stop())
    await world.run(100)

    expect(caller.heard.at(-1)).toContain('BYE')
    expect(callee.heard.at(-1)).toContain('BYE')
    expect(r.events()).toEqual(['Released 1001', 'Released 1002'])
    await over(r, { by: 'cluster', cause: 'shutdown' })
  })
})

describe('a bug in the step of a call', () => {
  it('ends that call alone: BYE to both, ending error 500, every DN given back (style §9)', async () => {
    const { world, r, caller, callee } = await talking()
    const other = r.carrier.dial('1003')
    await world.run(100)
    r.phone('1003').line.answer()
    await world.run(100)

    r.publisher.sabotaged = 'EventHeld'
    callee.reinvite('sendonly')
    await world.run(100)
    const endings = [...r.ended]
    const heard = [caller.heard.at(-1), callee.heard.at(-1)]
    other.hangUp()
    await world.run(100)

    expect(endings).toEqual(['cluster error'])
    for (const last of heard) expect(last).toContain('BYE')
    expect(r.ended).toEqual(['cluster error', 'customer hangup'])
    await r.settled()
  })

  it('has complete records also where it came before the event', async () => {
    const { world, r, caller, callee } = await ringing()

    r.publisher.sabotaged = 'EventEstablished'
    callee.answer()
    await world.run(100)

    expect(caller.heard.at(-1)).toContain('BYE')
    await over(r, { by: 'cluster', cause: 'error', status: 500 })
  })
})

describe('calls to and from a trunk', () => {
  it('brings a caller from outside to a DN: inbound, events of the DN alone', async () => {
    const world = new World()
    const r = await rig(world)

    const caller = r.carrier.dial('1002')
    await world.run(100)
    r.phone('1002').line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Ringing 1002', 'Established 1002', 'Released 1002'])
    expect(r.published[0]).toMatchObject({ callType: 'Inbound', ani: '+442079460018', dnis: '1002' })
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('carries a DN to the outside: outbound, the agent is who calls', async () => {
    const world = new World()
    const r = await rig(world)

    const caller = r.phone('1001').dial('442079460099')
    await world.run(100)
    r.carrier.line.answer()
    await world.run(100)
    r.carrier.line.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Dialing 1001', 'Established 1001', 'Released 1001'])
    expect(r.published[0]).toMatchObject({ callType: 'Outbound' })
    expect(caller.heard.at(-1)).toBe('BYE')
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('gives the caller the status with which the carrier refuses', async () => {
    const world = new World()
    const r = await rig(world)
    r.carrier.onCall = (line) => line.reject(404)

    const caller = r.phone('1001').dial('442079460099')
    await world.run(100)

    expect(caller.heard).toEqual(['404'])
    expect(r.events()).toEqual(['Dialing 1001', 'DestinationBusy 1001 SitInvalidnum', 'Released 1001 SitInvalidnum'])
    await over(r, { by: 'carrier', cause: 'refused', status: 404 })
  })

  it('tells the last device event the ending also where only the callee is ours', async () => {
    const world = new World()
    const r = await rig(world)
    r.phone('1002').onCall = (line) => line.reject(486)

    const caller = r.carrier.dial('1002')
    await world.run(100)

    expect(caller.heard).toEqual(['486'])
    await over(r, { by: 'agent', cause: 'busy', status: 486 })
  })
})

describe('in a talk', () => {
  it('passes hold and retrieve of a phone on, with one event each (event flows §6)', async () => {
    const { world, r, caller, callee } = await talking()

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
    await r.settled()
  })

  it('holds and retrieves by request: the other side first, then the phone itself', async () => {
    const { world, r, caller, callee } = await talking()

    const hold = r.ask('RequestHoldCall', { thisDN: '1002' })
    await world.run(100)
    const retrieve = r.ask('RequestRetrieveCall', { thisDN: '1002' })
    await world.run(100)
    caller.hangUp()

    expect(hold.told).toEqual(['Held'])
    expect(retrieve.told).toEqual(['Retrieved'])
    expect(caller.heard).toEqual(['re-INVITE 127.0.2.2:10002 inactive', 're-INVITE 127.0.2.2:10002'])
    expect(callee.heard).toEqual(['re-INVITE 127.0.2.1:10002 inactive', 're-INVITE 127.0.2.1:10002'])
    await r.settled()
  })

  it('answers a session refresh without the other side', async () => {
    const { world, r, caller, callee } = await talking()

    caller.reinvite()
    await world.run(100)
    caller.hangUp()

    expect(caller.heard).toEqual(['re-INVITE 200 127.0.2.2:10002'])
    expect(callee.heard).toEqual([])
    await r.settled()
  })

  it('answers 491 to both where they re-INVITE at once, and both may try again (RFC 3261 §14.1)', async () => {
    const { world, r, caller, callee } = await talking()

    caller.reinvite('sendonly')
    callee.reinvite('sendonly')
    await world.run(100)
    const glare = [...caller.heard, ...callee.heard]
    callee.reinvite('inactive')
    await world.run(100)
    caller.hangUp()

    expect(glare).toEqual(['re-INVITE 491', 're-INVITE 491'])
    expect(r.events()[0]).toBe('Held 1002')
    await r.settled()
  })

  it('tries its own re-INVITE again after a glare', async () => {
    const { world, r, caller, callee } = await talking()
    caller.reofferAnswer = 491

    const hold = r.ask('RequestHoldCall', { thisDN: '1002' })
    await world.run(100)
    const before = [...hold.told]
    caller.reofferAnswer = undefined
    await world.run(5000)
    callee.hangUp()

    expect(before).toEqual([])
    expect(hold.told).toEqual(['Held'])
    await r.settled()
  })

  it('passes INFO with digits on, and its answer back', async () => {
    const { world, r, caller, callee } = await talking()

    const digits = { type: 'application/dtmf-relay', bytes: Buffer.from('Signal=5\r\nDuration=100\r\n') }
    caller.send('INFO', [], digits)
    await world.run(100)
    caller.hangUp()

    expect(callee.heard).toEqual(['INFO'])
    expect(callee.requests.at(-1)?.body.toString()).toContain('Signal=5')
    expect(caller.heard).toEqual(['INFO 200'])
    await r.settled()
  })

  it('sends digits by request', async () => {
    const { world, r, caller, callee } = await talking()

    const asked = r.ask('RequestSendDtmf', { thisDN: '1001', dtmfDigits: '1#' })
    await world.run(100)
    caller.hangUp()

    expect(asked.told).toEqual(['DtmfSent'])
    expect(callee.heard).toEqual(['INFO', 'INFO'])
    await r.settled()
  })

  it('releases by request, whoever of the two asks', async () => {
    const { world, r, caller, callee } = await talking()

    const asked = r.ask('RequestReleaseCall', { thisDN: '1002' })
    await world.run(100)

    expect(asked.told).toEqual(['Released'])
    expect([caller.heard.length, callee.heard.length]).toEqual([1, 1])
    await over(r, { by: 'agent', cause: 'hangup' })
  })

  it('tells attached data at every DN of the call, once per request (event flows §13)', async () => {
    const { world, r, caller } = await talking()

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
    await r.settled()
  })

  it('tells its parties, and whom the owner may believe to be on it', async () => {
    const { world, r, caller } = await talking()

    const asked = r.ask('RequestQueryCall')
    const holds = ['1001', '1002', '1003'].map((dn) => r.controller.holds(r.connID(), dn))
    caller.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['PartyInfo'])
    expect(holds).toEqual([true, true, false])
    expect(r.controller.holds(r.connID(), '1001')).toBe(false)
    await r.settled()
  })

  it('refuses what does not fit, what is not built, and calls that are not there', async () => {
    const { world, r, caller } = await talking()

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
    await r.settled()
  })
})

describe('RequestMakeCall', () => {
  const make = async () => {
    const world = new World()
    const r = await rig(world)
    const asked = r.ask('RequestMakeCall', { thisDN: '1001', otherDN: '1002', userData: { case: '7' } })
    await world.run(100)
    return { world, r, asked }
  }

  it('calls the phone of who dials first, then joins both with one re-INVITE', async () => {
    const { world, r, asked } = await make()

    const line = r.phone('1001').line
    line.answer()
    await world.run(100)
    r.phone('1002').line.answer()
    await world.run(100)
    const events = r.events()
    line.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['Dialing'])
    expect(events).toEqual(['Dialing 1001', 'Ringing 1002', 'Established 1001', 'Established 1002'])
    expect(line.heard).toEqual(['INVITE nothing', 'ACK 0.0.0.0:9 inactive', 're-INVITE 127.0.2.2:10002'])
    expect(r.phone('1002').line.heard).toEqual(['INVITE 127.0.2.1:10002', 'ACK', 'BYE'])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('ends where the phone of who dials is not picked up', async () => {
    const { world, r } = await make()

    r.phone('1001').line.reject(486)
    await world.run(100)

    expect(r.events()).toEqual(['Dialing 1001', 'Released 1001 Busy'])
    await over(r, { by: 'customer', cause: 'busy', status: 486 })
  })

  it('is refused where the DN cannot be had, without a call', async () => {
    const world = new World()
    const r = await rig(world)
    r.owners.refusals.set('1001', 'out-of-service')

    const asked = r.ask('RequestMakeCall', { thisDN: '1001', otherDN: '1002' })
    await world.run(100)

    expect(asked.told).toEqual(['Error 58 the DN is out of service'])
    expect(r.published).toEqual([])
    await r.settled()
  })
})
