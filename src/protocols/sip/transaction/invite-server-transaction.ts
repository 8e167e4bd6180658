/** INVITE server transaction: RFC 3261 §17.2.1, figure 7, as amended by RFC 6026 §7.1. */
import type { Machine, Step } from '#platform/machine/machine.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Message } from '../message/message.ts'
import { patience, type Timing } from './timers.ts'

export type State = 'Proceeding' | 'Accepted' | 'Completed' | 'Confirmed' | 'Terminated'

export type Input =
  /** Responses come from the user; INVITE is a repetition, ACK one that belongs to this transaction. */
  | { type: '1xx' | '2xx' | '300-699'; response: Message }
  | { type: 'ACK'; ack: Message }
  | { type: 'INVITE' | 'timerTrying' | 'timerG' | 'timerH' | 'timerI' | 'timerL' | 'transportError' }

export type TimerName = 'Trying' | 'G' | 'H' | 'I' | 'L'

export type Effect =
  | { type: 'send'; message: Message }
  | { type: 'start'; timer: TimerName; after: number }
  /** An ACK to a 2xx, which is the user's. */
  | { type: 'acknowledge2xx'; ack: Message }
  | { type: 'acknowledge'; ack: Message }
  | { type: 'fail'; cause: 'timeout' | 'transport' }

export type Transaction = {
  /** Until the user has given a response: what 100 is made of. */
  readonly invite: Message | undefined
  /** The latest provisional response, or the final one where it is ours to repeat. */
  readonly response: Message | undefined
  readonly reliable: boolean
  readonly timing: Timing
  readonly timerG: number
}

export const inviteServerTransaction: Machine<State, Input, Transaction, Effect> = {
  name: 'INVITE server transaction',
  timers: { Trying: ['Proceeding'], G: ['Completed'], H: ['Completed'], I: ['Confirmed'], L: ['Accepted'] },
  states: {
    Proceeding: {
      INVITE: (tx) => (tx.response === undefined ? to('Proceeding', tx) : to('Proceeding', tx, send(tx.response))),
      '1xx': (tx, { response }) => to('Proceeding', { ...tx, invite: undefined, response }, send(response)),
      '2xx': (tx, { response }) => accept(tx, response),
      '300-699': (tx, { response }) => complete(tx, response),
      // §17.2.1: the user has not answered in 200 ms.
      timerTrying: (tx) => (tx.invite === undefined ? to('Proceeding', tx) : trying(tx, buildResponse(tx.invite, 100))),
      transportError: (tx) => to('Proceeding', tx, fail('transport')),
    },
    Accepted: {
      // RFC 6026 §7.1: absorbed; the user repeats its 2xx until it is acknowledged.
      INVITE: (tx) => to('Accepted', tx),
      ACK: (tx, { ack }) => to('Accepted', tx, { type: 'acknowledge2xx', ack }),
      '2xx': (tx, { response }) => to('Accepted', tx, send(response)),
      timerL: (tx) => to('Terminated', tx),
      transportError: (tx) => to('Accepted', tx, fail('transport')),
    },
    Completed: {
      INVITE: (tx) => (tx.response === undefined ? to('Completed', tx) : to('Completed', tx, send(tx.response))),
      ACK: (tx, { ack }) => confirm(tx, ack),
      timerG: (tx) => resend({ ...tx, timerG: Math.min(tx.timerG * 2, tx.timing.T2) }),
      timerH: (tx) => to('Terminated', tx, fail('timeout')),
      transportError: (tx) => to('Terminated', tx, fail('transport')),
    },
    Confirmed: {
      // §17.2.1: repetitions are absorbed here.
      INVITE: (tx) => to('Confirmed', tx),
      ACK: (tx) => to('Confirmed', tx),
      timerI: (tx) => to('Terminated', tx),
    },
    Terminated: {},
  },
}

/** What happens before the first input: the user is given the INVITE, and 200 ms to answer. */
export function begin(invite: Message, reliable: boolean, timing: Timing): Step<State, Transaction, Effect> {
  const tx: Transaction = { invite, response: undefined, reliable, timing, timerG: timing.T1 }
  return to('Proceeding', tx, start('Trying', timing.trying))
}

const to = (state: State, data: Transaction, ...effects: Effect[]): Step<State, Transaction, Effect> => ({
  state,
  data,
  effects,
})
const send = (message: Message): Effect => ({ type: 'send', message })
const start = (timer: TimerName, after: number): Effect => ({ type: 'start', timer, after })
const fail = (cause: 'timeout' | 'transport'): Effect => ({ type: 'fail', cause })

const trying = (tx: Transaction, response: Message) =>
  to('Proceeding', { ...tx, invite: undefined, response }, send(response))

function accept(tx: Transaction, response: Message) {
  const waiting = { ...tx, invite: undefined, response: undefined }
  return to('Accepted', waiting, send(response), start('L', patience(tx.timing)))
}

function complete(tx: Transaction, response: Message) {
  const timerH = start('H', patience(tx.timing))
  const waiting = { ...tx, invite: undefined, response }
  return tx.reliable
    ? to('Completed', waiting, send(response), timerH)
    : to('Completed', waiting, send(response), timerH, start('G', tx.timing.T1))
}

function resend(tx: Transaction) {
  return tx.response === undefined ? to('Completed', tx) : to('Completed', tx, send(tx.response), start('G', tx.timerG))
}

function confirm(tx: Transaction, ack: Message) {
  const timerI = start('I', tx.reliable ? 0 : tx.timing.T4)
  return to('Confirmed', { ...tx, response: undefined }, timerI, { type: 'acknowledge', ack })
}
