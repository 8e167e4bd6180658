/** INVITE client transaction: RFC 3261 §17.1.1, figure 5, as amended by RFC 6026 §7.2, with the CANCEL of §9.1. */
import type { Machine, Step } from '#platform/machine/machine.ts'
import type { Message } from '../message/message.ts'
import { ackTo } from './ack.ts'
import { patience, type Timing } from './timers.ts'

export type State = 'Calling' | 'Proceeding' | 'Accepted' | 'Completed' | 'Terminated'

export type Input =
  | { type: '1xx' | '2xx' | '300-699'; response: Message }
  | { type: 'cancel' | 'timerA' | 'timerB' | 'timerD' | 'timerM' | 'timerCancelled' | 'transportError' }

export type TimerName = 'A' | 'B' | 'D' | 'M' | 'Cancelled'

export type Effect =
  | { type: 'send'; message: Message }
  | { type: 'start'; timer: TimerName; after: number }
  | { type: 'inform'; response: Message }
  | { type: 'fail'; cause: 'timeout' | 'transport' }
  | { type: 'cancel' }

/** Plain data: the standby resumes a transaction from exactly this. */
export type Transaction = {
  /** The INVITE until there is a final response, then the ACK to it where one is ours to send. */
  readonly message: Message | undefined
  readonly reliable: boolean
  readonly timing: Timing
  readonly timerA: number
  /** The user wants it cancelled, and no provisional response has come yet. */
  readonly cancelling: boolean
}

export const inviteClientTransaction: Machine<State, Input, Transaction, Effect> = {
  name: 'INVITE client transaction',
  timers: { A: ['Calling'], B: ['Calling'], D: ['Completed'], M: ['Accepted'], Cancelled: ['Proceeding'] },
  states: {
    Calling: {
      '1xx': (tx, { response }) =>
        tx.cancelling ? cancelNow(tx, inform(response)) : to('Proceeding', tx, inform(response)),
      '2xx': (tx, { response }) => accept(tx, response),
      '300-699': (tx, { response }) => complete(tx, response),
      // §9.1: no CANCEL before a provisional response.
      cancel: (tx) => to('Calling', { ...tx, cancelling: true }),
      timerA: (tx) => resend({ ...tx, timerA: tx.timerA * 2 }),
      timerB: (tx) => to('Terminated', tx, fail('timeout')),
      transportError: (tx) => to('Terminated', tx, fail('transport')),
    },
    Proceeding: {
      '1xx': (tx, { response }) => to('Proceeding', tx, inform(response)),
      '2xx': (tx, { response }) => accept(tx, response),
      '300-699': (tx, { response }) => complete(tx, response),
      cancel: (tx) => (tx.cancelling ? to('Proceeding', tx) : cancelNow(tx)),
      // §9.1: an INVITE whose CANCEL brought no final response in 64·T1 counts as cancelled.
      timerCancelled: (tx) => to('Terminated', tx, fail('timeout')),
    },
    Accepted: {
      '2xx': (tx, { response }) => to('Accepted', tx, inform(response)),
      timerM: (tx) => to('Terminated', tx),
    },
    Completed: {
      '300-699': (tx) => (tx.message === undefined ? to('Completed', tx) : to('Completed', tx, send(tx.message))),
      timerD: (tx) => to('Terminated', tx),
      // The final response is the user's already: an ACK that does not leave is the other side's loss alone.
      transportError: (tx) => to('Terminated', tx),
    },
    Terminated: {},
  },
}

/** What happens before the first input: the INVITE is sent, timers A and B run (§17.1.1.2). */
export function begin(invite: Message, reliable: boolean, timing: Timing): Step<State, Transaction, Effect> {
  const tx: Transaction = { message: invite, reliable, timing, timerA: timing.T1, cancelling: false }
  const timerB = start('B', patience(timing))
  return reliable
    ? to('Calling', tx, send(invite), timerB)
    : to('Calling', tx, send(invite), timerB, start('A', timing.T1))
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

function resend(tx: Transaction) {
  return tx.message === undefined ? to('Calling', tx) : to('Calling', tx, send(tx.message), start('A', tx.timerA))
}

function cancelNow(tx: Transaction, ...before: Effect[]) {
  const wait = start('Cancelled', patience(tx.timing))
  return to('Proceeding', { ...tx, cancelling: true }, ...before, { type: 'cancel' }, wait)
}

// RFC 6026 §8.4: it lives on, so that every fork's 2xx and its repetitions reach the user.
function accept(tx: Transaction, response: Message) {
  return to('Accepted', { ...tx, message: undefined }, start('M', patience(tx.timing)), inform(response))
}

function complete(tx: Transaction, response: Message) {
  if (tx.message === undefined) return to('Completed', tx, inform(response))
  const ack = ackTo(tx.message, response)
  // §17.1.1.2: 32 s at least over UDP, nothing to wait for otherwise.
  const timerD = start('D', tx.reliable ? 0 : Math.max(32_000, patience(tx.timing)))
  return to('Completed', { ...tx, message: ack }, send(ack), timerD, inform(response))
}
