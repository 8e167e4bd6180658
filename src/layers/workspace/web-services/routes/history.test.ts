import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { callUUID, inbound, interaction, setUp } from '../centre.fixture.ts'

/** A call that has just ended and is stored `after` ms later. */
async function ended(after: number) {
  const centre = await setUp(new World(11))
  const { host, publish, past, world, put } = centre
  const call = inbound(centre)
  put('1002', 'on-call')
  publish(...call.queued(), ...call.ringing(), ...call.established(), ...call.ended())
  await world.run(10)
  host.clock.after(after, () => past.set(callUUID, { ...interaction, callUUID }))
  return centre
}

describe('a call that has just ended', () => {
  it('is told once it is stored, which those who heard its end need not know', async () => {
    const { ask, signIn } = await ended(700)

    const answer = await ask('GET', `/api/v1/interactions/${callUUID}`, undefined, await signIn('1001'))

    expect(answer).toMatchObject({ status: 200, body: { callUUID } })
  })

  it('shows its ladder to the agent who was in it, and to no other', async () => {
    const { ask, signIn } = await ended(700)
    const [agent, stranger] = [await signIn('1002'), await signIn('1003')]
    const status = async (token: string) =>
      (await ask('GET', `/api/v1/calls/${callUUID}/ladder`, undefined, token)).status

    expect([await status(agent), await status(stranger)]).toEqual([200, 404])
  })

  it('is not there after 3 s when it has not been stored, and one nobody knows at once', async () => {
    const { ask, signIn, world } = await ended(20_000)
    const token = await signIn('1001')
    const from = world.now

    const unstored = await ask('GET', `/api/v1/interactions/${callUUID}`, undefined, token)
    const waited = world.now - from
    const unknown = await ask('GET', '/api/v1/interactions/01900000-0000-7000-8000-000000000001', undefined, token)

    expect([unstored.status, unknown.status]).toEqual([404, 404])
    expect(waited).toBeGreaterThanOrEqual(3000)
    expect(world.now - from - waited).toBeLessThan(100)
  })
})
