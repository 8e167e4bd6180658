import { describe, expect, it } from 'vitest'
import { step } from '#platform/machine/machine.ts'
import { buildRequest } from '../message/build-request.ts'
import { buildResponse } from '../message/build-response.ts'
import { type Input, inviteServerUsage as machine, type State, type Usage } from './invite-server-usage.ts'

const request = (method: string) =>
  buildRequest({
    method,
    requestURI: 'sip:bob@example.com',
    from: '<sip:alice@example.com>;tag=a',
    to: '<sip:bob@example.com>',
    callID: 'c1',
    cseq: 1,
  }).finish('SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKx')
const invite = request('INVITE')
const ack = request('ACK')
const cancel = request('CANCEL')
const ringing = buildResponse(invite, 180, { toTag: 'b' })
const ok = buildResponse(invite, 200, { toTag: 'b' })
const busy = buildResponse(invite, 486, { toTag: 'b' })

const usage: Usage = { T1: 500, T2: 4000, repeatAfter: 500 }
const accepted: Usage = { ...usage, response: ok }

const exercised = new Set<string>()
function take(state: State, data: Usage, input: Input) {
  exercised.add(`${state} ${input.type}`)
  return step(machine, state, data, input)
}

describe('INVITE usage of the callee', () => {
  it('sends provisional responses, the last one again every minute (RFC 3261 §13.3.1.1)', () => {
    const minute = { type: 'start', timer: 'Ring', after: 60_000 }
    const respond = { type: 'respond', response: ringing }

    const first = take('Proceeding', usage, { type: 'progress', response: ringing })
    expect(first).toEqual({
      state: 'Proceeding',
      data: { ...usage, response: ringing },
      effects: [respond, minute],
    })
    expect(take('Proceeding', first?.data ?? usage, { type: 'timerRing' })?.effects).toEqual([respond, minute])
  })

  it('repeats its 2xx from T1, doubling up to T2, until the ACK (§13.3.1.4)', () => {
    const start = (after: number) => ({ type: 'start', timer: 'Repeat', after })
    const respond = { type: 'respond', response: ok }

    const first = take('Proceeding', usage, { type: 'accept', response: ok })
    expect(first).toEqual({
      state: 'Accepted',
      data: accepted,
      effects: [respond, start(500), { type: 'start', timer: 'GiveUp', after: 32_000 }],
    })
    expect(take('Accepted', accepted, { type: 'timerRepeat' })?.effects).toEqual([respond, start(1000)])
    const slow = { ...accepted, repeatAfter: 4000 }
    expect(take('Accepted', slow, { type: 'timerRepeat' })?.effects).toEqual([respond, start(4000)])
    expect(take('Accepted', slow, { type: 'ack', ack })).toMatchObject({
      state: 'Confirmed',
      effects: [{ type: 'tell', event: 'acknowledged', request: ack }],
    })
    expect(take('Confirmed', usage, { type: 'ack', ack })?.effects).toEqual([])
  })

  it('ends the dialog with BYE when no ACK comes in 64*T1 (§13.3.1.4)', () => {
    expect(take('Accepted', accepted, { type: 'timerGiveUp' })).toEqual({
      state: 'Terminated',
      data: usage,
      effects: [{ type: 'bye' }, { type: 'noAck' }],
    })
  })

  it('sends no BYE before the ACK, or before it is clear that none comes (§15)', () => {
    const bye = [{ type: 'bye' }]

    expect(take('Accepted', accepted, { type: 'bye' })).toMatchObject({ state: 'Ending', effects: [] })
    expect(take('Ending', accepted, { type: 'timerRepeat' })?.effects[0]).toEqual({ type: 'respond', response: ok })
    expect(take('Ending', accepted, { type: 'ack', ack })).toMatchObject({ state: 'Terminated', effects: bye })
    expect(take('Ending', accepted, { type: 'timerGiveUp' })).toMatchObject({ state: 'Terminated', effects: bye })
    expect(take('Ending', accepted, { type: 'bye' })).toMatchObject({ state: 'Ending', effects: [] })
    expect(take('Ending', accepted, { type: 'over' })).toMatchObject({ state: 'Terminated', effects: [] })
    expect(take('Ending', accepted, { type: 'cancel', cancel })).toMatchObject({ state: 'Ending', effects: [] })
    expect(take('Confirmed', usage, { type: 'bye' })).toMatchObject({ state: 'Terminated', effects: bye })
  })

  it('answers a cancelled INVITE 487 and tells (§9.2)', () => {
    expect(take('Proceeding', usage, { type: 'cancel', cancel })).toMatchObject({
      state: 'Terminated',
      effects: [
        { type: 'refuse', status: 487 },
        { type: 'tell', event: 'cancelled', request: cancel },
      ],
    })
  })

  it('lets a CANCEL change nothing once the 2xx has left (§9.2)', () => {
    expect(take('Accepted', accepted, { type: 'cancel', cancel })).toMatchObject({ state: 'Accepted', effects: [] })
  })

  it('refuses with what the user says, or with 480 where he only hangs up', () => {
    expect(take('Proceeding', usage, { type: 'reject', response: busy })).toMatchObject({
      state: 'Terminated',
      effects: [{ type: 'respond', response: busy }],
    })
    expect(take('Proceeding', usage, { type: 'bye' })).toMatchObject({
      state: 'Terminated',
      effects: [{ type: 'refuse', status: 480 }],
    })
  })

  it('takes a BYE in the early dialog for the end of the call (§15)', () => {
    expect(take('Proceeding', usage, { type: 'over' })).toMatchObject({
      state: 'Terminated',
      effects: [{ type: 'refuse', status: 487 }],
    })
  })

  it('sends nothing more when the other side has ended the session', () => {
    expect(take('Accepted', accepted, { type: 'over' })).toMatchObject({ state: 'Terminated', effects: [] })
    expect(take('Confirmed', usage, { type: 'over' })).toMatchObject({ state: 'Terminated', effects: [] })
  })

  it('answers once more where the INVITE comes by another way, and repeats that answer from then on', () => {
    const other = buildRequest({
      method: 'INVITE',
      requestURI: 'sip:bob@example.com',
      from: '<sip:alice@example.com>;tag=a',
      to: '<sip:bob@example.com>',
      callID: 'c1',
      cseq: 1,
      fields: [['Record-Route', '<sip:127.0.0.9;lr>']],
    }).finish('SIP/2.0/UDP 127.0.0.9:5060;branch=z9hG4bKother')

    expect(take('Proceeding', usage, { type: 'join', invite: other })).toEqual({
      state: 'Proceeding',
      data: usage,
      effects: [],
    })
    for (const state of ['Proceeding', 'Accepted', 'Ending'] as const) {
      const next = take(state, accepted, { type: 'join', invite: other })
      const { response } = next?.data ?? {}

      expect(next?.effects).toEqual([{ type: 'respond', response }])
      expect(response?.headers('Via')).toEqual(['SIP/2.0/UDP 127.0.0.9:5060;branch=z9hG4bKother'])
      expect(response?.headers('Record-Route')).toEqual(['<sip:127.0.0.9;lr>'])
      expect([response?.status, response?.toTag]).toEqual([200, 'b'])
    }
  })

  it('has a test for every cell of its table', () => {
    const cells = Object.entries(machine.states).flatMap(([state, row]) =>
      Object.keys(row).map((input) => `${state} ${input}`),
    )

    expect(cells.filter((cell) => !exercised.has(cell))).toEqual([])
  })
})
