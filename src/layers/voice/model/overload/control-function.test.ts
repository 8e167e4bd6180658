import { describe, expect, it } from 'vitest'
import { type Control, decide, decideEvery, type Observed, unlimited } from './control-function.ts'

const step = 10

const of = (observed: Partial<Observed>): Observed => ({
  ms: decideEvery,
  wait: 0,
  busy: 1,
  admitted: 0,
  refused: 0,
  ...observed,
})

/**
 * A server that does so many calls a second, of each so much when it begins and the rest a second later, first come,
 * first served; refusing a call is work too. It tells what it measured and did.
 */
function serve(
  offered: (second: number) => number,
  seconds: number,
  canDo: number | ((second: number) => number) = 100,
) {
  const capacityAt = typeof canDo === 'number' ? () => canDo : canDo
  const early = 0.6
  const refusal = 0.03
  let control: Control = unlimited
  let [backlog, due, refusedNow, admittedNow, wait, tokens, busy] = [0, 0, 0, 0, Number.POSITIVE_INFINITY, 0, 0]
  const later: number[] = []
  const done: number[] = []
  const waits: number[] = []
  const limits: (number | undefined)[] = []
  const refused: number[] = []
  for (let at = 0; at < seconds * 1000; at += step) {
    const second = Math.floor(at / 1000)
    const capacity = capacityAt(second)
    due += (offered(second) * step) / 1000
    if (control.limit !== undefined) tokens = Math.min(tokens + (control.limit * step) / 1000, control.limit / 5)
    for (; due >= 1; due--) {
      const admitted = control.limit === undefined || tokens >= 1
      if (admitted && control.limit !== undefined) tokens -= 1
      backlog += admitted ? early : refusal
      if (admitted) later.push(at + 1000)
      if (admitted) admittedNow += 1
      else refusedNow += 1
      refused[second] = (refused[second] ?? 0) + (admitted ? 0 : 1)
    }
    for (; (later[0] ?? Number.POSITIVE_INFINITY) <= at; later.shift()) {
      backlog += 1 - early
      done[second] = (done[second] ?? 0) + 1
    }
    const work = Math.min(backlog, (capacity * step) / 1000)
    busy += (work * 1000) / capacity
    backlog -= work
    wait = Math.min(wait, (backlog / capacity) * 1000)
    waits[second] = Math.max(waits[second] ?? 0, (backlog / capacity) * 1000)
    if ((at + step) % decideEvery > 0) continue
    const admitted = (admittedNow * 1000) / decideEvery
    control = decide(control, of({ wait, busy: busy / decideEvery, admitted, refused: refusedNow }))
    ;[admittedNow, refusedNow, wait, busy] = [0, 0, Number.POSITIVE_INFINITY, 0]
    limits.push(control.limit)
  }
  return { done, waits, limits, refused }
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('how many new calls are let in', () => {
  it.each([
    [1.2, 100],
    [2, 100],
    [3, 100],
    [2, 10],
  ])('serves nearly all that can be served at %d times as many, and soon lets nobody wait long', (times, capacity) => {
    const { done, waits } = serve(() => capacity * times, 60, capacity)

    expect(average(done.slice(5, 59))).toBeGreaterThan(0.86 * capacity)
    // Two calls more or less are much where a call is a tenth of a second's work.
    expect(Math.max(...waits.slice(6))).toBeLessThan(360 + 4000 / capacity)
  })

  it('does not swing: every second of an overload serves much the same', () => {
    const { done } = serve(() => 200, 60)

    const steady = done.slice(10, 59)
    expect(Math.min(...steady)).toBeGreaterThan(80)
    expect(Math.max(...steady)).toBeLessThan(120)
  })

  it('refuses nothing below what can be served, nor in a burst that is soon over', () => {
    const { limits, refused } = serve((second) => (second === 20 ? 95 : 85), 40)
    const burst = decide(unlimited, of({ wait: 20, admitted: 400 }))

    expect(limits.every((limit) => limit === undefined)).toBe(true)
    expect(average(refused)).toBe(0)
    expect(burst.limit).toBeUndefined()
  })

  it('serves again what can be served five seconds after a time in which everything was slow', () => {
    const { done } = serve(
      () => 150,
      40,
      (second) => (second >= 10 && second < 13 ? 30 : 100),
    )

    expect(average(done.slice(18, 39))).toBeGreaterThan(90)
    expect(Math.min(...done.slice(18, 39))).toBeGreaterThan(80)
  })

  it('lets everything in again soon after the overload is over', () => {
    const { limits, refused } = serve((second) => (second < 20 ? 250 : 60), 40)

    expect(limits[4 * 19]).toBeDefined()
    expect(limits.at(-1)).toBeUndefined()
    expect(average(refused.slice(22))).toBe(0)
  })

  it('takes a single long pause for no overload', () => {
    const paused = decide(unlimited, of({ wait: 400, admitted: 80 }))
    const after = decide(paused, of({ wait: 5, admitted: 160 }))

    expect([paused.limit, after.limit]).toEqual([undefined, undefined])
  })

  it('cuts to less than was served while the wait grew, and no further while it gets shorter', () => {
    const first = decide(unlimited, of({ wait: 200, admitted: 200 }))
    const cut = decide(first, of({ wait: 450, admitted: 200 }))
    const drains = decide(cut, of({ wait: 300, admitted: 70, refused: 20 }))

    expect(first.limit).toBeUndefined()
    expect(cut).toMatchObject({ limit: 72 })
    expect(drains.limit).toBe(72)
  })

  it('grows where nothing waits, the quicker the less the loop has to do', () => {
    const limited = { ...unlimited, limit: 100 }
    const next = (busy: number, wait = 0) => decide(limited, of({ busy, wait, admitted: 100, refused: 9 })).limit

    expect(next(0)).toBe(150)
    expect(next(0.5)).toBeCloseTo(117.4, 1)
    expect(next(1)).toBeCloseTo(104)
    expect(next(1, 50)).toBeCloseTo(101)
    expect(next(1, 100)).toBe(100)
  })

  it('always lets some in', () => {
    let control = unlimited
    for (let wait = 1000; wait < 20_000; wait *= 1.1) control = decide(control, of({ wait, admitted: 1, refused: 500 }))

    expect(control.limit).toBe(1)
  })
})
