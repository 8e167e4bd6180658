import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { offered, over, route } from './scenes.fixture.ts'

describe('an offer that is missed (event flows §5)', () => {
  const missed = ['Released 1001 Redirected', 'Queued 8010', 'RouteRequest 8010']

  it('after 15 s: back to the head of the queue with its first time', async () => {
    const { world, r, caller, agent } = await offered(new World())
    r.events()

    await world.run(15_100)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(missed)
    expect(agent.heard.at(-1)).toContain('CANCEL')
    expect(r.owners.log).toContain('release 1001 no-answer')
    const times = r.published.flatMap((event) => (event.name === 'EventQueued' ? [event.enterTime] : []))
    expect(times[0]).toBe(times[1])
    await over(r, { by: 'customer', cause: 'abandoned-queue' })
  })

  it.each([486, 603, 500])('where the phone answers %i', async (status) => {
    const { world, r, caller, agent } = await offered(new World())
    r.events()

    agent.reject(status)
    await world.run(100)
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(missed)
    expect(r.owners.log).toContain('release 1001 rejected')
  })

  it('where the phone unregisters while it rings', async () => {
    const { world, r, caller } = await offered(new World())
    r.events()

    r.controller.withdraw(r.connID(), '1001')
    const events = r.events()
    caller.hangUp()
    await world.run(100)

    expect(events).toEqual(missed)
    expect(r.owners.log).toContain('release 1001 out-of-service')
  })

  it('where the agent declines by request; the next agent gets it', async () => {
    const { world, r, caller } = await offered(new World())
    r.events()

    const asked = r.ask('RequestReleaseCall', { thisDN: '1001' })
    await world.run(100)
    route(r, '1002')
    await world.run(100)
    r.phone('1002').line.answer()
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(asked.told).toEqual(['Released'])
    expect(r.events().slice(0, 3)).toEqual(missed)
    expect(caller.heard).toEqual(['200 127.0.0.9:20000', 're-INVITE 127.0.2.2:10002'])
  })

  it('leaves an agent alone who answers as the offer is withdrawn', async () => {
    const { world, r, caller, agent } = await offered(new World())

    agent.answer()
    r.controller.withdraw(r.connID(), '1001')
    await world.run(100)
    caller.hangUp()
    await world.run(100)

    expect(agent.heard.some((one) => one.startsWith('BYE'))).toBe(true)
  })
})
