/** A routed call rings at an agent: it is answered, or it goes back to the head of its queue (event flows §3, §5). */
import type { SeizeOutcome } from '../ports.ts'
import type { Party } from './call.ts'
import { established } from './dialling.ts'
import { reasonFields } from './ending.ts'
import { anchorInstead, calledParty, connect, leaveUnheard } from './endpoints.ts'
import { failureOfPhone, failures, outcomeOf, refusesMedia } from './failures.ts'
import type { InputOf } from './input.ts'
import { move } from './moving.ts'
import { leave } from './parties.ts'
import { requeue } from './queueing.ts'
import { stopPlaying } from './treatments.ts'
import type { Turn } from './turn.ts'

/** Offering: the agent answers. */
export function taken(turn: Turn, input: InputOf<'answered'>) {
  const caller = turn.legAs('caller')
  if (!caller) return
  turn.stop('Offer')
  const party = turn.partyOn(input.leg)
  if (leaveUnheard(turn, input)) return miss(turn, party, 'rejected', failures.notAcceptable.status)
  connect(turn, caller.id, input)
  if (turn.call.media === 'anchored') stopPlaying(turn)
  established(turn)
  turn.state = 'Talking'
}

/** Offering: the phone says that it can be told to answer. */
export function talksOf(turn: Turn, { leg, talks }: InputOf<'progressed'>): void {
  if (talks) turn.setLeg(leg, { talks })
}

/** Offering: the agent's phone declines. */
export function refusedOffer(turn: Turn, input: InputOf<'failed'>): void {
  const { leg, status } = input
  if (move(turn, input, turn.legAs('caller')) === 'moved') return
  if (refusesMedia(status) && anchorInstead(turn, leg, turn.legAs('caller'))) return
  const party = turn.partyOn(leg)
  turn.dropLeg(leg)
  miss(turn, party, outcomeOf(failureOfPhone(status)), status)
}

export const offerTimedOut = (turn: Turn): void => withdrawOffer(turn, 'no-answer')

/** Offering: the owner lost the phone. */
export function offerWithdrawn(turn: Turn, { dn }: InputOf<'withdraw'>): void {
  if (calledParty(turn)?.dn === dn) withdrawOffer(turn, 'out-of-service')
}

function withdrawOffer(turn: Turn, outcome: SeizeOutcome): void {
  const leg = turn.legAs('callee')
  if (!leg) return
  const party = turn.partyOn(leg.id)
  turn.cancel(leg.id, reasonFields(408, 'no answer'))
  miss(turn, party, outcome)
}

/** Offering: the agent declines by request. */
export function declineOffer(turn: Turn, token: number): void {
  const leg = turn.legAs('callee')
  if (!leg) return
  const party = turn.partyOn(leg.id)
  turn.cancel(leg.id, reasonFields(603))
  miss(turn, party, 'rejected', 603, token)
}

function miss(turn: Turn, party: Party | undefined, outcome: SeizeOutcome, status?: number, answers?: number): void {
  turn.stop('Offer')
  if (party) {
    leave(turn, party.id, {
      name: 'EventReleased',
      callState: 'Redirected',
      outcome,
      by: outcome === 'rejected' ? party : undefined,
      answers,
      ...(status !== undefined && { extra: { extensions: { SipStatus: status } } }),
    })
  }
  requeue(turn)
}
