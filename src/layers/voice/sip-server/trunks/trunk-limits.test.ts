import { describe, expect, it } from 'vitest'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { World } from '#simulation/world.ts'
import { TrunkLimits } from './trunk-limits.ts'

function limits(trunk: { mostCalls?: number; callsPerSecond?: number }) {
  const world = new World()
  const configuration = configurationFrom({ trunks: [{ name: 't', ...trunk }] })
  return { world, limits: new TrunkLimits(world.host('node').clock, () => configuration) }
}
const number = '0044123456'

describe('the limits of a trunk', () => {
  it('are how many calls it has at a time', () => {
    const { limits: counts } = limits({ mostCalls: 2 })

    const taken = [counts.take('t', number), counts.take('t', number), counts.take('t', number)]
    counts.release('t')

    expect(taken).toEqual([true, true, false])
    expect(counts.take('t', number)).toBe(true)
  })

  it('are how many begin in a second', async () => {
    const { world, limits: counts } = limits({ callsPerSecond: 2 })

    const now = [counts.take('t', number), counts.take('t', number), counts.take('t', number)]
    await world.run(1_000)

    expect(now).toEqual([true, true, false])
    expect(counts.take('t', number)).toBe(true)
  })

  it('refuse no emergency call, and count it', () => {
    const { limits: counts } = limits({ mostCalls: 1, callsPerSecond: 1 })

    const taken = [counts.take('t', '112'), counts.take('t', '112'), counts.take('t', number)]

    expect(taken).toEqual([true, true, false])
  })

  it('are none where the trunk names none', () => {
    const { limits: counts } = limits({})

    expect(Array.from({ length: 100 }, () => counts.take('t', number)).every(Boolean)).toBe(true)
  })
})
