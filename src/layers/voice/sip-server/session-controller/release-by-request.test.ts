import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { freshRig, over, ringing, route, routedTalk } from './scenes.fixture.ts'

describe('RequestReleaseCall before an answer (event flows §2, §4)', () => {
  it('of who waits from inside abandons the queue, with a BYE', async () => {
    const { world, r } = await freshRig(new World())
    const caller = r.phone('1003').dial('8010')
    await world.run(100)
    r.events()

    const asked = r.ask('RequestReleaseCall', { thisDN: '1003' })
    await world.run(100)

    expect(asked.told).toEqual(['Released'])
    expect(r.events()).toEqual(['Abandoned 8010', 'Released 1003'])
    expect(caller.heard.at(-1)).toMatch(/^BYE/)
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('of who waits for the DN that is being seized, or for the media server, answers its INVITE 487', async () => {
    const { world, r } = await freshRig(new World())
    r.media.slow = true
    r.owners.slow.set('1001', () => {})
    const caller = r.phone('1003').dial('8010')
    await world.run(100)
    const routed = route(r, '1001')

    const asked = r.ask('RequestReleaseCall', { thisDN: '1003' })
    await world.run(100)
    r.owners.slow.get('1001')?.()

    expect(asked.told).toEqual(['Released'])
    expect(routed.told[0]).toContain('Error 56')
    expect(caller.heard).toEqual(['487'])
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('of the routing point is refused: it routes', async () => {
    const { world, r } = await freshRig(new World())
    const caller = r.carrier.dial('8010')
    await world.run(100)

    const asked = r.ask('RequestReleaseCall', { thisDN: '8010' })
    caller.hangUp()
    await world.run(100)

    expect(asked.told[0]).toContain('Error 93')
  })

  it('of the caller while an agent’s phone rings abandons the ringing', async () => {
    const { world, r } = await freshRig(new World())
    r.phone('1003').dial('8010')
    await world.run(100)
    route(r, '1001')
    await world.run(100)
    r.events()

    r.ask('RequestReleaseCall', { thisDN: '1003' })
    await world.run(100)

    expect(r.events()).toEqual(['Released 1003', 'Abandoned 1001'])
    await over(r, { by: 'customer', cause: 'abandoned-ringing' })
  })

  it('of who called a DN cancels the call, as its phone would', async () => {
    const { world, r, caller, callee } = await ringing(new World())

    r.ask('RequestReleaseCall', { thisDN: '1001' })
    await world.run(100)

    expect(r.events()).toEqual(['Released 1001', 'Abandoned 1002'])
    expect(caller.heard.at(-1)).toBe('487')
    expect(callee.heard.at(-1)).toMatch(/^CANCEL/)
    await over(r, { by: 'customer', cause: 'cancelled' })
  })

  it('cancels the call, too, while the DN is being seized, and while the phone of who calls by request rings', async () => {
    const { world, r } = await freshRig(new World())
    r.owners.slow.set('1002', () => {})
    r.phone('1001').dial('1002')
    await world.run(100)
    r.ask('RequestReleaseCall', { thisDN: '1001' })
    r.owners.slow.get('1002')?.()
    await world.run(100)
    await over(r, { by: 'customer', cause: 'cancelled' })

    r.ask('RequestMakeCall', { thisDN: '1001', otherDN: '1003' })
    await world.run(100)
    r.ask('RequestReleaseCall', { thisDN: '1001' })
    await world.run(100)

    expect(r.phone('1001').line.heard.at(-1)).toMatch(/^CANCEL/)
    await over(r, { by: 'customer', cause: 'cancelled' })
  })

  it('cancels a call to a service number that no media server has answered yet', async () => {
    const { world, r } = await freshRig(new World())
    r.media.slow = true
    r.phone('1001').dial('8900')
    await world.run(300)

    r.ask('RequestReleaseCall', { thisDN: '1001' })
    await world.run(100)

    await over(r, { by: 'customer', cause: 'cancelled' })
  })
})

describe('RequestReleaseCall during a transfer (event flows §7)', () => {
  it('of the third, which rings after who transferred has left, declines: the caller goes back to its queue', async () => {
    const { world, r, caller } = await routedTalk(new World())
    r.ask('RequestSingleStepTransfer', { thisDN: '1001', otherDN: '1002' })
    await world.run(100)
    r.events()

    const declined = r.ask('RequestReleaseCall', { thisDN: '1002' })
    await world.run(100)
    const events = r.events()
    const heard = caller.heard.at(-1)
    caller.hangUp()
    await world.run(100)

    expect(declined.told).toEqual(['Released'])
    expect(r.phone('1002').line.heard.at(-1)).toMatch(/^CANCEL SIP;cause=603/)
    expect(events).toEqual(['Released 1002 Redirected', 'Queued 8010', 'RouteRequest 8010'])
    expect(heard).toBe('re-INVITE 127.0.0.9:20002')
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('of that third ends the call as rejected where there is no queue to go back to', async () => {
    const { world, r } = await freshRig(new World())
    const caller = r.carrier.dial('1001')
    await world.run(100)
    r.phone('1001').line.answer()
    await world.run(100)
    r.ask('RequestSingleStepTransfer', { thisDN: '1001', otherDN: '1002' })
    await world.run(100)

    r.ask('RequestReleaseCall', { thisDN: '1002' })
    await world.run(100)

    expect(caller.heard.at(-1)).toMatch(/^BYE/)
    await over(r, { by: 'agent', cause: 'rejected', status: 603 })
  })

  it('of the third before it rings declines: who wanted to transfer keeps the call', async () => {
    const { world, r, caller, agent } = await routedTalk(new World())
    r.phone('1002').onCall = () => {}
    const transfer = r.ask('RequestSingleStepTransfer', { thisDN: '1001', otherDN: '1002' })
    await world.run(100)
    r.events()

    const declined = r.ask('RequestReleaseCall', { thisDN: '1002' })
    await world.run(300)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect([declined.told, transfer.told]).toEqual([['Released'], ['Error 231 the other DN declined (603)']])
    expect(events).toEqual(['Released 1002 Busy'])
    expect(agent.heard.at(-1)).toMatch(/^BYE/)
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it.each([
    ['before the third rings', false],
    ['before its owner has answered', true],
  ])('of who transfers, %s, lets it go and the transfer go on, as a BYE of its phone', async (_when, slow) => {
    const { world, r, caller, agent } = await routedTalk(new World())
    r.phone('1002').onCall = () => {}
    if (slow) r.owners.slow.set('1002', () => {})
    r.events()
    const transfer = r.ask('RequestSingleStepTransfer', { thisDN: '1001', otherDN: '1002' })
    await world.run(100)

    const release = r.ask('RequestReleaseCall', { thisDN: '1001' })
    const twice = r.ask('RequestReleaseCall', { thisDN: '1001' })
    await world.run(100)
    r.owners.slow.get('1002')?.()
    await world.run(100)
    r.phone('1002').line.answer()
    await world.run(100)
    const events = r.events()
    const heard = caller.heard.at(-1)
    caller.hangUp()
    await world.run(100)

    expect([transfer.told, release.told]).toEqual([['Released'], ['ACK']])
    expect(twice.told[0]).toContain('Error 93')
    expect(agent.heard.at(-1)).toMatch(/^BYE/)
    expect(events).toEqual(['Ringing 1002 Transferred', 'Released 1001 Transferred', 'Established 1002'])
    expect(heard).toBe('re-INVITE 127.0.2.2:10002')
    await over(r, { by: 'customer', cause: 'hangup' })
  })
})
