/** Single-step transfer, by request or by a phone's blind REFER (event flows §7). */
import { errors } from '#protocols/tlib/errors.ts'
import { onDevice } from '../events/publish.ts'
import { unheld } from '../media/exchange.ts'
import { closeMedia, mediaOf, openMedia } from '../media/media-leg.ts'
import type { SeizeReply } from '../ports.ts'
import type { Leg, Party, Reachable, Target } from './call.ts'
import { calledSide, end, reasonFields } from './ending.ts'
import { anchorInstead, call, connect, leaveUnheard, partyTo } from './endpoints.ts'
import {
  endingOf,
  errorOfSeizure,
  type Failure,
  failureOfPhone,
  failureOfSeizure,
  failures,
  refusesMedia,
} from './failures.ts'
import type { InputOf } from './input.ts'
import { move } from './moving.ts'
import { become, join, type Leaving, leave } from './parties.ts'
import { enqueue, requeue } from './queueing.ts'
import { acknowledgeTo } from './requests.ts'
import { hungUp, releaseBy } from './talking.ts'
import type { Turn } from './turn.ts'

/** Talking: REFER of a phone. */
export function referred(turn: Turn, { leg, request, event, number, target }: InputOf<'referred'>) {
  const by = turn.partyOn(leg)
  const respond = (status: number) => turn.do({ type: 'respond', leg, request, status })
  if (!by) return respond(403)
  if (!target || target.kind === 'service') return respond(404)
  // Toll fraud: nobody outside has us call outside.
  if (by.external && target.kind === 'trunk') return respond(403)
  respond(202)
  turn.setLeg(leg, { refers: event })
  notify(turn, leg, 'SIP/2.0 100 Trying', 'active;expires=60')
  transfer(turn, by, target, number, undefined)
}

/** Talking: RequestSingleStepTransfer. */
export function transferBy(turn: Turn, party: Party, { request, target, token }: InputOf<'RequestSingleStepTransfer'>) {
  const talks = party.state === 'Connected' || party.state === 'Held'
  if (!talks || !party.leg) return turn.refuse(token, errors.wrongState)
  if (!target || target.kind === 'service') return turn.refuse(token, errors.invalidDestination, request.otherDN)
  transfer(turn, party, target, request.otherDN, token)
}

function transfer(
  turn: Turn,
  by: Party,
  target: Exclude<Target, { kind: 'service' }>,
  number: string,
  token: number | undefined,
) {
  const stays = turn.call.parties.find((party) => party.id !== by.id && party.leg !== undefined)
  if (!stays || turn.partyOf(number) || turn.call.replacing) {
    turn.refuse(token, errors.busy, 'it is on the call')
    return transferRefused(turn, by.leg, errors.busy.words, 486)
  }
  if (target.kind === 'routing-point') return toQueue(turn, by, stays, target, token)
  turn.set({ transfer: { by: by.id, stays: stays.id, target, token } })
  turn.state = 'Transferring'
  if (target.kind === 'dn') turn.do({ type: 'seize', dn: target.dn, purpose: 'direct', reservation: undefined })
  else ringThird(turn)
}

/** Transferring: the owner of the third has answered. */
export function thirdSeized(turn: Turn, { reply }: InputOf<'seized'>): void {
  const hasLeft = turn.party(turn.call.transfer?.by)?.leg === undefined
  if (reply.granted) {
    ringThird(turn, reply)
    if (hasLeft) letGo(turn)
  } else if (hasLeft) thirdRefused(turn, failureOfSeizure(reply.cause))
  else transferFailed(turn, errorOfSeizure(reply.cause), reply.cause === 'busy' ? 486 : 480)
}

/** Transferring: nobody is left to keep the call. */
function thirdRefused(turn: Turn, failure: Failure): void {
  const { transfer: plan } = turn.call
  const by = turn.party(plan?.by)
  const stays = turn.party(plan?.stays)
  if (!plan || !by || stays?.leg === undefined) return
  keep(turn, by, stays)
  turn.setLeg(stays.leg, { peer: mediaOf(turn, stays.leg)?.id })
  leaveTransferred(turn, by, nameOf(plan.target), plan.token)
  turn.set({ transfer: undefined })
  recall(turn, undefined, failure)
}

const nameOf = (target: Reachable): string => (target.kind === 'dn' ? target.dn : target.number)

function ringThird(turn: Turn, reply?: SeizeReply): void {
  const { transfer: plan } = turn.call
  const by = turn.party(plan?.by)
  const stays = turn.party(plan?.stays)
  if (!plan || !by || !stays) return
  const leg = call(turn, plan.target, 'target', partnerOf(turn, by, stays), { reply, referredBy: behalfOf(by) })
  const queue = by.queue === undefined ? {} : { queue: by.queue }
  join(turn, { ...partyTo(plan.target, leg, reply), ...queue, otherDN: stays.dn }, transferredBy(by))
  turn.start('Ring', turn.call.times.ringTimeout)
}

/** Who stays, as the third is to hear it: free of the hold of who transfers, unless it holds itself. */
export function partnerOf(turn: Turn, by: Party | undefined, stays: Party | undefined): Leg | undefined {
  const leg = turn.leg(stays?.leg)
  return leg && by?.state === 'Held' && stays?.state !== 'Held' ? unheld(leg) : leg
}

/** Who stays is the one that waits from now on. */
function keep(turn: Turn, by: Party, stays: Party): void {
  const leg = partnerOf(turn, by, stays)
  if (leg) turn.putLeg({ ...leg, role: 'caller' })
}

/** The DN of ours on whose account the third is called. */
const behalfOf = (by: Party | undefined): string | undefined => (by?.external === false ? by.dn : undefined)

const transferredBy = (by: Party) =>
  ({ callState: 'Transferred', thirdPartyDN: by.dn, thirdPartyDNRole: 'TransferredBy' }) as const

/** Transferring: the third rings, so who transferred may go. */
export function thirdRings(turn: Turn, { leg, status, talks }: InputOf<'progressed'>): void {
  if (talks) turn.setLeg(leg, { talks })
  if (status >= 180) letGo(turn)
}

/** Transferring: the third answers at once. */
export function thirdAnswers(turn: Turn, input: InputOf<'answered'>) {
  if (leaveUnheard(turn, input)) return thirdDeclines(turn, unheard(input))
  letGo(turn)
  transferAnswered(turn, input)
}

const unheard = ({ leg, at }: InputOf<'answered'>): InputOf<'failed'> => ({
  type: 'failed',
  leg,
  at,
  status: failures.notAcceptable.status,
})

/** Who transferred leaves; who stays learns whom it has now. */
function letGo(turn: Turn): void {
  const { transfer: plan } = turn.call
  const by = turn.party(plan?.by)
  const stays = turn.party(plan?.stays)
  const third = turn.partyOn(turn.legAs('target')?.id ?? '')
  if (!plan || !by || !stays || !third) return
  if (by.leg !== undefined) {
    closeMedia(turn, by.leg)
    dismiss(turn, by.leg)
  }
  keep(turn, by, stays)
  turn.setLeg(third.leg ?? '', { role: 'callee' })
  leaveTransferred(turn, by, third.dn, plan.token)
  changed(turn, stays, by, third.dn)
  turn.set({ transfer: undefined })
  turn.state = 'Transferred'
}

export function dismiss(turn: Turn, leg: string): void {
  notify(turn, leg, 'SIP/2.0 200 OK', 'terminated;reason=noresource')
  turn.bye(leg)
}

export function leaveTransferred(turn: Turn, by: Party, third: string, token: number | undefined): void {
  const extra = { thirdPartyDN: third, thirdPartyDNRole: 'Destination' as const }
  leave(turn, by.id, { name: 'EventReleased', callState: 'Transferred', by, extra, answers: token })
}

export function changed(turn: Turn, stays: Party, by: Party, otherDN: string): void {
  turn.setParty(stays.id, { otherDN })
  const now = turn.party(stays.id)
  if (now) onDevice(turn, now, 'EventPartyChanged', { ...transferredBy(by), previousConnID: turn.call.connID })
}

/** Transferred: the third answers. */
export function transferAnswered(turn: Turn, input: InputOf<'answered'>) {
  if (leaveUnheard(turn, input)) return thirdLost(turn, unheard(input))
  const waiting = turn.legAs('caller')
  const third = turn.partyOn(input.leg)
  if (!waiting || !third) return
  turn.stop('Ring')
  connect(turn, waiting.id, input)
  become(turn, third.id, 'Connected', 'EventEstablished')
  turn.state = 'Talking'
}

/** Transferring: the third declines, or does not answer: who wanted to transfer keeps the call. */
export function thirdDeclines(turn: Turn, input: InputOf<'failed'>): void {
  const { leg, status } = input
  const by = turn.party(turn.call.transfer?.by)
  const stays = turn.party(turn.call.transfer?.stays)
  if (calledAgain(turn, input, partnerOf(turn, by, stays))) return
  const { callState } = failureOfPhone(status)
  const third = turn.partyOn(leg)
  turn.dropLeg(leg)
  if (third) leave(turn, third.id, { name: 'EventReleased', callState })
  transferFailed(turn, { code: errors.busy.code, words: declinedBy(status) }, status)
}

const declinedBy = (status: number): string => `the other DN declined (${status})`

/** Where a carrier names another server of its own, and by a media server where the third refuses the offer. */
const calledAgain = (turn: Turn, input: InputOf<'failed'>, partner: Leg | undefined): boolean =>
  move(turn, input, partner) === 'moved' || (refusesMedia(input.status) && anchorInstead(turn, input.leg, partner))

export const thirdSilent = (turn: Turn): void => callOff(turn, errors.timeout, 408, { callState: 'NoAnswer' })

/** Transferring: the third is rung at no more; who wanted to transfer keeps the call. */
function callOff(
  turn: Turn,
  error: Parameters<Turn['refuse']>[1],
  status: number,
  leaving: Omit<Leaving, 'name'>,
): void {
  const leg = turn.legAs('target')
  if (!leg) return
  const third = turn.partyOn(leg.id)
  turn.cancel(leg.id, reasonFields(status))
  if (third) leave(turn, third.id, { name: 'EventReleased', ...leaving })
  transferFailed(turn, error, status)
}

/** Transferring: RequestReleaseCall. The third declines by it, and who transfers goes ahead, as it may by its phone. */
export function releaseTransferring(turn: Turn, party: Party, token: number): void {
  const { state, leg } = party
  if (state === 'Alerting') {
    const error = { code: errors.busy.code, words: declinedBy(failures.rejected.status) }
    callOff(turn, error, failures.rejected.status, { callState: 'Busy', by: party, answers: token })
  } else if (party.id !== turn.call.transfer?.by) releaseBy(turn, party, token)
  else if (leg === undefined) turn.refuse(token, errors.wrongState)
  else {
    // Its last event, when it comes, answers the request to transfer.
    acknowledgeTo(turn, party, token)
    closeMedia(turn, leg)
    dismiss(turn, leg)
    goAhead(turn, party)
  }
}

function transferFailed(turn: Turn, error: { code: number; words: string }, status: number): void {
  const { transfer: plan } = turn.call
  const by = turn.party(plan?.by)
  turn.stop('Ring')
  turn.set({ transfer: undefined })
  turn.state = 'Talking'
  turn.refuse(plan?.token, error)
  transferRefused(turn, by?.leg, error.words, status)
}

/** RFC 3515 §2.4.5: the last NOTIFY to the leg that transfers, where it does so by REFER. */
export function transferRefused(turn: Turn, id: string | undefined, words: string, status: number): void {
  if (id === undefined) return
  notify(turn, id, `SIP/2.0 ${status} ${words}`, 'terminated;reason=noresource')
  turn.setLeg(id, { refers: undefined })
}

/** Transferring: a phone may hang up as soon as its REFER has been taken. */
export function hungUpTransferring(turn: Turn, input: InputOf<'ended'>) {
  const party = turn.partyOn(input.leg)
  const leaves = party !== undefined && party.id === turn.call.transfer?.by
  if (!leaves || input.cause !== 'bye') return hungUp(turn, input)
  closeMedia(turn, input.leg)
  turn.dropLeg(input.leg)
  goAhead(turn, party)
}

/** Transferring: who transfers is gone. Where the owner of the third has not answered yet, its answer decides. */
function goAhead(turn: Turn, by: Party): void {
  turn.setParty(by.id, { leg: undefined })
  if (turn.legAs('target')) letGo(turn)
}

/** Transferred: the third could not be had. With a queue the call goes back to it, else it ends (§7, last row). */
export function thirdLost(turn: Turn, input: InputOf<'failed'>): void {
  const { leg, status } = input
  if (calledAgain(turn, input, turn.legAs('caller'))) return
  turn.dropLeg(leg)
  recall(turn, leg, failureOfPhone(status))
}

export function thirdUnanswered(turn: Turn): void {
  const leg = turn.legAs('callee')
  if (!leg) return
  turn.cancel(leg.id, reasonFields(408))
  recall(turn, leg.id, failures.noAnswer)
}

/** Transferred: RequestReleaseCall. Who still rings only declines. */
export function releaseTransferred(turn: Turn, party: Party, token: number) {
  const { state, leg } = party
  if (state !== 'Alerting' || leg === undefined) return releaseBy(turn, party, token)
  turn.cancel(leg, reasonFields(failures.rejected.status))
  recall(turn, leg, failures.rejected, { by: party, answers: token })
}

function recall(turn: Turn, leg: string | undefined, failure: Failure, asked: Pick<Leaving, 'by' | 'answers'> = {}) {
  const third = leg === undefined ? undefined : turn.partyOn(leg)
  const caller = turn.legAs('caller')
  turn.stop('Ring')
  const { callState } = failure
  const back = turn.call.queue !== undefined && caller !== undefined
  const waiting = turn.partyOn(caller?.id ?? '')
  const ending = { ...endingOf(turn.call, failure), by: calledSide(turn.call) }
  const last = back || waiting?.external === false ? {} : { extra: { extensions: { Ending: ending } } }
  if (third) {
    leave(turn, third.id, { name: 'EventReleased', callState: back ? 'Redirected' : callState, ...last, ...asked })
  }
  if (!back) return end(turn, { ending, callState, by: asked.by })
  requeue(turn)
  if (!mediaOf(turn, caller.id)) openMedia(turn, caller.id)
}

/** A transfer to a routing point is complete at once: who stays waits there. */
function toQueue(
  turn: Turn,
  by: Party,
  stays: Party,
  target: Extract<Target, { kind: 'routing-point' }>,
  token: number | undefined,
): void {
  if (by.leg !== undefined) {
    closeMedia(turn, by.leg)
    dismiss(turn, by.leg)
  }
  keep(turn, by, stays)
  turn.setLeg(stays.leg ?? '', { peer: mediaOf(turn, stays.leg)?.id })
  leaveTransferred(turn, by, target.dn, token)
  changed(turn, stays, by, target.dn)
  turn.set({ queue: undefined })
  enqueue(turn, target, by.dn)
}

/** RFC 3515 §2.4.4: how the transfer goes, where it is by REFER. */
function notify(turn: Turn, leg: string, text: string, state: string): void {
  const event = turn.leg(leg)?.refers
  if (event === undefined) return
  const fields = [
    ['Event', event],
    ['Subscription-State', state],
  ] as const
  const body = { type: 'message/sipfrag;version=2.0', text: `${text}\r\n` }
  turn.do({ type: 'send', leg, method: 'NOTIFY', tag: undefined, fields, body })
}
