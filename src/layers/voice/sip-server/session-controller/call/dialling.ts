/** A call until somebody talks: it arrives or is made, its destination is found, seized and rings (event flows §2). */
import { callCreated } from '../events/publish.ts'
import { ipVersionIn, silentAnswer } from '../media/descriptions.ts'
import { up } from '../media/exchange.ts'
import type { Leg, Party, Reachable, Target } from './call.ts'
import { callingSide, end, reasonFields } from './ending.ts'
import { anchorInstead, call, calledParty, callingParty, connect, differ, leaveUnheard, partyTo } from './endpoints.ts'
import {
  endingOf,
  errorOfSeizure,
  type Failure,
  failureOfCarrier,
  failureOfPhone,
  failureOfSeizure,
  failures,
  refusesMedia,
} from './failures.ts'
import type { InputOf } from './input.ts'
import { move } from './moving.ts'
import { become, join, leave, talk } from './parties.ts'
import { enqueue } from './queueing.ts'
import { leaveRedirected, redirectionOf } from './redirecting.ts'
import { serve } from './serving.ts'
import type { Turn } from './turn.ts'

/** New: an INVITE came. */
export function arrived(turn: Turn, { target, refusal }: InputOf<'arrived'>) {
  const { origin } = turn.call
  if (refusal) return turnAway(turn, refusal, 503)
  if (origin.kind === 'trunk') {
    callCreated(turn)
    join(turn, { dn: origin.number, external: true, leg: 'a', state: 'Dialing', role: 'Origination' })
    if (target?.kind === 'trunk') return forbid(turn)
    return proceed(turn, target)
  }
  turn.set({ pending: { dn: origin.dn, target } })
  turn.do({ type: 'seize', dn: origin.dn, purpose: 'originate', reservation: undefined })
  turn.state = 'Arriving'
}

/** New: RequestMakeCall. */
export function made(turn: Turn, { target, token }: InputOf<'made'>): void {
  const { origin } = turn.call
  if (origin.kind !== 'dn') return
  turn.set({ pending: { dn: origin.dn, target, token } })
  turn.do({ type: 'seize', dn: origin.dn, purpose: 'originate', reservation: undefined })
  turn.state = 'Arriving'
}

/** Nobody of ours has taken part: the call is in the records, and no more. */
function turnAway(turn: Turn, cause: 'overload' | 'out-of-service', status: number): void {
  const { origin } = turn.call
  callCreated(turn)
  const dn = origin.kind === 'dn' ? origin.dn : origin.number
  join(turn, { dn, external: true, leg: 'a', state: 'Dialing', role: 'Origination' })
  end(turn, { ending: { by: cause === 'overload' ? 'cluster' : callingSide(turn.call), cause, status }, status })
}

/** Toll fraud: nobody calls from outside to outside. */
function forbid(turn: Turn): void {
  end(turn, { ending: { by: 'cluster', cause: 'forbidden', status: 403 }, status: 403 })
}

/** Arriving: the owner of the DN that calls has answered. */
export function originated(turn: Turn, { reply }: InputOf<'seized'>) {
  const { origin, pending, dnis } = turn.call
  if (origin.kind !== 'dn' || !pending) return
  const { target, token } = pending
  if (!reply.granted) {
    if (token === undefined) return turnAway(turn, 'out-of-service', 480)
    turn.refuse(token, errorOfSeizure(reply.cause))
    turn.do({ type: 'over', ending: undefined })
    turn.state = 'Ended'
    return
  }
  turn.set({ pending: { dn: origin.dn, target } })
  callCreated(turn)
  const agent = reply.agentID === undefined ? {} : { agentID: reply.agentID }
  const caller = { dn: origin.dn, external: false, leg: 'a', otherDN: dnis, seized: true, ...agent }
  join(turn, { ...caller, state: 'Dialing', role: 'Origination' }, undefined, token)
  if (token === undefined) proceed(turn, target)
  else summon(turn)
}

/** The phone of who wants to call is called first, and asked what it can do. */
function summon(turn: Turn): void {
  const { summons } = turn.call
  if (!summons) return
  turn.putLeg({ id: 'a', role: 'caller', state: 'Inviting' })
  turn.do({ type: 'invite', leg: 'a', ...summons, body: undefined, fields: [] })
  turn.start('Ring', turn.call.times.ringTimeout)
  turn.state = 'Summoning'
}

/** Summoning: it was picked up; it hears nothing until somebody answers or plays. */
export function summoned(turn: Turn, { leg, body, offer }: InputOf<'answered'>) {
  turn.stop('Ring')
  turn.setLeg(leg, { remote: body, state: offer ? 'Unacknowledged' : 'Inviting' })
  if (offer && body !== undefined) {
    const answer = silentAnswer(body)
    turn.do({ type: 'acknowledge', leg, body: answer })
    turn.setLeg(leg, { local: answer })
  }
  up(turn, leg)
  proceed(turn, turn.call.pending?.target)
}

/** Summoning: it was not. */
function notSummoned(turn: Turn, failure: Failure) {
  const party = callingParty(turn)
  const ending = { ...endingOf(turn.call, failure), by: callingSide(turn.call) }
  end(turn, { ending, by: failure.cause === 'rejected' ? party : undefined, callState: failure.callState })
}

export const summonsFailed = (turn: Turn, { leg, status }: InputOf<'failed'>) => {
  turn.dropLeg(leg)
  notSummoned(turn, failureOfPhone(status))
}

/** Where to: the caller is known, the destination decides. */
function proceed(turn: Turn, target: Target | undefined) {
  turn.set({ pending: undefined })
  if (!target) return fail(turn, failures.notFound)
  switch (target.kind) {
    case 'dn':
      if (turn.partyOf(target.dn)) return fail(turn, failures.busy)
      turn.set({ pending: { dn: target.dn, target } })
      turn.do({ type: 'seize', dn: target.dn, purpose: 'direct', reservation: undefined })
      turn.state = 'Seizing'
      return
    case 'trunk':
      return ring(turn, target)
    case 'routing-point':
      return enqueue(turn, target)
    case 'service':
      return serve(turn, target)
  }
}

/** Seizing: the owner of the DN that is called has answered. */
export function destined(turn: Turn, { reply }: InputOf<'seized'>): void {
  const target = turn.call.pending?.target
  turn.set({ pending: undefined })
  if (!reply.granted) fail(turn, failureOfSeizure(reply.cause))
  else if (target?.kind === 'dn') ring(turn, target, reply)
}

function ring(turn: Turn, target: Reachable, reply?: InputOf<'seized'>['reply']): void {
  const leg = call(turn, target, 'callee', turn.legAs('caller'), { reply })
  const otherDN = callingParty(turn)?.dn
  const by = turn.call.redirected?.at(-1)
  join(turn, { ...partyTo(target, leg, reply), otherDN }, by && { thirdPartyDN: by.dn })
  turn.start('Ring', turn.call.times.ringTimeout)
  turn.state = 'Ringing'
}

/** Ringing: what the called side sends before it answers; of the forks, one may already be heard. */
export function alerted(turn: Turn, { status, body, fork, talks, leg }: InputOf<'progressed'>): void {
  const caller = turn.legAs('caller')
  const callee = turn.leg(leg)
  if (!callee) return
  if (talks) turn.setLeg(leg, { talks })
  if (caller?.state !== 'Calling') return
  const fits = body !== undefined && answersCaller(callee, caller, body)
  const heard = fits && (callee.fork === undefined || callee.fork === fork)
  if (heard) turn.setLeg(leg, { fork })
  // RFC 3262 §5: a caller who acknowledges it takes the first one for the answer.
  const early = heard && !(caller.reliable && caller.local !== undefined) ? body : undefined
  // Its phone makes the ringing tone, where nothing else is to be heard.
  const told = body !== undefined && !fits ? 180 : status
  turn.do({ type: 'progress', leg: caller.id, status: told, body: early })
  if (early !== undefined) turn.setLeg(caller.id, { local: early })
}

/** Whether the description is the answer to that of the caller, and names where he can send. */
const answersCaller = (callee: Leg, caller: Leg, body: string): boolean =>
  callee.local !== undefined && !differ(ipVersionIn(caller.remote), ipVersionIn(body))

/** Ringing: picked up. */
export function pickedUp(turn: Turn, input: InputOf<'answered'>) {
  const caller = turn.legAs('caller')
  if (!caller) return
  turn.stop('Ring')
  if (leaveUnheard(turn, input)) return fail(turn, failures.notAcceptable, input.leg)
  connect(turn, caller.id, input)
  established(turn)
  turn.state = 'Talking'
}

/** Both talk: the caller's event first (§2). */
export function established(turn: Turn): void {
  const calling = callingParty(turn)
  const called = calledParty(turn)
  if (!calling || !called) return
  turn.setParty(calling.id, { otherDN: called.dn })
  talk(turn, calling.id)
  talk(turn, called.id)
}

/** Ringing: a final response other than 2xx. */
export function declined(turn: Turn, input: InputOf<'failed'>): void {
  const { leg, forbidden } = input
  const moved = move(turn, input, turn.legAs('caller'))
  if (moved === 'moved' || (moved === 'no' && input.contacts !== undefined && redirected(turn, input))) return
  if (refusesMedia(input.status) && anchorInstead(turn, leg, turn.legAs('caller'))) return
  const outside = turn.partyOn(leg)?.external === true
  turn.dropLeg(leg)
  const status = moved === 'loop' ? 482 : input.status
  const failure = outside ? failureOfCarrier(status) : failureOfPhone(status)
  fail(turn, forbidden ? failures.forbidden : failure, leg, status)
}

/** The called side sends the call elsewhere; false where that is nowhere. */
function redirected(turn: Turn, input: InputOf<'failed'>): boolean {
  const { leg, status } = input
  const called = turn.partyOn(leg)
  const uri = turn.leg(leg)?.target?.uri
  if (!called || uri === undefined) return false
  const next = redirectionOf(turn, input, called, uri)
  if (next.type === 'nowhere') return false
  turn.dropLeg(leg)
  turn.stop('Ring')
  if (next.type === 'loop') fail(turn, called.external ? failureOfCarrier(482) : failures.rejected, leg, 482)
  else if (next.target.kind === 'trunk' && turn.call.origin.kind === 'trunk') forbid(turn)
  else {
    leaveRedirected(turn, called, uri, status, next.number)
    proceed(turn, next.target)
  }
  return true
}

export const unanswered = (turn: Turn): void => giveUp(turn, failures.noAnswer)

/** Ringing: the owner lost the phone. */
export function withdrawn(turn: Turn, { dn }: InputOf<'withdraw'>): void {
  if (calledParty(turn)?.dn === dn) giveUp(turn, failures.outOfService)
}

function giveUp(turn: Turn, failure: Failure): void {
  const leg = turn.legAs('callee')
  if (!leg) return
  turn.cancel(leg.id, reasonFields(failure.status))
  fail(turn, failure, leg.id)
}

/** The called party could not be had; it leaves first, then the caller is told (§2). */
function fail(turn: Turn, failure: Failure, leg?: string, sipStatus = failure.status, answers?: number): void {
  const calling = callingParty(turn)
  const called = leg === undefined ? undefined : turn.partyOn(leg)
  const ending = endingOf(turn.call, failure)
  const { callState, status, answer = status } = failure
  const extensions = failure.isBusy ? { SipStatus: sipStatus } : {}
  const by = failure.isBusy && called ? called : undefined
  if (called) {
    const last = calling?.external === false ? {} : { Ending: ending }
    const extra = { extensions: { ...extensions, ...last } }
    leave(turn, called.id, { name: 'EventReleased', callState, by, extra, answers })
  }
  if (failure.isBusy && calling && !calling.external) {
    become(turn, calling.id, 'Busy', 'EventDestinationBusy', { callState, extensions })
  }
  end(turn, { ending, callState, status: answer, by })
}

/** The caller gives up before anybody has answered. */
function callerGone(turn: Turn, cause: 'cancelled' | 'gone', reason?: string): void {
  const caller = turn.legAs('caller')
  const by = callingParty(turn)
  if (!caller) return
  turn.dropLeg(caller.id)
  const ending =
    cause === 'gone'
      ? ({ by: 'cluster', cause: 'session-expired' } as const)
      : ({ by: callingSide(turn.call), cause: 'cancelled' } as const)
  end(turn, { ending, by, abandoned: true, reason, ...(cause === 'gone' && { callState: 'Dropped' as const }) })
}

export const callerCancelled = (turn: Turn, { reason }: InputOf<'cancelled'>): void =>
  callerGone(turn, 'cancelled', reason)

export const callerEnded = (turn: Turn, { cause, reason }: InputOf<'ended'>): void =>
  callerGone(turn, cause === 'bye' ? 'cancelled' : 'gone', reason)

/** As `callerCancelled`, by RequestReleaseCall. */
export function cancelBy(turn: Turn, by: Party, token: number): void {
  const ending = { by: callingSide(turn.call), cause: 'cancelled' } as const
  end(turn, { ending, by, status: 487, abandoned: true, answers: token })
}

/** Summoning: nobody picked up. */
export const summonsUnanswered = (turn: Turn): void => {
  const caller = turn.legAs('caller')
  if (caller) turn.cancel(caller.id, reasonFields(480))
  notSummoned(turn, failures.noAnswer)
}

/** Ringing: the called side declines by request. */
export function declineByRequest(turn: Turn, token: number): void {
  const leg = turn.legAs('callee')
  if (!leg) return
  turn.cancel(leg.id, reasonFields(603))
  fail(turn, failures.rejected, leg.id, failures.rejected.status, token)
}
