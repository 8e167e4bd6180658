import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { freshRig, offered, over, queued, treat } from './scenes.fixture.ts'

describe('a caller who leaves (event flows §4)', () => {
  it.each([
    ['PlayAnnouncement', { prompt: 'greeting' }, 'abandoned-greeting'],
    ['PlayAnnouncementAndDigits', { prompt: 'menu-sales' }, 'abandoned-ivr'],
    ['Music', {}, 'abandoned-queue'],
  ])('in %s', async (type, parameters, cause) => {
    const { world, r, caller } = await queued(new World())
    treat(r, type, parameters)
    await world.run(100)
    r.events()

    caller.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Abandoned 8010'])
    await over(r, { by: 'customer', cause })
  })

  it('while the agent’s phone rings', async () => {
    const { world, r, caller, agent } = await offered(new World())
    r.events()

    caller.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Abandoned 1001'])
    expect(agent.heard.at(-1)).toContain('CANCEL')
    expect(r.owners.log.at(-1)).toBe('release 1001 unused')
    await over(r, { by: 'customer', cause: 'abandoned-ringing' })
  })

  it('from inside: the queue first, then the caller', async () => {
    const { world, r } = await freshRig(new World())
    const caller = r.phone('1003').dial('8010')
    await world.run(100)
    r.events()

    caller.hangUp()
    await world.run(100)

    expect(r.events()).toEqual(['Abandoned 8010', 'Released 1003'])
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('before the media server has answered', async () => {
    const { world, r } = await freshRig(new World())
    r.media.slow = true
    const caller = r.carrier.dial('8010')
    // §17.2.1: without a provisional response there is nothing to cancel; 100 comes after 200 ms.
    await world.run(300)

    caller.cancel()
    await world.run(100)

    expect(r.media.call.line.heard.at(-1)).toContain('CANCEL')
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it('without a word: probed, and taken for gone', async () => {
    const { world, r } = await queued(new World())

    world.crash('carrier')
    await world.run(55_000)

    await over(r, { by: 'cluster', cause: 'session-expired' })
  })
})
