import { describe, expect, it } from 'vitest'
import type { IncomingSession } from '#protocols/sip/core/session.ts'
import { World } from '#simulation/world.ts'
import { freshRig, over, ringing, talking } from './scenes.fixture.ts'

describe('a direct call (event flows §2)', () => {
  it('rings, is answered and ends, with the events in order', async () => {
    const { world, r } = await freshRig(new World())

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
    const { world, r, callee, caller } = await talking(new World())

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
    const { world, r, callee, caller } = await talking(new World())

    callee.hangUp()
    caller.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Released 1001', 'Released 1002'])
  })

  it.each([
    [486, 'busy', 486],
    [600, 'busy', 486],
    [603, 'rejected', 603],
    [403, 'rejected', 603],
  ])('tells a callee that answers %i as DestinationBusy', async (status, cause, told) => {
    const { world, r, callee, caller } = await ringing(new World())

    callee.reject(status)
    await world.run(100)

    expect(r.events()).toEqual(['Released 1002 Busy', 'DestinationBusy 1001 Busy', 'Released 1001 Busy'])
    expect(caller.heard).toEqual(['180', String(told)])
    await over(r, { by: 'agent', cause, status: told })
  })

  it('takes a DN that its owner says is busy for busy, without events of it', async () => {
    const { world, r } = await freshRig(new World())
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
      const { world, r } = await freshRig(new World())
      r.owners.refusals.set('1002', refusal)

      const caller = r.phone('1001').dial('1002')
      await world.run(100)

      expect(r.events()).toEqual(['Dialing 1001', 'Released 1001 GeneralError'])
      expect(caller.heard).toEqual(['480'])
      await over(r, { by: 'agent', cause: 'out-of-service', status: 480 })
    },
  )

  it('gives up after the time a direct call rings', async () => {
    const { world, r, callee, caller } = await ringing(new World())

    await world.run(61_000)

    expect(r.events()).toEqual(['Released 1002 NoAnswer', 'Released 1001 NoAnswer'])
    expect(callee.heard.at(-1)).toContain('CANCEL SIP;cause=480')
    expect(caller.heard.at(-1)).toBe('480')
    await over(r, { by: 'agent', cause: 'no-answer', status: 480 })
  })

  it('is abandoned at the callee where the caller cancels, and passes the reason on (RFC 3326)', async () => {
    const { world, r, callee, caller } = await ringing(new World())

    caller.cancel()
    await world.run(100)

    expect(r.events()).toEqual(['Released 1001', 'Abandoned 1002'])
    expect(callee.heard.at(-1)).toContain('CANCEL')
    expect(caller.heard).toEqual(['180', '487'])
    await over(r, { by: 'customer', cause: 'cancelled' })
  })

  it('ends a callee that answers as the caller cancels: abandoned all the same', async () => {
    const { world, callee, caller } = await ringing(new World())

    callee.answer()
    caller.cancel()
    await world.run(0)
    await world.run(100)

    expect(callee.heard.at(-1)).toContain('BYE')
  })

  it('ends 480 where the owner loses the phone that rings', async () => {
    const { world, r, callee, caller } = await ringing(new World())

    r.controller.withdraw(r.connID(), '1002')
    await world.run(100)

    expect(r.events()).toEqual(['Released 1002 GeneralError', 'Released 1001 GeneralError'])
    expect(callee.heard.at(-1)).toContain('CANCEL')
    expect(caller.heard.at(-1)).toBe('480')
    await over(r, { by: 'agent', cause: 'out-of-service', status: 480 })
  })

  it('tells an unknown number 404', async () => {
    const { world, r } = await freshRig(new World())

    const caller = r.phone('1001').dial('77')
    await world.run(100)

    expect(r.events()).toEqual(['Dialing 1001', 'DestinationBusy 1001 SitInvalidnum', 'Released 1001 SitInvalidnum'])
    expect(caller.heard).toEqual(['404'])
    await over(r, { by: 'cluster', cause: 'not-found', status: 404 })
  })

  it('bridges both in the media server where the callee speaks nothing of the offer, e.g. SRTP alone', async () => {
    const { world, r, callee, caller } = await ringing(new World())

    callee.reject(488)
    await world.run(100)
    const again = r.phone('1002').line
    again.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(again.heard).toEqual(['INVITE nothing', 'ACK 127.0.0.9:20002', 'BYE'])
    expect(caller.heard).toEqual(['180', '180', '200 127.0.0.9:20000'])
    expect(r.events()).toEqual(['Established 1001', 'Established 1002', 'Released 1001', 'Released 1002'])
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('passes 488 on where the phones have no codec in common, nor with the media server', async () => {
    const { world, r, callee, caller } = await ringing(new World())

    callee.reject(488)
    await world.run(100)
    r.phone('1002').line.reject(488)
    await world.run(100)

    expect(caller.heard.at(-1)).toBe('488')
    await over(r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
  })

  it('refuses who calls where the phone answers with what no media server speaks, e.g. a browser', async () => {
    const { world, r, callee, caller } = await ringing(new World(), { media: 'anchored' })
    callee.sdp = callee.sdp.replace('RTP/AVP', 'UDP/TLS/RTP/SAVPF')

    callee.answer()
    await world.run(100)

    expect(callee.heard.at(-1)).toBe('BYE')
    expect(caller.heard.at(-1)).toBe('488')
    await over(r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
  })

  it('passes 488 on of a phone that was offered nothing: the same INVITE would get the same answer', async () => {
    const { world, r } = await freshRig(new World())
    r.phone('1002').onCall = (line) => line.reject(488)

    const caller = r.phone('1001').dial('1002', { late: true })
    await world.run(100)

    expect(r.phone('1002').lines.map(({ heard }) => heard)).toEqual([['INVITE nothing']])
    expect(caller.heard.at(-1)).toBe('488')
    await over(r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
  })

  it('ends where a phone answers without a description: nobody would hear anybody', async () => {
    const { world, r, callee, caller } = await ringing(new World())

    ;(callee.session as IncomingSession).accept({ type: 'text/plain', bytes: Buffer.from('hello') })
    await world.run(100)

    expect(caller.heard.at(-1)).toBe('488')
    expect(callee.heard.at(-1)).toBe('BYE')
    await over(r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
  })

  it('lets the first fork be heard before the answer', async () => {
    const { world, callee, caller } = await ringing(new World())

    callee.early()
    await world.run(100)
    callee.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(caller.heard).toEqual(['180', '183 127.0.2.2:10002', '200 127.0.2.2:10002'])
  })

  it('carries a late offer through (RFC 3261 §13.2.1)', async () => {
    const { world, r } = await freshRig(new World())

    const caller = r.phone('1001').dial('1002', { late: true })
    await world.run(100)
    r.phone('1002').line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(r.phone('1002').line.heard).toEqual(['INVITE nothing', 'ACK 127.0.2.1:10002', 'BYE'])
    expect(caller.heard).toEqual(['180', '200 127.0.2.2:10002'])
  })

  it('finds a phone that has vanished within 20 s and the time of its probe', async () => {
    const { world, r, caller } = await talking(new World())

    world.crash('1002')
    await world.run(20_000 + 33_000)

    expect(r.events()).toEqual(['Released 1001 Dropped', 'Released 1002 Dropped'])
    expect(caller.heard.at(-1)).toContain('BYE')
    await over(r, { by: 'cluster', cause: 'session-expired' })
  })

  it('asserts who calls by authentication, not by what the phone asserts (RFC 3325)', async () => {
    const { world, r } = await freshRig(new World())

    const caller = r.phone('1001').dial('1002', { fields: [['P-Asserted-Identity', '<sip:boss@ringmain>']] })
    await world.run(100)
    const invite = r.phone('1002').line.requests[0]
    caller.cancel()

    expect(invite?.headers('P-Asserted-Identity')).toEqual(['<sip:1001@ringmain>'])
  })
})

describe('calls to and from a trunk', () => {
  it('brings a caller from outside to a DN: inbound, events of the DN alone', async () => {
    const { world, r } = await freshRig(new World())

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
    const { world, r } = await freshRig(new World())

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

  it('lets the phone of a caller make the tone, whatever the carrier says, where its trunk has no early media', async () => {
    const { world, r } = await freshRig(new World(), { earlyMedia: false })
    r.carrier.onCall = (line) => {
      line.early()
      ;(line.session as IncomingSession).progress(183)
    }

    const caller = r.phone('1001').dial('442079460099')
    await world.run(100)
    r.carrier.line.answer()
    await world.run(100)

    caller.hangUp()
    await world.run(100)

    expect(caller.heard).toEqual(['180', '180', expect.stringMatching(/^200 /)])
    await over(r, { by: 'agent', cause: 'hangup' })
  })

  it('gives the caller the status with which the carrier refuses', async () => {
    const { world, r } = await freshRig(new World())
    r.carrier.onCall = (line) => line.reject(404)

    const caller = r.phone('1001').dial('442079460099')
    await world.run(100)

    expect(caller.heard).toEqual(['404'])
    expect(r.events()).toEqual(['Dialing 1001', 'DestinationBusy 1001 SitInvalidnum', 'Released 1001 SitInvalidnum'])
    await over(r, { by: 'carrier', cause: 'refused', status: 404 })
  })

  it.each([302, 305, 401, 407, 422])(
    'answers %i of the carrier by 500, for it is between the carrier and us: a phone would answer for itself',
    async (status) => {
      const { world, r } = await freshRig(new World())
      r.carrier.onCall = (line) => line.reject(status)

      const caller = r.phone('1001').dial('442079460099')
      await world.run(100)

      expect(caller.heard).toEqual(['500'])
      await over(r, { by: 'carrier', cause: 'refused', status })
    },
  )

  it('answers a carrier that has no room by 500: a phone would take 503 for ours and leave us (RFC 3261 §16.7, §21.5.4)', async () => {
    const { world, r } = await freshRig(new World())
    r.carrier.onCall = (line) => line.reject(503)

    const caller = r.phone('1001').dial('442079460099')
    await world.run(100)

    expect(caller.heard).toEqual(['500'])
    expect(r.events().at(-1)).toBe('Released 1001 AllTrunksBusy')
    await over(r, { by: 'carrier', cause: 'refused', status: 503 })
  })

  it('tells the last device event the ending also where only the callee is ours', async () => {
    const { world, r } = await freshRig(new World())
    r.phone('1002').onCall = (line) => line.reject(486)

    const caller = r.carrier.dial('1002')
    await world.run(100)

    expect(caller.heard).toEqual(['486'])
    await over(r, { by: 'agent', cause: 'busy', status: 486 })
  })
})
