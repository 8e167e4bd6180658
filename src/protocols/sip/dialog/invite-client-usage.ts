/**
 * The INVITE usage of who calls: RFC 3261 §13.2 (every 2xx of every fork is acknowledged, one of them is ours) and §15
 * (a session that is not wanted any more ends with BYE). Dialogs are named by the remote tag; that a CANCEL waits for
 * a provisional response (§9.1) is the transaction's.
 */
import type { Machine, Step } from '#platform/machine/machine.ts'
import type { Body } from '../message/draft.ts'
import type { Message } from '../message/message.ts'

export type State = 'Calling' | 'Cancelled' | 'Answered' | 'Confirmed' | 'Ended' | 'Terminated'

export type Input =
  | { type: '1xx' | '300-699'; response: Message }
  /** `dialog` is the remote tag. */
  | { type: '2xx'; response: Message; dialog: string }
  /** No final response: 408 for time, 503 for the transport. */
  | { type: 'noAnswer'; status: 408 | 503 }
  /** The user does not want to wait any longer. */
  | { type: 'cancel' }
  /** The user's answer to the offer in the 2xx. */
  | { type: 'acknowledge'; answer: Body }
  | { type: 'bye' }
  /** BYE from the other side, or the dialog is known to be gone. */
  | { type: 'over' }
  | { type: 'timerForget' }

export type Effect =
  | { type: 'start'; timer: 'Forget'; after: number }
  | { type: 'tell'; event: 'progressed' | 'failed'; response: Message }
  /** `offer`: the 2xx carries one, and the ACK waits for the user's answer to it. */
  | { type: 'answered'; response: Message; offer: boolean }
  /** `failed` without a response to show. */
  | { type: 'fail'; status: number }
  /** The session is this dialog; early dialogs of other forks are dropped. */
  | { type: 'confirm'; dialog: string; response: Message }
  /** ACK to the 2xx of a fork that is not ours, then BYE: nothing of it is kept. */
  | { type: 'dismiss'; response: Message }
  /** Once more the ACK to such a 2xx. */
  | { type: 'dismissAgain'; response: Message }
  | { type: 'acknowledge'; answer?: Body }
  | { type: 'bye' }
  | { type: 'cancel' }

/** Plain data. `ours` is the dialog of the session, `forks` those that were dismissed. */
export type Usage = {
  readonly T1: number
  /** The INVITE carried our offer; otherwise the 2xx carries theirs and the ACK our answer (§13.2.1). */
  readonly offered: boolean
  readonly ours?: string | undefined
  readonly answer?: Body | undefined
  readonly forks: readonly string[]
}

export const inviteClientUsage: Machine<State, Input, Usage, Effect> = {
  name: 'invite-client-usage',
  timers: { Forget: ['Answered', 'Confirmed', 'Ended'] },
  states: {
    Calling: {
      '1xx': (usage, { response }) => to('Calling', usage, ...progress(response)),
      '2xx': answered,
      '300-699': (usage, { response }) => to('Terminated', usage, { type: 'tell', event: 'failed', response }),
      noAnswer: (usage, { status }) => to('Terminated', usage, { type: 'fail', status }),
      cancel: (usage) => to('Cancelled', usage, { type: 'cancel' }),
      bye: (usage) => to('Cancelled', usage, { type: 'cancel' }),
    },
    Cancelled: {
      '1xx': stayIn('Cancelled'),
      '2xx': crossed,
      '300-699': (usage, { response }) => to('Terminated', usage, { type: 'tell', event: 'failed', response }),
      noAnswer: (usage, { status }) => to('Terminated', usage, { type: 'fail', status }),
      cancel: stayIn('Cancelled'),
      bye: stayIn('Cancelled'),
    },
    Answered: {
      '2xx': (usage, { response, dialog }) =>
        dialog === usage.ours ? to('Answered', usage) : dismiss('Answered', usage, dialog, response),
      acknowledge: (usage, { answer }) => to('Confirmed', { ...usage, answer }, { type: 'acknowledge', answer }),
      // The peer holds a dialog already: it gets its ACK, without the answer, before the BYE.
      bye: (usage) => to('Ended', usage, { type: 'acknowledge' }, { type: 'bye' }),
      cancel: (usage) => to('Ended', usage, { type: 'acknowledge' }, { type: 'bye' }),
      over: (usage) => to('Ended', usage, { type: 'acknowledge' }),
      timerForget: stayIn('Answered'),
    },
    Confirmed: {
      '2xx': (usage, input) => again('Confirmed', usage, input),
      bye: (usage) => to('Ended', usage, { type: 'bye' }),
      cancel: (usage) => to('Ended', usage, { type: 'bye' }),
      over: stayIn('Ended'),
      timerForget: ({ T1, offered, ours }) => to('Confirmed', { T1, offered, ours, answer: undefined, forks: [] }),
    },
    Ended: {
      '2xx': (usage, input) => again('Ended', usage, input),
      bye: stayIn('Ended'),
      cancel: stayIn('Ended'),
      over: stayIn('Ended'),
      acknowledge: stayIn('Ended'),
      timerForget: stayIn('Terminated'),
    },
    Terminated: {},
  },
}

function to(state: State, usage: Usage, ...effects: Effect[]): Step<State, Usage, Effect> {
  return { state, data: usage, effects }
}

function stayIn(state: State) {
  return (usage: Usage) => to(state, usage)
}

/** 100 only says that somebody has the request; it makes no dialog and is nobody's news. */
function progress(response: Message): Effect[] {
  return response.status === 100 ? [] : [{ type: 'tell', event: 'progressed', response }]
}

/** Field by field: there is one for each call, and the engine is slow with what is spread and then added to. */
const decided = ({ T1, offered, answer, forks }: Usage, ours: string): Usage => ({ T1, offered, ours, answer, forks })

/** §13.2.2.4: for 64*T1 after the first 2xx others may come. */
const forget = (usage: Usage): Effect => ({ type: 'start', timer: 'Forget', after: 64 * usage.T1 })

function answered(usage: Usage, { response, dialog }: { response: Message; dialog: string }) {
  const ours = decided(usage, dialog)
  const confirm: Effect = { type: 'confirm', dialog, response }
  const tell: Effect = { type: 'answered', response, offer: !usage.offered }
  if (usage.offered) return to('Confirmed', ours, confirm, { type: 'acknowledge' }, forget(usage), tell)
  return to('Answered', ours, confirm, forget(usage), tell)
}

/** §9.1, §15: a 2xx that crossed our CANCEL made a dialog all the same; it is acknowledged and ended. */
function crossed(usage: Usage, { response, dialog }: { response: Message; dialog: string }) {
  const ours = decided(usage, dialog)
  const confirm: Effect = { type: 'confirm', dialog, response }
  return to('Ended', ours, confirm, { type: 'acknowledge' }, { type: 'bye' }, forget(usage), {
    type: 'fail',
    status: 487,
  })
}

/** A further 2xx: of a known dialog its ACK was lost; of another fork there is nothing to say to it but good-bye. */
function again(state: State, usage: Usage, { response, dialog }: { response: Message; dialog: string }) {
  if (dialog !== usage.ours) return dismiss(state, usage, dialog, response)
  return to(
    state,
    usage,
    usage.answer === undefined ? { type: 'acknowledge' } : { type: 'acknowledge', answer: usage.answer },
  )
}

/** Deviates from §13.2.2.4 where the 2xx carried an offer: its ACK has no answer, as the BYE follows at once. */
function dismiss(state: State, usage: Usage, dialog: string, response: Message) {
  if (usage.forks.includes(dialog)) return to(state, usage, { type: 'dismissAgain', response })
  return to(state, { ...usage, forks: [...usage.forks, dialog] }, { type: 'dismiss', response })
}
