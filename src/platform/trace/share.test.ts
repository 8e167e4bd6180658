import { describe, expect, it } from 'vitest'
import { classOf, classOfCall, markedCallID, Share, whole } from './share.ts'

function setUp(budget: number) {
  let now = 0
  const limits: number[] = []
  const clock = { monotonic: () => now }
  const share = new Share({ clock, budget: () => budget, changed: ({ limit }) => void limits.push(limit) })
  /** For so many seconds so many bytes in each, of classes that come in turn; gives what was spent in each second. */
  const load = (seconds: number, bytesPerSecond: number) => {
    const spent: number[] = []
    for (let second = 0; second < seconds; second++) {
      let sum = 0
      for (let n = 0; n < 1000; n++) {
        now += 1
        if (!share.admits((n * 37) % whole)) continue
        share.spend(bytesPerSecond / 1000)
        sum += bytesPerSecond / 1000
      }
      spent.push(sum)
    }
    return spent
  }
  return { share, limits, load }
}

describe('the share of calls that is traced', () => {
  it('is all of them within the budget', () => {
    const { share, limits, load } = setUp(1000)
    load(60, 900)

    expect([share.limit, limits]).toEqual([whole, []])
  })

  it('halves until it fits, and stays there as long as the load does', () => {
    const { share, limits, load } = setUp(1000)
    const spent = load(120, 5000)

    const changes = limits.length
    const later = load(120, 5000)

    expect([share.limit, limits.length]).toEqual([whole / 8, changes])
    expect(Math.max(...spent.slice(1), ...later)).toBeLessThanOrEqual(1000)
  })

  it('costs no second more than three budgets, however many calls come at once', () => {
    const { load } = setUp(1000)

    expect(Math.max(...load(60, 100_000))).toBeLessThan(3000 + 9 * 100)
  })

  it('grows back to all of them, in steps of ten calm seconds', () => {
    const { share, load } = setUp(1000)
    load(3, 5000)
    const before = share.limit
    load(7, 100)
    const still = share.limit
    load(50, 100)

    expect(before).toBeLessThan(whole / 4)
    expect([still, share.limit]).toEqual([before, whole])
  })
})

describe('the class of a call', () => {
  it('is the same by its callUUID and by the Call-ID of each leg that we begin', () => {
    const callUUID = '01a20cb4-4d5f-781e-8ef3-ca198391b2e6'

    expect(classOf(markedCallID('0123456789abcdef01234567', callUUID))).toBe(classOfCall(callUUID))
  })

  it.each([
    ['SIPp', (n: number) => `${n}-4711@192.0.2.16`],
    ['a phone', (n: number) => `${(n * 2654435761).toString(16)}@[2001:db8::ab]`],
    ['one that ends in tilde and no number', (n: number) => `${n}~zz`],
  ])('spreads the Call-IDs of others: %s', (_who, callIDOf) => {
    const counts = new Array<number>(4).fill(0)
    for (let n = 0; n < 4000; n++) {
      const quarter = classOf(callIDOf(n)) >> 6
      counts[quarter] = (counts[quarter] ?? 0) + 1
    }

    for (const count of counts) expect(count).toBeGreaterThan(850)
  })
})
