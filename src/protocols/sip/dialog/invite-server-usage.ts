/**
 * The INVITE usage of who is called: RFC 3261 §13.3 (the 2xx is repeated until its ACK, over any transport, §13.3.1.4;
 * a provisional response every minute keeps proxies waiting, §13.3.1.1), §9.2 (CANCEL) and §15 (no BYE from here
 * before the ACK).
 */
import type { Machine, Step } from '#platform/machine/machine.ts'
import { readdressed } from '../message/build-response.ts'
import type { Message } from '../message/message.ts'

export type State = 'Proceeding' | 'Accepted' | 'Ending' | 'Confirmed' | 'Terminated'

export type Input =
  /** The user's responses, ready to be sent. */
  | { type: 'progress' | 'accept' | 'reject'; response: Message }
  | { type: 'cancel'; cancel: Message }
  | { type: 'ack'; ack: Message }
  /** The INVITE has come by another way, which answers take from now on. */
  | { type: 'join'; invite: Message }
  | { type: 'bye' }
  /** BYE from the other side, or the dialog is known to be gone. */
  | { type: 'over' }
  | { type: 'timerRing' | 'timerRepeat' | 'timerGiveUp' }

export type Effect =
  | { type: 'start'; timer: 'Ring' | 'Repeat' | 'GiveUp'; after: number }
  | { type: 'respond'; response: Message }
  /** A response without a word from the user. */
  | { type: 'refuse'; status: 480 | 487 }
  | { type: 'tell'; event: 'cancelled' | 'acknowledged'; request: Message }
  | { type: 'noAck' }
  | { type: 'bye' }

/** Plain data; `response` is the one to be repeated. */
export type Usage = {
  readonly T1: number
  readonly T2: number
  readonly repeatAfter: number
  readonly response?: Message | undefined
}

/** §13.3.1.1: at every minute, since a proxy's timer C may run out after three. */
const ringEvery = 60_000

export const inviteServerUsage: Machine<State, Input, Usage, Effect> = {
  name: 'invite-server-usage',
  timers: { Ring: ['Proceeding'], Repeat: ['Accepted', 'Ending'], GiveUp: ['Accepted', 'Ending'] },
  states: {
    Proceeding: {
      progress: (usage, { response }) =>
        to('Proceeding', { ...usage, response }, { type: 'respond', response }, start('Ring', ringEvery)),
      timerRing: (usage) => to('Proceeding', usage, ...repeat(usage), start('Ring', ringEvery)),
      accept: (usage, { response }) => accept(usage, response),
      reject: (usage, { response }) => to('Terminated', settled(usage), { type: 'respond', response }),
      cancel: (usage, { cancel }) =>
        to('Terminated', settled(usage), refuse(487), { type: 'tell', event: 'cancelled', request: cancel }),
      join: (usage, { invite }) => join('Proceeding', usage, invite),
      bye: (usage) => to('Terminated', settled(usage), refuse(480)),
      // §15: the caller may end an early dialog with BYE; its INVITE is answered as if cancelled.
      over: (usage) => to('Terminated', settled(usage), refuse(487)),
    },
    Accepted: {
      timerRepeat: (usage) => repeatLater('Accepted', usage),
      ack: (usage, { ack }) => to('Confirmed', settled(usage), { type: 'tell', event: 'acknowledged', request: ack }),
      join: (usage, { invite }) => join('Accepted', usage, invite),
      // §13.3.1.4: without an ACK the dialog is confirmed but should be ended.
      timerGiveUp: (usage) => to('Terminated', settled(usage), { type: 'bye' }, { type: 'noAck' }),
      bye: (usage) => to('Ending', usage),
      over: (usage) => to('Terminated', settled(usage)),
      // §9.2: the final response has left; a CANCEL changes nothing any more.
      cancel: stayIn('Accepted'),
    },
    Ending: {
      timerRepeat: (usage) => repeatLater('Ending', usage),
      ack: (usage) => to('Terminated', settled(usage), { type: 'bye' }),
      join: (usage, { invite }) => join('Ending', usage, invite),
      timerGiveUp: (usage) => to('Terminated', settled(usage), { type: 'bye' }),
      bye: stayIn('Ending'),
      over: (usage) => to('Terminated', settled(usage)),
      cancel: stayIn('Ending'),
    },
    Confirmed: {
      ack: stayIn('Confirmed'),
      bye: (usage) => to('Terminated', usage, { type: 'bye' }),
      over: stayIn('Terminated'),
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

const start = (timer: 'Ring' | 'Repeat' | 'GiveUp', after: number): Effect => ({ type: 'start', timer, after })
const refuse = (status: 480 | 487): Effect => ({ type: 'refuse', status })

/** Nothing is left to be repeated. */
const settled = ({ T1, T2, repeatAfter }: Usage): Usage => ({ T1, T2, repeatAfter, response: undefined })

function accept(usage: Usage, response: Message) {
  const { T1, T2 } = usage
  const accepted = { T1, T2, repeatAfter: T1, response }
  const timers = [start('Repeat', T1), start('GiveUp', 64 * T1)]
  return to('Accepted', accepted, { type: 'respond', response }, ...timers)
}

const repeat = ({ response }: Usage): Effect[] => (response === undefined ? [] : [{ type: 'respond', response }])

/** What has been answered already is answered there too. */
function join(state: State, usage: Usage, invite: Message) {
  if (usage.response === undefined) return to(state, usage)
  const response = readdressed(usage.response, invite)
  return to(state, { ...usage, response }, { type: 'respond', response })
}

/** §13.3.1.4: from T1, doubling up to T2. */
function repeatLater(state: State, usage: Usage) {
  const repeatAfter = Math.min(usage.repeatAfter * 2, usage.T2)
  return to(state, { ...usage, repeatAfter }, ...repeat(usage), start('Repeat', repeatAfter))
}
