import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { endingOf, rig } from './rig.fixture.ts'

describe('a direct call (event flows §2)', () => {
  it('rings, is answered and ends, with the events in order', async () => {
    const world = new World()
    const r = await rig(world)

    const caller = r.phone('1001').dial('1002')
    await world.run(100)
    const ringing = r.events()
    r.phone('1002').line.answer()
    await world.run(100)
    const established = r.events()
    caller.hangUp()
    await world.run(100)

    expect(ringing).toEqual(['Dialing 1001', 'Ringing 1002'])
    expect(established).toEqual(['Established 1001', 'Established 1002'])
    expect(r.events()).toEqual(['Released 1001', 'Released 1002'])
    expect(caller.heard).toEqual(['180', '200 127.0.2.2:10002'])
    expect(r.phone('1002').line.heard).toEqual(['INVITE 127.0.2.1:10002', 'ACK', 'BYE'])
    expect(endingOf(r)).toEqual({ by: 'customer', cause: 'hangup' })
    expect(r.owners.log).toEqual([
      'seize 1001 originate',
      'seize 1002 direct',
      'release 1001 ended',
      'release 1002 ended',
    ])
    expect(r.ended).toEqual(['customer hangup'])
    await r.settled()
  })
})
