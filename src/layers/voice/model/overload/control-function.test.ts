import { describe, expect, it } from 'vitest'
import { type Control, decide, decideEvery, unlimited } from './control-function.ts'

const step = 10

/**
 * A server that does `capacity` calls a second, of each so much when it begins and the rest a second later, first come,
 * first served; refusing a call is work too. It tells what it measured and did.
 */
function serve(offered: (second: number) => number, seconds: number, capacity = 100) {
  const early = 0.6
  const refusal = 0.03
  let control: Control = unlimited
  let [backlog, due, refusedNow, admittedNow, wait, tokens] = [0, 0, 0, 0, Number.POSITIVE_INFINITY, 0]
  const later: number[] = []
  const done: number[] = []
  const waits: number[] = []
  const limits: (number | undefined)[] = []
  const refused: number[] = []
  for (let at = 0; at < seconds * 1000; at += step) {
    const second = Math.floor(at / 1000)
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
    backlog = Math.max(0, backlog - (capacity * step) / 1000)
    wait = Math.min(wait, (backlog / capacity) * 1000)
    waits[second] = Math.max(waits[second] ?? 0, (backlog / capacity) * 1000)
    if ((at + step) % decideEvery > 0) continue
    control = decide(control, { wait, admitted: (admittedNow * 1000) / decideEvery, refused: refusedNow })
    ;[admittedNow, refusedNow, wait] = [0, 0, Number.POSITIVE_INFINITY]
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
  ])(
    'serves four fifths of what can be served at %d times as many, and soon lets nobody wait long',
    (times, capacity) => {
      const { done, waits } = serve(() => capacity * times, 60, capacity)

      expect(average(done.slice(5, 59))).toBeGreaterThan(0.8 * capacity)
      // Two calls more or less are much where a call is a tenth of a second's work.
      expect(Math.max(...waits.slice(6))).toBeLessThan(500 + 2000 / capacity)
    },
  )

  it('does not swing: every second of an overload serves much the same', () => {
    const { done } = serve(() => 200, 60)

    const steady = done.slice(10, 59)
    expect(Math.min(...steady)).toBeGreaterThan(75)
    expect(Math.max(...steady)).toBeLessThan(125)
  })

  it('refuses nothing below what can be served, nor in a burst that is soon over', () => {
    const { limits, refused } = serve((second) => (second === 20 ? 95 : 85), 40)
    const burst = decide(unlimited, { wait: 20, admitted: 400, refused: 0 })

    expect(limits.every((limit) => limit === undefined)).toBe(true)
    expect(average(refused)).toBe(0)
    expect(burst.limit).toBeUndefined()
  })

  it('lets everything in again soon after the overload is over', () => {
    const { limits, refused } = serve((second) => (second < 20 ? 250 : 60), 40)

    expect(limits[4 * 19]).toBeDefined()
    expect(limits.at(-1)).toBeUndefined()
    expect(average(refused.slice(26))).toBe(0)
  })

  it('takes a single long pause for no overload', () => {
    const paused = decide(unlimited, { wait: 400, admitted: 80, refused: 0 })
    const after = decide(paused, { wait: 5, admitted: 160, refused: 0 })

    expect([paused.limit, after.limit]).toEqual([undefined, undefined])
  })

  it('cuts to what was served while the wait grew, and no further while it gets shorter', () => {
    const first = decide(unlimited, { wait: 200, admitted: 200, refused: 0 })
    const cut = decide(first, { wait: 450, admitted: 200, refused: 0 })
    const drains = decide(cut, { wait: 300, admitted: 90, refused: 20 })

    expect(first.limit).toBeUndefined()
    expect(cut).toMatchObject({ capacity: 100, limit: 90 })
    expect(drains.limit).toBe(90)
  })

  it('always lets some in', () => {
    let control = unlimited
    for (let wait = 1000; wait < 20_000; wait *= 1.1) control = decide(control, { wait, admitted: 1, refused: 500 })

    expect(control.limit).toBe(1)
  })
})
