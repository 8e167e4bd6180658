import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { carrierHost, type Phone, port } from './phones.fixture.ts'
import { freshRig, over, queued, route, routedTalk } from './scenes.fixture.ts'

type Contacts = readonly string[]

const redirecting =
  (...contacts: Contacts) =>
  (phone: Phone) => {
    phone.onCall = (line) => line.redirect(302, contacts)
  }

/** 1001, or the carrier, has dialled 1002, whose phone sends the call elsewhere. */
async function redirected(contacts: Contacts, from: '1001' | 'carrier' = '1001', dialled = '1002') {
  const { world, r } = await freshRig(new World())
  const called = dialled === '1002' ? r.phone('1002') : r.carrier
  redirecting(...contacts)(called)
  const caller = (from === 'carrier' ? r.carrier : r.phone(from)).dial(dialled)
  await world.run(1000)
  return { world, r, caller, called, events: r.events() }
}

describe('a phone that sends a call elsewhere (RFC 3261 §8.1.3.4, event flows §5)', () => {
  it('leaves it, and the one it names rings', async () => {
    const { world, r, caller, events } = await redirected(['<sip:1003@ringmain>'])
    r.phone('1003').line.answer()
    await world.run(1000)
    const ringing = r.published.findLast(({ name }) => name === 'EventRinging')
    const released = r.published.find(({ name }) => name === 'EventReleased')

    expect(events).toEqual(['Dialing 1001', 'Ringing 1002', 'Released 1002 Redirected', 'Ringing 1003'])
    expect([released, ringing]).toMatchObject([{ thirdPartyDN: '1003' }, { thisDN: '1003', thirdPartyDN: '1002' }])
    expect(caller.heard).toEqual(['180', expect.stringMatching(/^200 /)])
    caller.hangUp()
    await world.run(100)
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('is named to whoever is called next, as a branch before this one (RFC 5806, RFC 7044 §10.3, §10.4)', async () => {
    const { world, r, caller } = await redirected(['<sip:1003@ringmain>'])
    const invite = r.phone('1003').line.requests[0]
    caller.cancel()
    await world.run(100)

    expect(invite?.headers('Diversion')).toEqual(['<sip:1002@ringmain>;reason=deflection'])
    expect(invite?.headers('History-Info')).toEqual([
      '<sip:1002@ringmain?Reason=SIP%3Bcause%3D302>;index=1',
      '<sip:1003@ringmain>;index=2',
    ])
  })

  it('is told with each that was tried, in order', async () => {
    const { world, r } = await freshRig(new World())
    redirecting('<sip:1003@ringmain>')(r.phone('1002'))
    redirecting('<sip:1001@ringmain>')(r.phone('1003'))
    const caller = r.carrier.dial('1002')
    await world.run(1000)
    const invite = r.phone('1001').line.requests[0]
    caller.cancel()
    await world.run(100)

    expect(invite?.headers('History-Info')).toEqual([
      '<sip:1002@ringmain?Reason=SIP%3Bcause%3D302>;index=1',
      '<sip:1003@ringmain?Reason=SIP%3Bcause%3D302>;index=2',
      '<sip:1001@ringmain>;index=3',
    ])
  })

  it.each([
    ['its own name', '<sip:1002@ringmain>', 'np'],
    ['another name', '<sip:+44203@carrier.example>', 'rc'],
  ])(
    'is named after those who diverted the call before it came here for it under %s (RFC 5806 §5, RFC 7044 §10.3, §10.4)',
    async (_what, target, parameter) => {
      const { world, r } = await freshRig(new World())
      redirecting('<sip:1003@ringmain>')(r.phone('1002'))
      const fields = [
        ['Diversion', '<sip:+4422@carrier.example>;reason=user-busy'],
        ['History-Info', `<sip:+4422@carrier.example>;index=1, ${target};index=1.2;mp=1`],
      ] as const
      const caller = r.carrier.dial('1002', { fields })
      await world.run(1000)
      const invite = r.phone('1003').line.requests[0]
      caller.cancel()
      await world.run(100)

      expect(invite?.headers('Diversion')).toEqual([
        '<sip:1002@ringmain>;reason=deflection',
        '<sip:+4422@carrier.example>;reason=user-busy',
      ])
      expect(invite?.headers('History-Info')).toEqual([
        '<sip:+4422@carrier.example>;index=1',
        `${target};index=1.2;mp=1`,
        `<sip:1002@ringmain?Reason=SIP%3Bcause%3D302>;index=1.2.1;${parameter}=1.2`,
        '<sip:1003@ringmain>;index=1.2.2',
      ])
    },
  )

  it('is followed to the best contact that leads anywhere', async () => {
    const { world, r, caller } = await redirected([
      '<mailto:somebody@example.com>;q=1.0',
      '<sip:77@ringmain>;q=0.9',
      '<sip:8900@ringmain>;q=0.1',
      '<sip:1003@ringmain>;q=0.5',
    ])

    expect(r.phone('1003').lines).toHaveLength(1)
    caller.cancel()
    await world.run(100)
  })

  it('to a routing point puts the caller into its queue', async () => {
    const { world, caller, events } = await redirected(['<sip:8010@ringmain>'])

    expect(events).toContain('Queued 8010')
    caller.hangUp()
    await world.run(100)
  })

  it.each([
    ['nowhere', ['<sip:77@ringmain>'], { by: 'agent', cause: 'rejected', status: 603 }],
    ['nothing', [], { by: 'agent', cause: 'rejected', status: 603 }],
    ['what is no Contact', ['<nonsense'], { by: 'agent', cause: 'rejected', status: 603 }],
    ['itself', ['<sip:1002@ringmain>'], { by: 'agent', cause: 'rejected', status: 603 }],
  ] as const)('declines it where that is %s', async (_what, contacts, ending) => {
    const { r } = await redirected(contacts)

    await over(r, ending)
  })

  it('back to who calls finds it busy', async () => {
    const { r } = await redirected(['<sip:1001@ringmain>'])

    await over(r, { by: 'agent', cause: 'busy', status: 486 })
  })

  it('in a circle with another is tried once each', async () => {
    const { world, r } = await freshRig(new World())
    redirecting('<sip:1003@ringmain>')(r.phone('1002'))
    redirecting('<sip:1002@ringmain>')(r.phone('1003'))
    r.phone('1001').dial('1002')
    await world.run(1000)

    expect([r.phone('1002').lines.length, r.phone('1003').lines.length]).toEqual([1, 1])
    await over(r, { by: 'agent', cause: 'rejected', status: 603 })
  })

  it('sends nobody from outside outside again: toll fraud', async () => {
    const { r } = await redirected(['<sip:442079460018@ringmain>'], 'carrier')

    expect(r.carrier.lines).toHaveLength(1)
    await over(r, { by: 'cluster', cause: 'forbidden', status: 403 })
  })
})

describe('a carrier that sends a call elsewhere', () => {
  const gateway = `sip:442079460018@${carrierHost}:${port};gw=2`

  it('may name another server for the same number', async () => {
    const { world, r } = await freshRig(new World())
    r.carrier.onCall = (line) => (r.carrier.lines.length === 1 ? line.redirect(302, [`<${gateway}>`]) : line.ring())
    const caller = r.phone('1001').dial('442079460018')
    await world.run(1000)

    expect(r.carrier.line.requests[0]?.requestURI).toBe(gateway)
    caller.cancel()
    await world.run(100)
  })

  it('may do so where a call is routed to it, and where it is transferred there, on the same account', async () => {
    const move = (r: Awaited<ReturnType<typeof routedTalk>>['r']) => {
      const before = r.carrier.lines.length
      r.carrier.onCall = (line) =>
        r.carrier.lines.length === before + 1 ? line.redirect(302, [`<${gateway}>`]) : line.answer()
    }
    const routed = await queued(new World())
    move(routed.r)
    route(routed.r, '442079460018')
    await routed.world.run(1000)
    const transferred = await routedTalk(new World())
    move(transferred.r)
    transferred.agent.send('REFER', [['Refer-To', '<sip:442079460018@ringmain>']])
    await transferred.world.run(1000)

    expect(transferred.r.outside.legs).toEqual(['1001'])
    for (const { world, r, caller } of [routed, transferred]) {
      const [, tried, taken] = r.carrier.lines
      expect(tried?.heard.at(-1)).toBe('INVITE 127.0.3.1:10002')
      expect(taken?.requests[0]?.requestURI).toBe(gateway)
      expect(taken?.requests[0]?.headers('Diversion')).toEqual([])
      expect(caller.remote).toContain('m=audio 10006')
      caller.hangUp()
      await world.run(100)
      await over(r, { by: 'customer', cause: 'hangup' })
    }
  })

  it('may do so after the phone that transferred has hung up, still on its account', async () => {
    const { world, r, caller, agent } = await routedTalk(new World())
    r.carrier.onCall = () => {}
    agent.send('REFER', [['Refer-To', '<sip:442079460018@ringmain>']])
    await world.run(100)
    agent.hangUp()
    await world.run(100)
    const before = r.carrier.line
    r.carrier.onCall = (line) => line.answer()
    before.redirect(302, [`<${gateway}>`])
    await world.run(1000)

    expect(r.carrier.line.requests[0]?.requestURI).toBe(gateway)
    expect(r.outside.legs).toEqual(['1001'])
    expect(caller.heard.at(-1)).toBe('re-INVITE 127.0.3.1:10006')
    caller.hangUp()
    await world.run(100)
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('is refused where it goes round in circles, and after five times', async () => {
    const circle = await redirected([`<${gateway}>`], '1001', '442079460018')
    expect(circle.r.carrier.lines).toHaveLength(2)
    await over(circle.r, { by: 'carrier', cause: 'refused', status: 482 })

    const { world, r } = await freshRig(new World())
    r.carrier.onCall = (line) => line.redirect(302, [`<${gateway}${r.carrier.lines.length}>`])
    r.phone('1001').dial('442079460018')
    await world.run(1000)
    expect(r.carrier.lines).toHaveLength(6)
    await over(r, { by: 'carrier', cause: 'refused', status: 482 })
  })
})
