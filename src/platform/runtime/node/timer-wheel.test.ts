import { describe, expect, it } from 'vitest'
import { TimerWheel } from './timer-wheel.ts'

describe('the timer wheel', () => {
  it('runs timers never early, in order of their time', () => {
    const wheel = new TimerWheel(0)
    const order: string[] = []
    wheel.start(0, 500, () => order.push('T1'))
    wheel.start(0, 100, () => order.push('100'))
    wheel.start(5, 495, () => order.push('T1 too'))

    wheel.advance(99)
    const early = [...order]
    wheel.advance(1000)

    expect(early).toEqual([])
    expect(order).toEqual(['100', 'T1', 'T1 too'])
  })

  it('holds timers longer than the wheel goes round', () => {
    const wheel = new TimerWheel(0)
    let ran = 0
    wheel.start(0, 3_600_000, () => ran++)

    for (let now = 0; now < 3_600_000; now += 20_000) wheel.advance(now)
    const before = ran
    wheel.advance(3_600_000)

    expect(before).toBe(0)
    expect(ran).toBe(1)
  })

  it('runs nothing that was cancelled, not even by a timer of the same tick', () => {
    const wheel = new TimerWheel(0)
    const order: string[] = []
    wheel.start(0, 20, () => {
      order.push('first')
      second.cancel()
    })
    const second = wheel.start(0, 20, () => order.push('second'))
    const third = wheel.start(0, 20, () => order.push('third'))
    third.cancel()
    third.cancel()

    wheel.advance(20)

    expect(order).toEqual(['first'])
  })

  it('runs a timer that a timer starts for now only at the next tick', () => {
    const wheel = new TimerWheel(0)
    let ran = 0
    const again = (): void => {
      ran++
      wheel.start(20, 0, again)
    }
    wheel.start(0, 20, again)

    wheel.advance(20)
    const first = ran
    wheel.advance(40)

    expect(first).toBe(1)
    expect(ran).toBe(2)
  })

  it('goes on with the others after one has thrown', () => {
    const wheel = new TimerWheel(0)
    const order: string[] = []
    wheel.start(0, 20, () => {
      throw new Error('a bug')
    })
    wheel.start(0, 20, () => order.push('same tick'))
    wheel.start(0, 40, () => order.push('next tick'))

    expect(() => wheel.advance(40)).toThrow('a bug')
    wheel.advance(40)

    expect(order).toEqual(['same tick', 'next tick'])
  })

  it('catches up after a pause without losing a timer', () => {
    const wheel = new TimerWheel(0)
    let ran = 0
    for (let ms = 1; ms <= 10_000; ms++) wheel.start(0, ms, () => ran++)

    wheel.advance(10_000)

    expect(ran).toBe(10_000)
  })
})
