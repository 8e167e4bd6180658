import { describe, expect, it } from 'vitest'
import { step } from '#platform/machine/machine.ts'
import { buildRequest } from '../message/build-request.ts'
import { buildResponse } from '../message/build-response.ts'
import {
  type Input,
  reliableResponses as machine,
  noResponses,
  type Responses,
  type State,
} from './reliable-responses.ts'

const request = (method: string, branch: string) =>
  buildRequest({
    method,
    requestURI: 'sip:bob@example.com',
    from: '<sip:alice@example.com>;tag=a',
    to: '<sip:bob@example.com>',
    callID: 'c1',
    cseq: 1,
  }).finish(`SIP/2.0/UDP ${branch};branch=z9hG4bK${branch}`)
const invite = request('INVITE', 'one')
const otherWay = request('INVITE', 'two')
const prack = request('PRACK', 'three')
const ringing = buildResponse(invite, 180)
const early = buildResponse(invite, 183, { body: { type: 'application/sdp', bytes: Buffer.from('v=0') } })
const ok = buildResponse(invite, 200)

const idle = noResponses(500)
const sent: Responses = { ...idle, waiting: [{ rseq: 7, response: ringing }] }
const described: Responses = { ...idle, waiting: [{ rseq: 7, response: early }] }

const exercised = new Set<string>()
function take(state: State, responses: Responses, input: Input) {
  exercised.add(`${state} ${input.type}`)
  return step(machine, state, responses, input)
}
const progress = (rseq: number, response = ringing): Input => ({ type: 'progress', rseq, response })
const acknowledge = (rseq: number): Input => ({ type: 'prack', request: prack, rseq })
const timers = [
  { type: 'start', timer: 'Repeat', after: 500 },
  { type: 'start', timer: 'GiveUp', after: 32_000 },
]

describe('reliable provisional responses', () => {
  it('leave one after the other, each after the PRACK of the one before (RFC 3262 §3)', () => {
    expect(take('Idle', idle, progress(7))).toEqual({
      state: 'Sent',
      data: sent,
      effects: [{ type: 'provide', response: ringing }, ...timers],
    })
    const two = take('Sent', sent, progress(8, early))
    expect(two).toMatchObject({ state: 'Sent', effects: [] })
    const next = take('Sent', two?.data ?? idle, acknowledge(7))
    expect(next).toEqual({
      state: 'Sent',
      data: { ...idle, waiting: [{ rseq: 8, response: early }] },
      effects: [
        { type: 'acknowledged', request: prack, response: ringing },
        { type: 'provide', response: early },
        ...timers,
      ],
    })
    expect(take('Sent', next?.data ?? idle, acknowledge(8))).toMatchObject({ state: 'Idle', data: idle })
  })

  it('are repeated from T1, doubling, and given up after 64*T1', () => {
    const again = take('Sent', sent, { type: 'timerRepeat' })

    expect(again?.effects).toEqual([
      { type: 'repeat', response: ringing },
      { type: 'start', timer: 'Repeat', after: 1000 },
    ])
    expect(take('Sent', again?.data ?? idle, { type: 'timerRepeat' })?.effects[1]).toMatchObject({ after: 2000 })
    expect(take('Sent', sent, { type: 'timerGiveUp' })).toEqual({
      state: 'Terminated',
      data: idle,
      effects: [{ type: 'giveUp' }],
    })
  })

  it('refuse a PRACK of nothing that waits: one of another number, one that comes twice (§3)', () => {
    const refused = { effects: [{ type: 'refuse', request: prack }] }

    expect(take('Sent', sent, acknowledge(8))).toMatchObject({ state: 'Sent', data: sent, ...refused })
    expect(take('Idle', idle, acknowledge(7))).toMatchObject({ state: 'Idle', ...refused })
    expect(take('Terminated', idle, acknowledge(7))).toMatchObject({ state: 'Terminated', ...refused })
  })

  it('hold the 2xx back where they describe the session, and only then (§3)', () => {
    const accept: Input = { type: 'accept', response: ok }
    const accepted = { type: 'accept', response: ok }

    expect(take('Idle', idle, accept)).toMatchObject({ state: 'Terminated', effects: [accepted] })
    expect(take('Sent', sent, accept)).toMatchObject({ state: 'Terminated', effects: [accepted] })
    const held = take('Sent', described, accept)
    expect(held).toMatchObject({ state: 'Sent', effects: [] })
    expect(take('Sent', held?.data ?? idle, acknowledge(7))).toEqual({
      state: 'Terminated',
      data: idle,
      effects: [{ type: 'acknowledged', request: prack, response: early }, accepted],
    })
  })

  it('take a PRACK that crosses the 2xx, once (§3)', () => {
    const two = { ...sent, waiting: [...sent.waiting, { rseq: 8, response: ringing }] }

    const accepted = take('Sent', two, { type: 'accept', response: ok })
    expect(accepted).toMatchObject({ state: 'Terminated', data: sent })
    const crossed = take('Terminated', accepted?.data ?? idle, acknowledge(7))
    expect(crossed).toEqual({
      state: 'Terminated',
      data: idle,
      effects: [{ type: 'acknowledged', request: prack, response: ringing }],
    })
    expect(take('Terminated', crossed?.data ?? sent, acknowledge(7))?.effects).toEqual([
      { type: 'refuse', request: prack },
    ])
  })

  it('go the newest way of their INVITE', () => {
    const joined = take('Sent', { ...described, final: ok }, { type: 'join', invite: otherWay })

    expect(joined?.data.waiting[0]?.response.branch).toBe('z9hG4bKtwo')
    expect(joined?.data.final?.branch).toBe('z9hG4bKtwo')
    for (const state of ['Idle', 'Terminated'] as const)
      expect(take(state, idle, { type: 'join', invite: otherWay })).toEqual({ state, data: idle, effects: [] })
  })

  it('are over with the INVITE, whatever is still said', () => {
    for (const [state, data] of [
      ['Idle', idle],
      ['Sent', { ...described, final: ok }],
      ['Terminated', idle],
    ] as const)
      expect(take(state, data, { type: 'over' })).toEqual({ state: 'Terminated', data: idle, effects: [] })
    for (const input of [progress(9), { type: 'accept', response: ok }] as const)
      expect(take('Terminated', idle, input)).toMatchObject({ state: 'Terminated', effects: [] })
  })

  it('has a test for every cell of its table', () => {
    const cells = Object.entries(machine.states).flatMap(([state, row]) =>
      Object.keys(row).map((input) => `${state} ${input}`),
    )

    expect(cells.filter((cell) => !exercised.has(cell))).toEqual([])
  })
})
