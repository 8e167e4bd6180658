import { describe, expect, it } from 'vitest'
import { decideEvery } from './control-function.ts'
import { isFeedback, keptBack, nothingTold, tell } from './feedback.ts'

const letIn = (admitted: number, limit: number | undefined) => ({ limit, admitted, refused: 0, unthinned: 0 })

/**
 * A node with this limit, told by itself four times a second; who sends it `offered(second)` calls a second hears it
 * `delay` decisions later, and `unthinned` a second come that nobody keeps back. What the former let through in a second,
 * and what it tells in the end.
 */
function told(offered: (second: number) => number, seconds: number, limit: number, delay: number, unthinned = 0) {
  let said = nothingTold
  const shares = Array.from({ length: delay + 1 }, () => 0)
  const came: number[] = []
  let owed = 0
  for (let at = 0; at < seconds; at += decideEvery / 1000) {
    owed += (offered(Math.floor(at)) * (1 - (shares.shift() ?? 0)) * decideEvery) / 1000
    const whole = (Math.floor(owed) * 1000) / decideEvery
    owed -= Math.floor(owed)
    came.push(whole)
    const all = whole + unthinned
    said = tell(said, { limit, admitted: Math.min(limit, all), refused: Math.max(0, all - limit), unthinned })
    shares.push(said.reduction)
  }
  const second = (from: number) => came.slice(4 * from, 4 * from + 4).reduce((sum, rate) => sum + rate, 0) / 4
  return { second, reduction: said.reduction }
}

describe('what an overloaded node tells its proxies', () => {
  it('is nothing while it lets in as many as come', () => {
    const overloaded = tell(nothingTold, letIn(200, 100))

    expect(tell(nothingTold, letIn(500, undefined))).toEqual(nothingTold)
    expect(tell(overloaded, letIn(100, undefined))).toEqual(nothingTold)
    expect(tell(nothingTold, letIn(80, 100)).reduction).toBe(0)
  })

  it('is the share that leaves nine tenths of what it can do, reckoned from what was let through (RFC 7339 §6)', () => {
    let said = tell(nothingTold, { ...letIn(100, 100), refused: 100 })
    const first = said.reduction
    for (let decision = 0; decision < 24; decision++) said = tell(said, letIn(200 * (1 - said.reduction), 100))

    expect(first).toBeCloseTo(0.55)
    expect(said.reduction).toBeCloseTo(0.55, 2)
    expect(keptBack(said, 90)).toBeCloseTo(110, 0)
  })

  it('goes by what was let in where that is less than the limit and some had to be refused: they came all at a time', () => {
    const { reduction } = tell(nothingTold, { ...letIn(50, 100), refused: 10 })

    expect(reduction).toBeCloseTo(0.25)
  })

  it('is never all: from what comes it sees whether there is less', () => {
    const { reduction } = tell(nothingTold, { ...letIn(1, 1), refused: 9_999 })

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
    'makes come nearly what it can do, soon and without swinging: %d times %d a second, heard %d later',
    (times, limit, delay) => {
      const { second } = told(() => times * limit, 20, limit, delay)

      for (let at = 1; at < 20; at++) expect(second(at)).toBeGreaterThan(0.82 * limit - 1)
      for (let at = 5; at < 20; at++) expect(Math.abs(second(at) - 0.9 * limit)).toBeLessThan(0.05 * limit + 2)
    },
  )

  it.each([0, 1, 2])(
    'thins those who heed it by what all is too much, not by what others send whom nobody keeps back, heard %d later',
    (delay) => {
      const { second, reduction } = told(() => 20, 20, 50, delay, 60)

      expect(reduction).toBeCloseTo(1 - 45 / 80, 1)
      for (let at = 5; at < 20; at++) expect(Math.abs(second(at) - (20 * 45) / 80)).toBeLessThan(2)
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
