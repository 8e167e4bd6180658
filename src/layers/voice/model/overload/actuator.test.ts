import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { Actuator } from './actuator.ts'

function setUp() {
  const world = new World()
  const actuator = new Actuator(world.host('proxy').clock)
  const takes = (calls: number) => Array.from({ length: calls }, () => actuator.takes())
  return { world, actuator, takes }
}

describe('the share of new calls that a proxy keeps back', () => {
  it('is none before the node has told one', () => {
    const { takes } = setUp()

    expect(takes(10)).not.toContain(false)
  })

  it.each([0.1, 0.25, 0.5, 0.75, 0.98])('is as told, and evenly: %d', (reduction) => {
    const { actuator, takes } = setUp()
    actuator.hear({ reduction, validity: 2000 })

    const taken = takes(1000)

    // Counted as the share is added up: rounding may put one off.
    expect(Math.abs(taken.filter((one) => !one).length - 1000 * reduction)).toBeLessThanOrEqual(1)
    for (let from = 0; from < 1000; from += 100) {
      const kept = taken.slice(from, from + 100).filter((one) => !one).length
      expect(Math.abs(kept - 100 * reduction)).toBeLessThanOrEqual(1)
    }
  })

  it('holds until something newer is told, or it is too old (RFC 7339 §4.3)', async () => {
    const { world, actuator, takes } = setUp()
    actuator.hear({ reduction: 0.5, validity: 2000 })
    await world.run(1999)
    const within = actuator.reduction
    await world.run(1)
    const after = [actuator.reduction, takes(10).includes(false)]
    actuator.hear({ reduction: 0.5, validity: 2000 })
    actuator.hear({ reduction: 0, validity: 2000 })

    expect([within, after]).toEqual([0.5, [0, false]])
    expect(takes(10)).not.toContain(false)
  })
})
