import { describe, expect, it } from 'vitest'
import { step } from '#platform/machine/machine.ts'
import { type Input, sessionTimer as machine, type State } from './session-timer.ts'

const data = { seconds: 1800 }
const exercised = new Set<string>()
function take(state: State, input: Input, interval = data) {
  exercised.add(`${state} ${input.type}`)
  return step(machine, state, interval, input)
}
const agreed = (refreshing: boolean, seconds = 1800): Input => ({ type: 'agreed', seconds, refreshing })

describe('the session timer', () => {
  it('refreshes at half the interval, and ends the session 32 s before its end (RFC 4028 §7.2, §10)', () => {
    for (const state of ['Off', 'Refreshing', 'Watching'] as const)
      expect(take(state, agreed(true))).toEqual({
        state: 'Refreshing',
        data,
        effects: [
          { type: 'start', timer: 'Refresh', after: 900_000 },
          { type: 'start', timer: 'Expire', after: 1_768_000 },
        ],
      })
  })

  it('of 90 s ends a third of it before its end (§10)', () => {
    expect(take('Watching', agreed(false, 90))).toEqual({
      state: 'Watching',
      data: { seconds: 90 },
      effects: [{ type: 'start', timer: 'Expire', after: 60_000 }],
    })
  })

  it('refreshes again soon where the last refresh was for nothing', () => {
    expect(take('Refreshing', { type: 'timerRefresh' })).toEqual({
      state: 'Refreshing',
      data,
      effects: [{ type: 'refresh' }, { type: 'start', timer: 'Refresh', after: 180_000 }],
    })
  })

  it('ends the session once, whoever was to refresh it', () => {
    for (const state of ['Refreshing', 'Watching'] as const)
      expect(take(state, { type: 'timerExpire' })).toEqual({ state: 'Terminated', data, effects: [{ type: 'expire' }] })
    for (const input of [agreed(true), { type: 'unwatched' }, { type: 'over' }] as const)
      expect(take('Terminated', input)).toEqual({ state: 'Terminated', data, effects: [] })
  })

  it('is off after a 2xx that says nothing of it (§7.2), and over with the session', () => {
    for (const state of ['Off', 'Refreshing', 'Watching'] as const) {
      expect(take(state, { type: 'unwatched' })).toEqual({ state: 'Off', data, effects: [] })
      expect(take(state, { type: 'over' })).toEqual({ state: 'Terminated', data, effects: [] })
    }
  })

  it('has a test for every cell of its table', () => {
    const cells = Object.entries(machine.states).flatMap(([state, row]) =>
      Object.keys(row).map((input) => `${state} ${input}`),
    )

    expect(cells.filter((cell) => !exercised.has(cell))).toEqual([])
  })
})
