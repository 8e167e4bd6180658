import { describe, expect, it } from 'vitest'
import { step } from '#platform/machine/machine.ts'
import { buildRequest } from '../message/build-request.ts'
import { buildResponse } from '../message/build-response.ts'
import { type Input, inviteClientUsage as machine, type State, type Usage } from './invite-client-usage.ts'

const invite = buildRequest({
  method: 'INVITE',
  requestURI: 'sip:bob@example.com',
  from: '<sip:alice@example.com>;tag=a',
  to: '<sip:bob@example.com>',
  callID: 'c1',
  cseq: 1,
}).finish('SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKx')
const trying = buildResponse(invite, 100)
const ringing = buildResponse(invite, 180, { toTag: 'b' })
const ok = buildResponse(invite, 200, { toTag: 'b' })
const fork = buildResponse(invite, 200, { toTag: 'c' })
const busy = buildResponse(invite, 486, { toTag: 'b' })
const answer = { type: 'application/sdp', bytes: Buffer.from('v=0') }

const offered: Usage = { T1: 500, offered: true, forks: [] }
const late: Usage = { T1: 500, offered: false, forks: [] }
const ours = { ...offered, ours: 'b' }
const forget = { type: 'start', timer: 'Forget', after: 32_000 }
const fresh2xx: Input = { type: '2xx', response: ok, dialog: 'b' }
const fork2xx: Input = { type: '2xx', response: fork, dialog: 'c' }

const exercised = new Set<string>()
function take(state: State, usage: Usage, input: Input) {
  exercised.add(`${state} ${input.type}`)
  return step(machine, state, usage, input)
}

describe('INVITE usage of the caller', () => {
  it('tells of provisional responses but not of 100 (RFC 3261 §13.2.2.1)', () => {
    const told = { type: 'tell', event: 'progressed', response: ringing }

    expect(take('Calling', offered, { type: '1xx', response: ringing })?.effects).toEqual([told])
    expect(take('Calling', offered, { type: '1xx', response: trying })?.effects).toEqual([])
  })

  it('acknowledges the 2xx to its offer at once and tells then (§13.2.2.4)', () => {
    expect(take('Calling', offered, fresh2xx)).toEqual({
      state: 'Confirmed',
      data: ours,
      effects: [
        { type: 'confirm', dialog: 'b', response: ok },
        { type: 'acknowledge' },
        forget,
        { type: 'answered', response: ok, offer: false },
      ],
    })
  })

  it('waits for the answer to an offer in the 2xx before it acknowledges (§13.2.1)', () => {
    const next = take('Calling', late, fresh2xx)

    expect(next?.state).toBe('Answered')
    expect(next?.effects).toEqual([
      { type: 'confirm', dialog: 'b', response: ok },
      forget,
      { type: 'answered', response: ok, offer: true },
    ])
    expect(take('Answered', { ...late, ours: 'b' }, { type: 'acknowledge', answer })).toEqual({
      state: 'Confirmed',
      data: { ...late, ours: 'b', answer },
      effects: [{ type: 'acknowledge', answer }],
    })
  })

  it('fails with the final response (§13.2.2.3)', () => {
    const tell = { type: 'tell', event: 'failed', response: busy }

    for (const state of ['Calling', 'Cancelled'] as const)
      expect(take(state, offered, { type: '300-699', response: busy })).toMatchObject({
        state: 'Terminated',
        effects: [tell],
      })
  })

  it('fails with 408 or 503 where nobody answers (§8.1.3.1)', () => {
    for (const state of ['Calling', 'Cancelled'] as const)
      expect(take(state, offered, { type: 'noAnswer', status: 408 })).toMatchObject({
        state: 'Terminated',
        effects: [{ type: 'fail', status: 408 }],
      })
  })

  it('cancels once, whether told to cancel or to hang up (§9.1, §15)', () => {
    for (const type of ['cancel', 'bye'] as const) {
      expect(take('Calling', offered, { type })).toMatchObject({ state: 'Cancelled', effects: [{ type: 'cancel' }] })
      expect(take('Cancelled', offered, { type })).toMatchObject({ state: 'Cancelled', effects: [] })
    }
    expect(take('Cancelled', offered, { type: '1xx', response: ringing })?.effects).toEqual([])
  })

  it('acknowledges and ends a 2xx that crossed its CANCEL (§9.1, §15)', () => {
    expect(take('Cancelled', offered, fresh2xx)).toEqual({
      state: 'Ended',
      data: ours,
      effects: [
        { type: 'confirm', dialog: 'b', response: ok },
        { type: 'acknowledge' },
        { type: 'bye' },
        forget,
        { type: 'fail', status: 487 },
      ],
    })
  })

  it('acknowledges a repeated 2xx again, with the answer where it had one (§13.2.2.4)', () => {
    expect(take('Confirmed', ours, fresh2xx)?.effects).toEqual([{ type: 'acknowledge' }])
    expect(take('Confirmed', { ...ours, answer }, fresh2xx)?.effects).toEqual([{ type: 'acknowledge', answer }])
    expect(take('Ended', ours, fresh2xx)?.effects).toEqual([{ type: 'acknowledge' }])
    expect(take('Answered', { ...late, ours: 'b' }, fresh2xx)?.effects).toEqual([])
  })

  it('acknowledges and ends every further fork that answers, and acknowledges its repetitions (§13.2.2.4)', () => {
    for (const state of ['Answered', 'Confirmed', 'Ended'] as const) {
      const first = take(state, ours, fork2xx)
      expect(first).toEqual({ state, data: { ...ours, forks: ['c'] }, effects: [{ type: 'dismiss', response: fork }] })

      const again = take(state, { ...ours, forks: ['c'] }, fork2xx)
      expect(again?.effects).toEqual([{ type: 'dismissAgain', response: fork }])
    }
  })

  it('ends an answered session with BYE, after the ACK that is still due (§15)', () => {
    for (const type of ['bye', 'cancel'] as const) {
      expect(take('Confirmed', ours, { type })).toMatchObject({ state: 'Ended', effects: [{ type: 'bye' }] })
      expect(take('Answered', ours, { type })).toMatchObject({
        state: 'Ended',
        effects: [{ type: 'acknowledge' }, { type: 'bye' }],
      })
    }
  })

  it('sends no BYE where the other side has ended the session', () => {
    expect(take('Confirmed', ours, { type: 'over' })).toMatchObject({ state: 'Ended', effects: [] })
    expect(take('Answered', ours, { type: 'over' })).toMatchObject({
      state: 'Ended',
      effects: [{ type: 'acknowledge' }],
    })
    expect(take('Ended', ours, { type: 'over' })?.effects).toEqual([])
  })

  it('has nothing to do any more for what comes after the end', () => {
    for (const input of [{ type: 'bye' }, { type: 'cancel' }, { type: 'acknowledge', answer }] as const)
      expect(take('Ended', ours, input)).toMatchObject({ state: 'Ended', effects: [] })
  })

  it('expects no further 2xx 64*T1 after the first and forgets what it kept for one (§13.2.2.4)', () => {
    const kept = { ...ours, answer, forks: ['c'] }

    expect(take('Confirmed', kept, { type: 'timerForget' })).toMatchObject({ state: 'Confirmed', data: ours })
    expect(take('Answered', kept, { type: 'timerForget' })?.state).toBe('Answered')
    expect(take('Ended', kept, { type: 'timerForget' })?.state).toBe('Terminated')
  })

  it('has a test for every cell of its table', () => {
    const cells = Object.entries(machine.states).flatMap(([state, row]) =>
      Object.keys(row).map((input) => `${state} ${input}`),
    )

    expect(cells.filter((cell) => !exercised.has(cell))).toEqual([])
  })
})
