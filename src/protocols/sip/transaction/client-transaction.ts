/** Non-INVITE client transaction: RFC 3261 §17.1.2, figure 6. */
import type { Machine, Step } from '#platform/machine/machine.ts'
import type { Message } from '../message/message.ts'
import { patience, type Timing } from './timers.ts'

export type State = 'Trying' | 'Proceeding' | 'Completed' | 'Terminated'

export type Input =
  | { type: '1xx' | '200-699'; response: Message }
  | { type: 'timerE' | 'timerF' | 'timerK' | 'transportError' }

export type TimerName = 'E' | 'F' | 'K'

export type Effect =
  | { type: 'send'; message: Message }
  | { type: 'start'; timer: TimerName; after: number }
  | { type: 'inform'; response: Message }
  | { type: 'fail'; cause: 'timeout' | 'transport' }

export type Transaction = {
  /** Until there is a final response. */
  readonly request: Message | undefined
  readonly reliable: boolean
  readonly timing: Timing
  readonly timerE: number
}

export const clientTransaction: Machine<State, Input, Transaction, Effect> = {
  name: 'non-INVITE client transaction',
  timers: { E: ['Trying', 'Proceeding'], F: ['Trying', 'Proceeding'], K: ['Completed'] },
  states: {
    Trying: {
      '1xx': (tx, { response }) => to('Proceeding', tx, inform(response)),
      '200-699': (tx, { response }) => complete(tx, response),
      timerE: (tx) => resend('Trying', { ...tx, timerE: Math.min(tx.timerE * 2, tx.timing.T2) }),
      timerF: (tx) => to('Terminated', tx, fail('timeout')),
      transportError: (tx) => to('Terminated', tx, fail('transport')),
    },
    Proceeding: {
      '1xx': (tx, { response }) => to('Proceeding', tx, inform(response)),
      '200-699': (tx, { response }) => complete(tx, response),
      // §17.1.2.2: once somebody has answered, every T2.
      timerE: (tx) => resend('Proceeding', { ...tx, timerE: tx.timing.T2 }),
      timerF: (tx) => to('Terminated', tx, fail('timeout')),
      transportError: (tx) => to('Terminated', tx, fail('transport')),
    },
    Completed: {
      // §17.1.2.2: repetitions are absorbed here.
      '200-699': (tx) => to('Completed', tx),
      timerK: (tx) => to('Terminated', tx),
    },
    Terminated: {},
  },
}

/** What happens before the first input: the request is sent, timers E and F run (§17.1.2.2). */
export function begin(request: Message, reliable: boolean, timing: Timing): Step<State, Transaction, Effect> {
  const tx: Transaction = { request, reliable, timing, timerE: timing.T1 }
  const timerF = start('F', patience(timing))
  return reliable
    ? to('Trying', tx, send(request), timerF)
    : to('Trying', tx, send(request), timerF, start('E', timing.T1))
}

const to = (state: State, data: Transaction, ...effects: Effect[]): Step<State, Transaction, Effect> => ({
  state,
  data,
  effects,
})
const send = (message: Message): Effect => ({ type: 'send', message })
const start = (timer: TimerName, after: number): Effect => ({ type: 'start', timer, after })
const inform = (response: Message): Effect => ({ type: 'inform', response })
const fail = (cause: 'timeout' | 'transport'): Effect => ({ type: 'fail', cause })

function resend(state: State, tx: Transaction) {
  return tx.request === undefined ? to(state, tx) : to(state, tx, send(tx.request), start('E', tx.timerE))
}

function complete(tx: Transaction, response: Message) {
  const timerK = start('K', tx.reliable ? 0 : tx.timing.T4)
  return to('Completed', { ...tx, request: undefined }, timerK, inform(response))
}
