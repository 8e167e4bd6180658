import { queryObjects } from 'node:v8'
import { expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { LegAtWork } from './leg-at-work.ts'
import { freshRig } from './scenes.fixture.ts'

it('keeps nothing of the media servers that did not take a call which waits on', async () => {
  const { world, r } = await freshRig(new World())
  r.media.status = 503
  const caller = r.carrier.dial('8010')
  await world.run(60_000)
  const tries = r.media.calls.length
  r.media.status = 200
  // What keeps a leg longest is a transaction (RFC 3261 §17.1.1.2: timer D).
  await world.run(40_000)

  const kept = queryObjects(LegAtWork, { format: 'count' })
  caller.hangUp()

  expect(tries).toBeGreaterThan(10)
  expect(kept).toBe(2)
})
