import { describe, expect, it } from 'vitest'
import { step } from '#platform/machine/machine.ts'
import { buildRequest } from '../message/build-request.ts'
import { buildResponse } from '../message/build-response.ts'
import { type Exchange, type Input, offerAnswer as machine, retryAfter, type State, stable } from './offer-answer.ts'

const request = (method: string) =>
  buildRequest({
    method,
    requestURI: 'sip:bob@example.com',
    from: '<sip:alice@example.com>;tag=a',
    to: '<sip:bob@example.com>;tag=b',
    callID: 'c1',
    cseq: 2,
  }).finish('SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKx')
const invite = request('INVITE')
const update = request('UPDATE')
const ack = request('ACK')
const ok = buildResponse(invite, 200)
const trying = buildResponse(invite, 100)
const refused = buildResponse(invite, 488)
const answer = { type: 'application/sdp', bytes: Buffer.from('v=0') }

const quiet = stable(500, 4000)
const ours: Exchange = { ...quiet, ask: 7, offered: true }
const oursLate: Exchange = { ...quiet, ask: 7 }
const theirs: Exchange = { ...quiet, offered: true }

const exercised = new Set<string>()
function take(state: State, exchange: Exchange, input: Input) {
  exercised.add(`${state} ${input.type}`)
  return step(machine, state, exchange, input)
}

const reinvite: Input = { type: 'reinvite', ask: 8, offered: true }
const invited: Input = { type: 'invite', request: invite, offered: true }
const updated: Input = { type: 'update', request: update }
const settleWith = (status: number, ask = 8) => [{ type: 'settleWith', ask, status }]
const refuseRequest = (status: number, what = invite) => [{ type: 'refuseRequest', request: what, status }]

describe('offers and answers in a dialog', () => {
  it('sends a re-INVITE, acknowledges its 2xx and settles with it (RFC 3261 §14.1)', () => {
    expect(take('Stable', quiet, { ...reinvite, ask: 7 })).toEqual({
      state: 'Sent',
      data: ours,
      effects: [{ type: 'sendInvite', ask: 7 }],
    })
    expect(take('Sent', ours, { type: '1xx', response: trying })?.effects).toEqual([])
    expect(take('Sent', ours, { type: '2xx', response: ok })).toEqual({
      state: 'Stable',
      data: ours,
      effects: [{ type: 'acknowledgeReinvite' }, { type: 'settle', ask: 7, response: ok, offer: false }],
    })
    expect(take('Stable', ours, { type: '2xx', response: ok })?.effects).toEqual([{ type: 'acknowledgeReinvite' }])
    expect(take('Stable', ours, { type: '1xx', response: trying })?.effects).toEqual([])
  })

  it('acknowledges an offer in the 2xx with the answer, again where the 2xx comes again (§13.2.2.4)', () => {
    expect(take('Sent', oursLate, { type: '2xx', response: ok })).toEqual({
      state: 'Answered',
      data: oursLate,
      effects: [{ type: 'settle', ask: 7, response: ok, offer: true }],
    })
    expect(take('Answered', oursLate, { type: '2xx', response: ok })?.effects).toEqual([])
    const next = take('Answered', oursLate, { type: 'acknowledge', answer })
    const withAnswer = [{ type: 'acknowledgeReinvite', answer }]
    expect(next).toMatchObject({ state: 'Stable', effects: withAnswer })
    expect(take('Stable', next?.data ?? quiet, { type: '2xx', response: ok })?.effects).toEqual(withAnswer)
  })

  it('leaves the session as it was when a re-INVITE fails (§14.1)', () => {
    expect(take('Sent', ours, { type: '300-699', response: refused })).toMatchObject({
      state: 'Stable',
      effects: [{ type: 'settle', ask: 7, response: refused }],
    })
    expect(take('Sent', ours, { type: 'noAnswer', status: 408 })).toMatchObject({
      state: 'Stable',
      effects: settleWith(408, 7),
    })
  })

  it('refuses its own user a second exchange with 491 (RFC 3264 §4)', () => {
    for (const state of ['Sent', 'Answered', 'Received', 'Accepted'] as const)
      expect(take(state, ours, reinvite)).toEqual({ state, data: ours, effects: settleWith(491) })
  })

  it('answers glare 491 (§14.2, RFC 3311 §5.2)', () => {
    for (const state of ['Sent', 'Answered'] as const) {
      expect(take(state, ours, invited)).toEqual({ state, data: ours, effects: refuseRequest(491) })
      expect(take(state, ours, updated)?.effects).toEqual(refuseRequest(491, update))
    }
    expect(take('Accepted', theirs, updated)?.effects).toEqual(refuseRequest(491, update))
  })

  it('answers a second re-INVITE before the first has its final response with 500 (§14.2)', () => {
    expect(take('Received', theirs, invited)).toEqual({ state: 'Received', data: theirs, effects: refuseRequest(500) })
    expect(take('Received', theirs, updated)?.effects).toEqual(refuseRequest(500, update))
  })

  it('tells a re-INVITE, repeats its 2xx until the ACK (§14.2, §13.3.1.4)', () => {
    const respond = { type: 'respondReinvite', response: ok }
    const start = (timer: string, after: number) => ({ type: 'start', timer, after })

    expect(take('Stable', ours, invited)).toEqual({
      state: 'Received',
      data: theirs,
      effects: [{ type: 'tell', event: 'offered', request: invite }],
    })
    const accepted = take('Received', theirs, { type: 'accept', response: ok })
    expect(accepted).toEqual({
      state: 'Accepted',
      data: { ...theirs, response: ok },
      effects: [respond, start('Repeat', 500), start('GiveUp', 32_000)],
    })
    const data = accepted?.data ?? theirs
    expect(take('Accepted', data, { type: 'timerRepeat' })?.effects).toEqual([respond, start('Repeat', 1000)])
    expect(take('Accepted', data, { type: 'ack', ack })).toEqual({ state: 'Stable', data: quiet, effects: [] })
  })

  it('tells the ACK that carries the answer to our offer', () => {
    const accepted = { ...quiet, response: ok }

    expect(take('Accepted', accepted, { type: 'ack', ack })?.effects).toEqual([
      { type: 'tell', event: 'acknowledged', request: ack },
    ])
  })

  it('ends the session when no ACK comes (§14.2)', () => {
    expect(take('Accepted', theirs, { type: 'timerGiveUp' })).toMatchObject({
      state: 'Over',
      effects: [{ type: 'bye' }, { type: 'noAck' }],
    })
  })

  it('takes a further re-INVITE for the lost ACK, unless the ACK was to carry an answer (RFC 5407 §3.1.5)', () => {
    const late = { ...quiet, response: ok }

    expect(take('Accepted', theirs, invited)?.state).toBe('Received')
    expect(take('Accepted', late, invited)).toEqual({ state: 'Accepted', data: late, effects: refuseRequest(491) })
  })

  it('answers an UPDATE once, without waiting for an ACK (RFC 3311 §5.2)', () => {
    const next = take('Stable', quiet, updated)
    expect(next).toMatchObject({ state: 'Received', effects: [{ type: 'tell', event: 'offered', request: update }] })

    expect(take('Received', next?.data ?? quiet, { type: 'accept', response: ok })).toEqual({
      state: 'Stable',
      data: quiet,
      effects: [{ type: 'respondReinvite', response: ok }],
    })
  })

  it('answers a cancelled re-INVITE 487, and what the user then says is void (§9.2)', () => {
    expect(take('Received', theirs, { type: 'cancel' })).toMatchObject({
      state: 'Stable',
      effects: [{ type: 'refuseReinvite', status: 487 }, { type: 'tellCancelled' }],
    })
    for (const input of [
      { type: 'accept', response: ok },
      { type: 'reject', response: refused },
    ] as const)
      expect(take('Stable', quiet, input)).toMatchObject({ state: 'Stable', effects: [] })
    expect(take('Received', theirs, { type: 'reject', response: refused })).toMatchObject({
      state: 'Stable',
      effects: [{ type: 'respondReinvite', response: refused }],
    })
    for (const state of ['Stable', 'Sent', 'Answered', 'Accepted', 'Over'] as const)
      expect(take(state, quiet, { type: 'cancel' })).toMatchObject({ state, effects: [] })
  })

  it('has no use for an ACK that nothing waits for', () => {
    for (const state of ['Stable', 'Sent', 'Answered', 'Received', 'Over'] as const)
      expect(take(state, quiet, { type: 'ack', ack })).toMatchObject({ state, effects: [] })
  })

  it('leaves nobody waiting when the session ends', () => {
    const over: Input = { type: 'over' }

    expect(take('Stable', quiet, over)).toMatchObject({ state: 'Over', effects: [] })
    expect(take('Sent', ours, over)).toMatchObject({ state: 'Over', effects: settleWith(481, 7) })
    expect(take('Answered', oursLate, over)).toMatchObject({
      state: 'Over',
      effects: [{ type: 'acknowledgeReinvite' }],
    })
    expect(take('Received', theirs, over)).toMatchObject({
      state: 'Over',
      effects: [{ type: 'refuseReinvite', status: 487 }],
    })
    expect(take('Accepted', theirs, over)).toMatchObject({ state: 'Over', effects: [] })
    expect(take('Over', quiet, over)).toMatchObject({ state: 'Over', effects: [] })
  })

  it('acknowledges even then a 2xx that was on its way (§13.2.2.4)', () => {
    expect(take('Over', ours, { type: '2xx', response: ok })?.effects).toEqual([{ type: 'acknowledgeReinvite' }])
    expect(take('Over', ours, reinvite)?.effects).toEqual(settleWith(481))
    const void_: Input[] = [
      { type: '1xx', response: trying },
      { type: '300-699', response: refused },
      { type: 'noAnswer', status: 408 },
      { type: 'acknowledge', answer },
      { type: 'accept', response: ok },
      { type: 'reject', response: refused },
    ]
    for (const input of void_) expect(take('Over', ours, input)).toMatchObject({ state: 'Over', effects: [] })
  })

  it('waits 2.1 to 4 s after glare where the Call-ID is ours, else up to 2 s, in steps of 10 ms (§14.1)', () => {
    expect([retryAfter(true, 0), retryAfter(true, 0.999_99)]).toEqual([2100, 4000])
    expect([retryAfter(false, 0), retryAfter(false, 0.999_99)]).toEqual([0, 2000])
    expect(retryAfter(true, 0.123) % 10).toBe(0)
  })

  it('has a test for every cell of its table', () => {
    const cells = Object.entries(machine.states).flatMap(([state, row]) =>
      Object.keys(row).map((input) => `${state} ${input}`),
    )

    expect(cells.filter((cell) => !exercised.has(cell))).toEqual([])
  })
})
