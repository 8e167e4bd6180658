import { describe, expect, it } from 'vitest'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { World } from '#simulation/world.ts'
import { OutsideCalls } from './outside-calls.ts'

function setUp(settings: object = {}) {
  const world = new World()
  const configuration = configurationFrom({
    settings: { ...settings },
    dns: [{ number: '1001' }, { number: '1002', outsideNumbers: ['+44!'] }],
  })
  return { world, calls: new OutsideCalls(world.host('node').clock, () => configuration) }
}

describe('calls of a DN to the outside', () => {
  it('go to any number unless its own or those of all are named', () => {
    const { calls } = setUp()
    const { calls: atHome } = setUp({ outsideNumbers: ['0800!', '+44!'] })

    expect(calls.take('1001', '00900123456')).toBeUndefined()
    expect(atHome.take('1001', '00900123456')).toBe('forbidden')
    expect(atHome.take('1001', '0800123')).toBeUndefined()
  })

  it('go to the numbers named for the DN, whatever those of all are', () => {
    const { calls } = setUp({ outsideNumbers: ['0800!'] })

    expect(calls.take('1002', '+442079460018')).toBeUndefined()
    expect(calls.take('1002', '0800123')).toBe('forbidden')
  })

  it('are so many at a time, each DN for itself', () => {
    const { calls } = setUp({ outsideCalls: 2 })

    expect(['1', '2', '3'].map((number) => calls.take('1001', number))).toEqual([undefined, undefined, 'limit'])
    expect(calls.take('1002', '+441')).toBeUndefined()
    calls.release('1001')
    expect(calls.take('1001', '3')).toBeUndefined()
    expect(calls.active).toBe(3)
  })

  it('are so many in a minute, however short they are', async () => {
    const { world, calls } = setUp({ outsideCallsPerMinute: 6 })
    const short = () => {
      const refusal = calls.take('1001', '1')
      if (refusal === undefined) calls.release('1001')
      return refusal
    }

    expect(Array.from({ length: 7 }, short)).toEqual([...Array(6).fill(undefined), 'limit'])
    await world.run(10_000)
    expect([short(), short()]).toEqual([undefined, 'limit'])
  })

  it('reach help whatever the limits', () => {
    const { calls } = setUp({ outsideCalls: 0, outsideNumbers: [] })

    expect(calls.take('1001', '112')).toBeUndefined()
  })

  it('are forgotten when they have ended: nothing is kept of more DNs than so many', () => {
    const { calls } = setUp()

    for (let n = 0; n < 30_000; n++) {
      calls.take(`dn${n}`, '1')
      calls.release(`dn${n}`)
    }

    expect(calls.active).toBe(0)
  })
})
