import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { freshRig, over } from './scenes.fixture.ts'

describe('RequestMakeCall', () => {
  const make = async () => {
    const { world, r } = await freshRig(new World())
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

  it('is refused where there is no room for one more call', async () => {
    const { world, r } = await freshRig(new World(), { overloaded: true })

    const asked = r.ask('RequestMakeCall', { thisDN: '1001', otherDN: '1002' })
    await world.run(100)

    expect(asked.told).toEqual(['Error 93 the node is overloaded: try again later'])
    expect(r.published).toEqual([])
    await r.settled()
  })

  it('ends where the phone of who dials is not picked up', async () => {
    const { world, r } = await make()

    r.phone('1001').line.reject(486)
    await world.run(100)

    expect(r.events()).toEqual(['Dialing 1001', 'Released 1001 Busy'])
    await over(r, { by: 'customer', cause: 'busy', status: 486 })
  })

  it('is refused where the DN cannot be had, without a call', async () => {
    const { world, r } = await freshRig(new World())
    r.owners.refusals.set('1001', 'out-of-service')

    const asked = r.ask('RequestMakeCall', { thisDN: '1001', otherDN: '1002' })
    await world.run(100)

    expect(asked.told).toEqual(['Error 58 the DN is out of service'])
    expect(r.published).toEqual([])
  })
})

describe('RequestAnswerCall', () => {
  it('tells a phone that understands it to pick up (Event: talk)', async () => {
    const { world, r } = await freshRig(new World())
    const phone = r.phone('1002')
    phone.onCall = (line) => line.ring([['Allow-Events', 'talk, hold']])
    const caller = r.phone('1001').dial('1002')
    await world.run(100)

    const asked = r.ask('RequestAnswerCall', { thisDN: '1002' })
    await world.run(100)
    const notify = phone.line.requests.find(({ method }) => method === 'NOTIFY')
    caller.cancel()

    expect(asked.told).toEqual(['ACK'])
    // The connection that asked knows the number of its request; one in here would override it on the wire.
    expect(asked.event).not.toHaveProperty('refID')
    expect(notify?.header('Event')).toBe('talk')
  })

  it('is refused for a phone that does not', async () => {
    const { world, r } = await freshRig(new World())
    const caller = r.phone('1001').dial('1002')
    await world.run(100)

    const asked = r.ask('RequestAnswerCall', { thisDN: '1002' })
    caller.cancel()
    await world.run(100)

    expect(asked.told).toEqual(['Error 51 not available yet: this phone cannot be told to answer'])
  })
})
