/**
 * Offers and answers in a confirmed dialog: one exchange at a time (RFC 3264 §4, RFC 3261 §14, RFC 6337 §3). A
 * re-INVITE from either side, and UPDATE (RFC 3311) from the other. Glare is answered 491, a second re-INVITE
 * before the first has its final response 500 (§14.2).
 */
import type { Machine, Step } from '#platform/machine/machine.ts'
import type { Body } from '../message/draft.ts'
import type { Message } from '../message/message.ts'

export type State = 'Stable' | 'Sent' | 'Answered' | 'Received' | 'Accepted' | 'Over'

export type Input =
  /** The user wants a re-INVITE, with our offer or to get theirs; `ask` names the wish, to be settled once. */
  | { type: 'reinvite'; ask: number; offered: boolean }
  | { type: '1xx' | '2xx' | '300-699'; response: Message }
  | { type: 'noAnswer'; status: 408 | 503 }
  /** The user's answer to the offer in the 2xx; none where it ends the session instead. */
  | { type: 'acknowledge'; answer: Body | undefined }
  | { type: 'invite'; request: Message; offered: boolean }
  | { type: 'update'; request: Message }
  /** The user's responses, ready to be sent. */
  | { type: 'accept' | 'reject'; response: Message }
  | { type: 'cancel' }
  | { type: 'ack'; ack: Message }
  /** The session has ended, whoever ended it. */
  | { type: 'over' }
  | { type: 'timerRepeat' | 'timerGiveUp' }

export type Effect =
  | { type: 'start'; timer: 'Repeat' | 'GiveUp'; after: number }
  | { type: 'sendInvite'; ask: number }
  | { type: 'acknowledgeReinvite'; answer?: Body }
  /** Tell who asked for the re-INVITE; `offer`: the 2xx carries one, and the ACK waits for the user's answer to it. */
  | { type: 'settle'; ask: number; response: Message; offer: boolean }
  | { type: 'settleWith'; ask: number; status: 408 | 481 | 491 | 503 }
  | { type: 'tell'; event: 'offered' | 'acknowledged'; request: Message }
  /** The request that is waiting for the user gets its response. */
  | { type: 'respondReinvite'; response: Message }
  | { type: 'refuseReinvite'; status: 487 }
  /** Tell the user that what it was told to answer has been cancelled. */
  | { type: 'tellCancelled' }
  /** Another request, which just came, gets this one. */
  | { type: 'refuseRequest'; request: Message; status: 491 | 500 }
  | { type: 'noAck' }
  | { type: 'bye' }

export type Exchange = {
  readonly T1: number
  readonly T2: number
  readonly repeatAfter: number
  readonly ask: number
  /** The INVITE of the present exchange carried an offer; otherwise the 2xx does and the ACK carries the answer. */
  readonly offered: boolean
  /** The request to be answered is an UPDATE: no ACK follows. */
  readonly update: boolean
  /** Our last answer in an ACK, in case the 2xx comes again. */
  readonly answer?: Body | undefined
  /** The 2xx to be repeated. */
  readonly response?: Message
}

/** No exchange is going on. */
export const stable = (T1: number, T2: number): Exchange => ({
  T1,
  T2,
  repeatAfter: T1,
  ask: 0,
  offered: false,
  update: false,
})

export const offerAnswer: Machine<State, Input, Exchange, Effect> = {
  name: 'offer-answer',
  timers: { Repeat: ['Accepted'], GiveUp: ['Accepted'] },
  states: {
    Stable: {
      reinvite: (exchange, { ask, offered }) =>
        to('Sent', { ...fresh(exchange), ask, offered }, { type: 'sendInvite', ask }),
      invite: received,
      update: (exchange, { request }) =>
        to(
          'Received',
          { ...fresh(exchange), offered: true, update: true },
          { type: 'tell', event: 'offered', request },
        ),
      // The ACK to our last re-INVITE's 2xx was lost.
      '2xx': (exchange) => to('Stable', exchange, acknowledge(exchange.answer)),
      '1xx': stayIn('Stable'),
      ack: stayIn('Stable'),
      cancel: stayIn('Stable'),
      // The user may answer what has been cancelled meanwhile.
      accept: stayIn('Stable'),
      reject: stayIn('Stable'),
      over: stayIn('Over'),
    },
    Sent: {
      reinvite: (exchange, { ask }) => to('Sent', exchange, settle(ask, 491)),
      invite: (exchange, { request }) => to('Sent', exchange, refuse(request, 491)),
      update: (exchange, { request }) => to('Sent', exchange, refuse(request, 491)),
      '1xx': stayIn('Sent'),
      '2xx': settled,
      '300-699': (exchange, { response }) =>
        to('Stable', exchange, { type: 'settle', ask: exchange.ask, response, offer: false }),
      noAnswer: (exchange, { status }) => to('Stable', exchange, settle(exchange.ask, status)),
      ack: stayIn('Sent'),
      cancel: stayIn('Sent'),
      over: (exchange) => to('Over', exchange, settle(exchange.ask, 481)),
    },
    Answered: {
      acknowledge: (exchange, { answer }) => to('Stable', { ...exchange, answer }, acknowledge(answer)),
      reinvite: (exchange, { ask }) => to('Answered', exchange, settle(ask, 491)),
      invite: (exchange, { request }) => to('Answered', exchange, refuse(request, 491)),
      update: (exchange, { request }) => to('Answered', exchange, refuse(request, 491)),
      '2xx': stayIn('Answered'),
      ack: stayIn('Answered'),
      cancel: stayIn('Answered'),
      // The peer gets its ACK, without the answer, before the BYE.
      over: (exchange) => to('Over', exchange, acknowledge()),
    },
    Received: {
      accept,
      reject: (exchange, { response }) => to('Stable', exchange, { type: 'respondReinvite', response }),
      reinvite: (exchange, { ask }) => to('Received', exchange, settle(ask, 491)),
      invite: (exchange, { request }) => to('Received', exchange, refuse(request, 500)),
      update: (exchange, { request }) => to('Received', exchange, refuse(request, 500)),
      cancel: (exchange) => to('Stable', exchange, { type: 'refuseReinvite', status: 487 }, { type: 'tellCancelled' }),
      ack: stayIn('Received'),
      over: (exchange) => to('Over', exchange, { type: 'refuseReinvite', status: 487 }),
    },
    Accepted: {
      ack: (exchange, { ack }) => to('Stable', fresh(exchange), ...acknowledged(exchange, ack)),
      timerRepeat: repeat,
      timerGiveUp: (exchange) => to('Over', fresh(exchange), { type: 'bye' }, { type: 'noAck' }),
      reinvite: (exchange, { ask }) => to('Accepted', exchange, settle(ask, 491)),
      // A new INVITE proves that our 2xx has come; where our offer waits for its answer it is glare (RFC 5407 §3.1.5).
      invite: (exchange, input) =>
        exchange.offered ? received(exchange, input) : to('Accepted', exchange, refuse(input.request, 491)),
      update: (exchange, { request }) => to('Accepted', exchange, refuse(request, 491)),
      cancel: stayIn('Accepted'),
      over: (exchange) => to('Over', fresh(exchange)),
    },
    Over: {
      '1xx': stayIn('Over'),
      // A re-INVITE that the end of the session overtook still made its peer wait for an ACK.
      '2xx': (exchange) => to('Over', exchange, acknowledge(exchange.answer)),
      '300-699': stayIn('Over'),
      noAnswer: stayIn('Over'),
      reinvite: (exchange, { ask }) => to('Over', exchange, settle(ask, 481)),
      acknowledge: stayIn('Over'),
      accept: stayIn('Over'),
      reject: stayIn('Over'),
      cancel: stayIn('Over'),
      ack: stayIn('Over'),
      over: stayIn('Over'),
    },
  },
}

/**
 * §14.1: how long to wait after 491, in ms and units of 10 ms: 2.1–4 s for who made the Call-ID, else 0–2 s.
 * `random` is at least 0 and less than 1.
 */
export function retryAfter(ownsCallID: boolean, random: number): number {
  return ownsCallID ? 2100 + 10 * Math.floor(random * 191) : 10 * Math.floor(random * 201)
}

function to(state: State, exchange: Exchange, ...effects: Effect[]): Step<State, Exchange, Effect> {
  return { state, data: exchange, effects }
}

function stayIn(state: State) {
  return (exchange: Exchange) => to(state, exchange)
}

const fresh = ({ T1, T2 }: Exchange): Exchange => stable(T1, T2)
const settle = (ask: number, status: 408 | 481 | 491 | 503): Effect => ({ type: 'settleWith', ask, status })
const refuse = (request: Message, status: 491 | 500): Effect => ({ type: 'refuseRequest', request, status })
const start = (timer: 'Repeat' | 'GiveUp', after: number): Effect => ({ type: 'start', timer, after })
const acknowledge = (answer?: Body): Effect =>
  answer === undefined ? { type: 'acknowledgeReinvite' } : { type: 'acknowledgeReinvite', answer }

function received(exchange: Exchange, { request, offered }: { request: Message; offered: boolean }) {
  return to('Received', { ...fresh(exchange), offered }, { type: 'tell', event: 'offered', request })
}

function settled(exchange: Exchange, { response }: { response: Message }) {
  const tell: Effect = { type: 'settle', ask: exchange.ask, response, offer: !exchange.offered }
  return exchange.offered ? to('Stable', exchange, acknowledge(), tell) : to('Answered', exchange, tell)
}

function accept(exchange: Exchange, { response }: { response: Message }) {
  const respond: Effect = { type: 'respondReinvite', response }
  if (exchange.update) return to('Stable', fresh(exchange), respond)
  const { T1 } = exchange
  const timers = [start('Repeat', T1), start('GiveUp', 64 * T1)]
  return to('Accepted', { ...exchange, response, repeatAfter: T1 }, respond, ...timers)
}

/** Only an ACK that carries the answer to our offer is news. */
function acknowledged(exchange: Exchange, request: Message): Effect[] {
  return exchange.offered ? [] : [{ type: 'tell', event: 'acknowledged', request }]
}

function repeat(exchange: Exchange) {
  const repeatAfter = Math.min(exchange.repeatAfter * 2, exchange.T2)
  const again: Effect[] =
    exchange.response === undefined ? [] : [{ type: 'respondReinvite', response: exchange.response }]
  return to('Accepted', { ...exchange, repeatAfter }, ...again, start('Repeat', repeatAfter))
}
