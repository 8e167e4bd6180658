import { describe, expect, it } from 'vitest'
import { step } from '#platform/machine/machine.ts'
import { fresh, type Input, subscription as machine, type State } from './subscription.ts'

const exercised = new Set<string>()
function take(state: State, input: Input, data = fresh) {
  exercised.add(`${state} ${input.type}`)
  return step(machine, state, data, input)
}
const subscribe = (seconds: number): Input => ({ type: 'subscribe', seconds })
const notify = { type: 'notify' }
const expire = { type: 'start', timer: 'Expire', after: 600_000 }
const last = (reason: string) => ({ state: 'Terminated', data: fresh, effects: [{ type: 'notify', reason }] })

describe('a subscription at its notifier', () => {
  it('is told at once, and lasts for what was granted (RFC 6665 §4.2.1.2)', () => {
    expect(take('Idle', subscribe(600))).toEqual({ state: 'Notifying', data: fresh, effects: [notify, expire] })
    expect(take('Notifying', { type: 'answered', gone: false })).toEqual({ state: 'Idle', data: fresh, effects: [] })
  })

  it('is told of what changes, one NOTIFY at a time: the next one tells all that came meanwhile', () => {
    expect(take('Idle', { type: 'changed' })).toEqual({ state: 'Notifying', data: fresh, effects: [notify] })
    const news = take('Notifying', { type: 'changed' })
    expect(news).toEqual({ state: 'Notifying', data: { stale: true }, effects: [] })
    const refreshed = take('Notifying', subscribe(600))
    expect(refreshed).toEqual({ state: 'Notifying', data: { stale: true }, effects: [expire] })
    const next = take('Notifying', { type: 'answered', gone: false }, { stale: true })
    expect(next).toEqual({ state: 'Notifying', data: fresh, effects: [notify] })
  })

  it.each(['Idle', 'Notifying'] as const)('in %s ends with a last NOTIFY that says why (§4.1.3, §4.4.1)', (state) => {
    expect(take(state, subscribe(0))).toEqual(last('timeout'))
    expect(take(state, { type: 'timerExpire' })).toEqual(last('timeout'))
    expect(take(state, { type: 'end', reason: 'deactivated' })).toEqual(last('deactivated'))
  })

  it('ends without another word where a NOTIFY is refused (§4.2.2), and says nothing more', () => {
    expect(take('Notifying', { type: 'answered', gone: true })).toEqual({
      state: 'Terminated',
      data: fresh,
      effects: [],
    })
    const inputs: Input[] = [
      subscribe(600),
      { type: 'changed' },
      { type: 'answered', gone: true },
      { type: 'end', reason: 'timeout' },
    ]
    for (const input of inputs)
      expect(take('Terminated', input)).toEqual({ state: 'Terminated', data: fresh, effects: [] })
  })

  it('has a test for every cell of its table', () => {
    const cells = Object.entries(machine.states).flatMap(([state, row]) =>
      Object.keys(row).map((input) => `${state} ${input}`),
    )

    expect(cells.filter((cell) => !exercised.has(cell))).toEqual([])
  })
})
