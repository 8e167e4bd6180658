/** Non-INVITE server transaction: RFC 3261 §17.2.2, figure 8. */
import type { Machine, Step } from '#platform/machine/machine.ts'
import type { Message } from '../message/message.ts'
import { patience, type Timing } from './timers.ts'

export type State = 'Trying' | 'Proceeding' | 'Completed' | 'Terminated'

export type Input =
  /** Responses come from the user; `request` is a repetition. */
  { type: '1xx' | '200-699'; response: Message } | { type: 'request' | 'timerJ' | 'transportError' }

export type Effect =
  | { type: 'send'; message: Message }
  | { type: 'start'; timer: 'J'; after: number }
  | { type: 'fail'; cause: 'timeout' | 'transport' }

export type Transaction = {
  /** What a repetition is answered with. */
  readonly response: Message | undefined
  readonly reliable: boolean
  readonly timing: Timing
}

export const serverTransaction: Machine<State, Input, Transaction, Effect> = {
  name: 'non-INVITE server transaction',
  timers: { J: ['Completed'] },
  states: {
    Trying: {
      request: (tx) => to('Trying', tx),
      '1xx': (tx, { response }) => to('Proceeding', { ...tx, response }, send(response)),
      '200-699': (tx, { response }) => complete(tx, response),
    },
    Proceeding: {
      request: (tx) => (tx.response === undefined ? to('Proceeding', tx) : to('Proceeding', tx, send(tx.response))),
      '1xx': (tx, { response }) => to('Proceeding', { ...tx, response }, send(response)),
      '200-699': (tx, { response }) => complete(tx, response),
      transportError: (tx) => to('Terminated', tx, fail('transport')),
    },
    Completed: {
      request: (tx) => (tx.response === undefined ? to('Completed', tx) : to('Completed', tx, send(tx.response))),
      // §17.2.2: any further final response of the user is dropped.
      '200-699': (tx) => to('Completed', tx),
      timerJ: (tx) => to('Terminated', tx),
      transportError: (tx) => to('Terminated', tx, fail('transport')),
    },
    Terminated: {},
  },
}

/** What happens before the first input: the user is given the request; nothing runs. */
export function begin(reliable: boolean, timing: Timing): Step<State, Transaction, Effect> {
  return to('Trying', { response: undefined, reliable, timing })
}

const to = (state: State, data: Transaction, ...effects: Effect[]): Step<State, Transaction, Effect> => ({
  state,
  data,
  effects,
})
const send = (message: Message): Effect => ({ type: 'send', message })
const fail = (cause: 'timeout' | 'transport'): Effect => ({ type: 'fail', cause })

function complete(tx: Transaction, response: Message) {
  // §17.2.2: nothing is repeated over a reliable transport.
  const after = tx.reliable ? 0 : patience(tx.timing)
  return to('Completed', { ...tx, response }, send(response), { type: 'start', timer: 'J', after })
}
