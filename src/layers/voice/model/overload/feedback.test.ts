import { describe, expect, it } from 'vitest'
import { decideEvery } from './control-function.ts'
import { isFeedback, keptBack, nothingTold, tell } from './feedback.ts'

/**
 * A node with this limit, told by itself four times a second; who sends it `offered(second)` calls a second hears it
 * `delay` decisions later. What it told, what came a second, and what it had to refuse by itself.
 */
function told(offered: (second: number) => number, seconds: number, limit: number, delay: number) {
  let said = nothingTold
  const shares = Array.from({ length: delay + 1 }, () => 0)
  const came: number[] = []
  let owed = 0
  for (let at = 0; at < seconds; at += decideEvery / 1000) {
    owed += (offered(Math.floor(at)) * (1 - (shares.shift() ?? 0)) * decideEvery) / 1000
    const whole = Math.floor(owed)
    owed -= whole
    came.push((whole * 1000) / decideEvery)
    said = tell(said, limit, came.at(-1) ?? 0)
    shares.push(said.reduction)
  }
  const second = (from: number) => came.slice(4 * from, 4 * from + 4).reduce((sum, rate) => sum + rate, 0) / 4
  return { second, reduction: said.reduction }
}

describe('what an overloaded node tells its proxies', () => {
  it('is nothing while it lets in as many as come', () => {
    expect(tell(nothingTold, undefined, 500)).toEqual(nothingTold)
    expect(tell(tell(nothingTold, 100, 200), undefined, 100)).toEqual(nothingTold)
    expect(tell(nothingTold, 100, 80).reduction).toBe(0)
  })

  it('is the share that leaves as many as it lets in, reckoned from what was let through (RFC 7339 §6)', () => {
    let said = tell(nothingTold, 100, 200)
    const first = said.reduction
    for (let decision = 0; decision < 24; decision++) said = tell(said, 100, 200 * (1 - said.reduction))

    expect(first).toBe(0.5)
    expect(said.reduction).toBeCloseTo(0.5, 2)
    expect(keptBack(said, 100)).toBeCloseTo(100, 0)
  })

  it('is never all: from what comes it sees whether there is less', () => {
    const { reduction } = tell(nothingTold, 1, 10_000)

    expect(reduction).toBe(0.98)
  })

  it.each([
    [2, 100, 0],
    [2, 100, 2],
    [10, 100, 1],
    [10, 100, 2],
    [1.2, 100, 2],
    [3, 10, 0],
    [3, 10, 2],
  ])(
    'makes come what it lets in, soon and without swinging: %d times %d a second, heard %d later',
    (times, limit, delay) => {
      const { second } = told(() => times * limit, 20, limit, delay)

      for (let at = 1; at < 20; at++) expect(second(at)).toBeGreaterThan(0.92 * limit - 1)
      for (let at = 5; at < 20; at++) expect(Math.abs(second(at) - limit)).toBeLessThan(0.05 * limit + 2)
    },
  )

  it.each([0, 1, 2])('lets everything come again within two seconds of there being less, heard %d later', (delay) => {
    const { second, reduction } = told((at) => (at < 10 ? 500 : 60), 20, 100, delay)

    for (let at = 12; at < 20; at++) expect(Math.abs(second(at) - 60)).toBeLessThanOrEqual(1)
    expect(reduction).toBe(0)
  })

  it('is read with care: shares are of 1, and nothing holds for longer than a minute', () => {
    expect(isFeedback({ reduction: 0.3, validity: 2000 })).toBe(true)
    for (const other of [undefined, null, 3, {}, { reduction: 0.3 }, { reduction: '0.3', validity: 2000 }])
      expect(isFeedback(other)).toBe(false)
    for (const reduction of [-0.1, 1.1, Number.NaN]) expect(isFeedback({ reduction, validity: 2000 })).toBe(false)
    for (const validity of [-1, 60_001]) expect(isFeedback({ reduction: 0.3, validity })).toBe(false)
  })
})
