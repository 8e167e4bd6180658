import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { freshRig, over } from './scenes.fixture.ts'

describe('service numbers', () => {
  it.each([
    ['8900', 'sip:echo@media.dc1'],
    ['8901', 'sip:annc@media.dc1;play=announcement'],
    ['8902', 'sip:annc@media.dc1;play=music;repeat=forever'],
  ])('%s is answered by %s', async (number, uri) => {
    const { world, r } = await freshRig(new World())

    const caller = r.phone('1001').dial(number)
    await world.run(100)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(r.media.uris).toEqual([uri])
    expect(events).toEqual(['Dialing 1001', `Ringing ${number}`, 'Established 1001', `Established ${number}`])
    expect(r.callBased().some((event) => 'extensions' in event && event.extensions?.Service !== undefined)).toBe(true)
    await over(r, { by: 'customer', cause: 'hangup' })
  })

  it('8901 ends completed when it has been played', async () => {
    const { world, r } = await freshRig(new World())
    r.carrier.dial('8901')
    await world.run(100)

    r.media.call.line.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Ringing 8901', 'Established 8901', 'Released 8901'])
    await over(r, { by: 'cluster', cause: 'completed' })
  })

  it('ends with an error where no media server takes it', async () => {
    const { world, r } = await freshRig(new World())
    r.media.status = 503

    const caller = r.carrier.dial('8900')
    await world.run(100)

    expect(caller.heard).toEqual(['500'])
    await over(r, { by: 'cluster', cause: 'error', status: 500 })
  })

  it('ends not-acceptable where the media server has nothing in common with who calls', async () => {
    const { world, r } = await freshRig(new World())
    r.media.status = 488

    const caller = r.carrier.dial('8900')
    await world.run(100)

    expect(caller.heard).toEqual(['488'])
    await over(r, { by: 'cluster', cause: 'not-acceptable', status: 488 })
  })
})
