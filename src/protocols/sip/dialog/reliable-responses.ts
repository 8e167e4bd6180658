/**
 * Reliable provisional responses of who is called (RFC 3262 §3): each is repeated until its PRACK, one after the other;
 * a 2xx waits for the PRACK of one that carries a session description.
 */
import type { Machine, Step } from '#platform/machine/machine.ts'
import { readdressed } from '../message/build-response.ts'
import type { Message } from '../message/message.ts'

export type State = 'Idle' | 'Sent' | 'Terminated'

/** A response, and its RSeq. */
type Numbered = { readonly rseq: number; readonly response: Message }

export type Input =
  | ({ type: 'progress' } & Numbered)
  /** The 2xx is ready. */
  | { type: 'accept'; response: Message }
  | { type: 'prack'; request: Message; rseq: number }
  /** The INVITE has come by another way. */
  | { type: 'join'; invite: Message }
  /** A final response has left without this, or the INVITE was cancelled. */
  | { type: 'over' }
  | { type: 'timerRepeat' | 'timerGiveUp' }

export type Effect =
  | { type: 'start'; timer: 'Repeat' | 'GiveUp'; after: number }
  /** For the first time; `repeat`: once more. */
  | { type: 'provide'; response: Message }
  | { type: 'repeat'; response: Message }
  | { type: 'acknowledged'; request: Message; response: Message }
  /** 481: nothing waits for that PRACK. */
  | { type: 'refuse'; request: Message }
  | { type: 'accept'; response: Message }
  /** No PRACK in 64*T1. */
  | { type: 'giveUp' }

/** Plain data: the first of `waiting` has been sent, and after the 2xx is the only one. */
export type Responses = {
  readonly T1: number
  readonly repeatAfter: number
  readonly waiting: readonly Numbered[]
  readonly final: Message | undefined
}

export const noResponses = (T1: number): Responses => ({ T1, repeatAfter: T1, waiting: [], final: undefined })

export const reliableResponses: Machine<State, Input, Responses, Effect> = {
  name: 'reliable-responses',
  timers: { Repeat: ['Sent'], GiveUp: ['Sent'] },
  states: {
    Idle: {
      progress: (responses, { rseq, response }) => sendFirst({ ...responses, waiting: [{ rseq, response }] }),
      accept: (responses, { response }) => to('Terminated', responses, { type: 'accept', response }),
      prack: refused('Idle'),
      join: stayIn('Idle'),
      over: stayIn('Terminated'),
    },
    Sent: {
      progress: (responses, { rseq, response }) =>
        to('Sent', { ...responses, waiting: [...responses.waiting, { rseq, response }] }),
      prack: acknowledge,
      accept: (responses, { response }) =>
        describes(responses.waiting)
          ? to('Sent', { ...responses, final: response })
          : to('Terminated', { ...responses, waiting: responses.waiting.slice(0, 1) }, { type: 'accept', response }),
      join: (responses, { invite }) => to('Sent', rerouted(responses, invite)),
      timerRepeat: repeat,
      timerGiveUp: (responses) => to('Terminated', noResponses(responses.T1), { type: 'giveUp' }),
      over: (responses) => to('Terminated', noResponses(responses.T1)),
    },
    Terminated: {
      // §3: what is not repeated after the 2xx may still be acknowledged, and a 481 would make many a caller hang up.
      prack: acknowledgeLate,
      progress: stayIn('Terminated'),
      accept: stayIn('Terminated'),
      join: stayIn('Terminated'),
      over: stayIn('Terminated'),
    },
  },
}

function to(state: State, responses: Responses, ...effects: Effect[]): Step<State, Responses, Effect> {
  return { state, data: responses, effects }
}

function stayIn(state: State) {
  return (responses: Responses) => to(state, responses)
}

function refused(state: State) {
  return (responses: Responses, { request }: { request: Message }) => to(state, responses, { type: 'refuse', request })
}

const start = (timer: 'Repeat' | 'GiveUp', after: number): Effect => ({ type: 'start', timer, after })

const describes = (waiting: readonly Numbered[]): boolean => waiting.some(({ response }) => response.body.length > 0)

function sendFirst(responses: Responses, ...before: Effect[]) {
  const { T1, waiting } = responses
  const [first] = waiting
  if (first === undefined) return to('Idle', responses, ...before)
  const provide: Effect = { type: 'provide', response: first.response }
  const timers = [start('Repeat', T1), start('GiveUp', 64 * T1)]
  return to('Sent', { ...responses, repeatAfter: T1 }, ...before, provide, ...timers)
}

/** The next one leaves; with none left that describes a session, the 2xx does. */
function acknowledge(responses: Responses, { request, rseq }: { request: Message; rseq: number }) {
  const [first, ...rest] = responses.waiting
  if (first === undefined || first.rseq !== rseq) return to('Sent', responses, { type: 'refuse', request })
  const acknowledged: Effect = { type: 'acknowledged', request, response: first.response }
  const { T1, final } = responses
  if (final === undefined || describes(rest)) return sendFirst({ ...responses, waiting: rest }, acknowledged)
  return to('Terminated', noResponses(T1), acknowledged, { type: 'accept', response: final })
}

function acknowledgeLate(responses: Responses, { request, rseq }: { request: Message; rseq: number }) {
  const [first] = responses.waiting
  if (first === undefined || first.rseq !== rseq) return to('Terminated', responses, { type: 'refuse', request })
  return to('Terminated', noResponses(responses.T1), { type: 'acknowledged', request, response: first.response })
}

function rerouted(responses: Responses, invite: Message): Responses {
  const waiting = responses.waiting.map(({ rseq, response }) => ({ rseq, response: readdressed(response, invite) }))
  const final = responses.final === undefined ? undefined : readdressed(responses.final, invite)
  return { ...responses, waiting, final }
}

/** §3: as a 2xx is, from T1, doubling; but without the limit of T2. */
function repeat(responses: Responses) {
  const repeatAfter = responses.repeatAfter * 2
  const [first] = responses.waiting
  const again: Effect[] = first === undefined ? [] : [{ type: 'repeat', response: first.response }]
  return to('Sent', { ...responses, repeatAfter }, ...again, start('Repeat', repeatAfter))
}
