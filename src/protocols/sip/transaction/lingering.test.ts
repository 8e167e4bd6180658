import { describe, expect, it } from 'vitest'
import { World } from '#simulation/world.ts'
import { type Lingerer, Lingering } from './lingering.ts'

function start() {
  const world = new World()
  const { clock } = world.host('proxy')
  const lingering = new Lingering(clock, 1_000)
  const over: string[] = []
  const add = (name: string, then = () => {}) => {
    const one: Lingerer = {
      until: 0,
      after: undefined,
      lingered() {
        over.push(`${name} at ${clock.monotonic()}`)
        then()
      },
    }
    lingering.add(one)
  }
  return { world, lingering, over, add }
}

describe('transactions that linger', () => {
  it('each go when their time is over, in the order they came', async () => {
    const { world, add, over } = start()
    add('one')
    await world.run(400)
    add('another')
    add('a third')

    await world.run(5_000)

    expect(over).toEqual(['one at 1000', 'another at 1400', 'a third at 1400'])
  })

  it('can come while others go', async () => {
    const { world, add, over } = start()
    add('one', () => add('another'))

    await world.run(5_000)

    expect(over).toEqual(['one at 1000', 'another at 2000'])
  })

  it('are not kept by one whose end fails', async () => {
    const { world, add, over } = start()
    add('one', () => {
      throw new Error('a bug')
    })
    add('another')

    await expect(world.run(1_000)).rejects.toThrow('a bug')
    await world.run(1_000)

    expect(over).toHaveLength(2)
  })

  it('leave no timer when they are forgotten', () => {
    const { world, add, lingering, over } = start()
    add('one')

    lingering.clear()

    expect(world.idle).toBe(true)
    expect(over).toEqual([])
  })
})
