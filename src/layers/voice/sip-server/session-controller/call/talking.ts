/** Two talk: hold, retrieve, the end (event flows §2, §6). Also what any state does about its legs. */

import { msmlType } from '#protocols/media/msml/msml.ts'
import { parseMsmlEvent } from '#protocols/media/msml/parse-msml.ts'
import { errors } from '#protocols/tlib/errors.ts'
import { isHold, isInactive } from '../media/descriptions.ts'
import {
  acknowledged,
  catchUp,
  isSilent,
  type Outcome,
  offer,
  offered,
  probe,
  reinvited,
  retry,
  settle,
} from '../media/exchange.ts'
import { openMediaAgain } from '../media/media-leg.ts'
import type { Exchange, Party } from './call.ts'
import { phoneTold } from './digits.ts'
import { calledSide, callingSide, end } from './ending.ts'
import { loseMedia } from './endpoints.ts'
import { isUnsuitable, refusalInDialog } from './failures.ts'
import type { InputOf } from './input.ts'
import { become } from './parties.ts'
import { treatmentEnded } from './treatments.ts'
import type { Turn } from './turn.ts'

/**
 * Which side of the call a party is. With one outside and one of ours that is plain; of two of a kind, who called counts. The
 * role alone does not tell: who has taken the place of the called one is an origination, too.
 */
function sideOf({ call }: Turn, party: Party | undefined): 'customer' | 'agent' {
  const isMixed = call.parties.some(({ external }) => external !== party?.external)
  if (party && isMixed) return party.external ? 'customer' : 'agent'
  return party?.role === 'Origination' ? callingSide(call) : calledSide(call)
}

/** Of the one that is left, where the other has gone. */
export const otherSideOf = (turn: Turn, party: Party) =>
  party.role === 'Origination' ? calledSide(turn.call) : callingSide(turn.call)

/** A party hangs up. */
export function hungUp(turn: Turn, { leg, cause, reason }: InputOf<'ended'>) {
  const by = turn.partyOn(leg)
  turn.dropLeg(leg)
  if (cause !== 'bye') return vanish(turn)
  end(turn, { ending: { by: sideOf(turn, by), cause: 'hangup' }, by, abandoned: true, reason })
}

/** As `hungUp`, before its INVITE is answered, which took the place of another one. */
export function gaveUp(turn: Turn, { leg, reason, at }: InputOf<'cancelled'>): void {
  hungUp(turn, { type: 'ended', leg, cause: 'bye', reason, at })
}

/** RequestReleaseCall: a party hangs up by its desktop. */
export function releaseBy(turn: Turn, by: Party, token: number): void {
  end(turn, { ending: { by: sideOf(turn, by), cause: 'hangup' }, by, abandoned: true, answers: token })
}

/** A phone is not there any more. */
function vanish(turn: Turn): void {
  end(turn, { ending: { by: 'cluster', cause: 'session-expired' }, callState: 'Dropped' })
}

/** A re-INVITE of ours has its answer. */
export function exchanged(turn: Turn, input: InputOf<'reinvited'>) {
  const outcome = reinvited(turn, input)
  if (!outcome) return
  const { exchange } = outcome
  if (exchange.why === 'pass') heldByPhone(turn, outcome, exchange)
  else if (exchange.why === 'hold' || exchange.why === 'retrieve') heldByRequest(turn, outcome, exchange)
  else if (exchange.why === 'ask' && !outcome.ok) offersNothing(turn, input.leg, outcome.status)
  else if (exchange.why === 'join' && !outcome.ok) notJoined(turn, input.leg, outcome.status)
  catchUp(turn, input)
}

/** It was asked for an offer and makes none, or its dialog is gone: each is told what the other has said before. */
function offersNothing(turn: Turn, leg: string, status: number) {
  if (status === 408 || status === 481) return vanish(turn)
  for (const id of [leg, turn.leg(leg)?.peer]) if (id !== undefined) settle(turn, id)
}

/** The description of its peer does not suit the leg, or its dialog is gone. */
function notJoined(turn: Turn, leg: string, status: number) {
  if (turn.leg(leg)?.role === 'media') {
    turn.do({ type: 'bye', leg, fields: [] })
    return loseMedia(turn, leg)
  }
  if (status === 408 || status === 481) return vanish(turn)
  const unsuitable = status === 415 || status === 488 || status === 606
  const ending = unsuitable
    ? ({ by: 'cluster', cause: 'not-acceptable', status: 488 } as const)
    : ({ by: 'cluster', cause: 'error', status: 500 } as const)
  end(turn, { ending, callState: 'GeneralError' })
}

/** No media server took the leg. One that has nothing in common with it, or with no other, is not asked again (§21.4.26). */
export function mediaRefused(turn: Turn, { leg, status }: InputOf<'failed'>) {
  const endpoint = turn.leg(turn.leg(leg)?.peer)
  if (!isUnsuitable(status) || endpoint?.peer !== leg) return loseMedia(turn, leg)
  turn.dropLeg(leg)
  end(turn, { ending: { by: 'cluster', cause: 'not-acceptable', status: 488 }, callState: 'GeneralError' })
}

/** Any state: an ACK. The answer in it, to the offer that a re-INVITE wanted of us, may hold or retrieve as an offer does. */
export function acknowledgedBy(turn: Turn, input: InputOf<'acknowledged'>): void {
  const { leg, body } = input
  const wasUp = turn.leg(leg)?.state === 'Up'
  acknowledged(turn, input)
  if (wasUp && body !== undefined) heldOrRetrieved(turn, leg, body)
}

/** Any state: an offer. One that its peer need not answer may hold or retrieve all the same. */
export function offeredBy(turn: Turn, input: InputOf<'offered'>): void {
  const { leg, body } = input
  if (offered(turn, input) && body !== undefined) heldOrRetrieved(turn, leg, body)
}

/** §6: nothing for the other side, one event when the dialog has settled. */
function heldByPhone(turn: Turn, { ok }: Outcome, { from, offer: body }: Extract<Exchange, { why: 'pass' }>): void {
  if (ok) heldOrRetrieved(turn, from, body)
}

function heldOrRetrieved(turn: Turn, id: string, body: string): void {
  const leg = turn.leg(id)
  const party = turn.partyOn(id)
  // Whoever is told that nothing flows says so, too, and holds nobody by that.
  if (!leg || !party || (isSilent(turn, leg) && isInactive(body))) return
  const holds = isHold(body)
  if (holds && party.state === 'Connected') become(turn, party.id, 'Held', 'EventHeld')
  else if (!holds && party.state === 'Held') {
    turn.setLeg(id, { holds: false })
    become(turn, party.id, 'Connected', 'EventRetrieved')
  }
}

type ByRequest = Extract<Exchange, { why: 'hold' | 'retrieve' }>

function heldByRequest(turn: Turn, { ok }: Outcome, { why, party, token }: ByRequest) {
  const leg = turn.leg(turn.party(party)?.leg)
  if (!ok || !leg) return turn.refuse(token, errors.wrongState, 'the other side refused')
  turn.setLeg(leg.id, { holds: why === 'hold' })
  settle(turn, leg.id)
  if (why === 'hold') become(turn, party, 'Held', 'EventHeld', undefined, token)
  else retrieved(turn, party, token)
}

const retrieved = (turn: Turn, party: string, token: number): void =>
  become(turn, party, 'Connected', 'EventRetrieved', undefined, token)

/** RequestHoldCall, RequestRetrieveCall: the other side is re-INVITEd, then the phone itself is told. */
export function holdBy(turn: Turn, party: Party, why: 'hold' | 'retrieve', token: number) {
  const leg = turn.leg(party.leg)
  const other = turn.leg(leg?.peer)
  const fits = party.state === (why === 'hold' ? 'Connected' : 'Held')
  if (!fits || leg?.remote === undefined || other?.state !== 'Up') return turn.refuse(token, errors.wrongState)
  if (other.exchange || leg.exchange) return turn.refuse(token, errors.wrongState, 'the media is just being changed')
  if (why === 'retrieve' && other.holds) {
    // Nothing flows before that one has retrieved, too.
    turn.setLeg(leg.id, { holds: false })
    return retrieved(turn, party.id, token)
  }
  offer(turn, other, leg.remote, { why, party: party.id, token })
}

/** INFO. */
export function informed(turn: Turn, input: InputOf<'info'>) {
  if (turn.leg(input.leg)?.role === 'media') mediaTold(turn, input)
  else phoneTold(turn, input)
}

function mediaTold(turn: Turn, { leg, request, contentType, body }: InputOf<'info'>): void {
  turn.do({ type: 'respond', leg, request, status: contentType === msmlType ? 200 : 415 })
  const event = parseMsmlEvent(Buffer.from(body))
  if ('refused' in event) return
  if (event.name === 'msml.dialog.exit') treatmentEnded(turn, event.dialog, event.exit)
  else if (event.name === 'ringmain.rtp.silent') silent(turn, leg)
}

/** No RTP from an anchored phone that nobody holds: it is gone, whatever its signalling says. */
function silent(turn: Turn, media: string): void {
  const party = turn.partyOn(turn.leg(media)?.peer ?? '')
  const held = turn.call.parties.some(({ state }) => state === 'Held')
  if (turn.call.media === 'anchored' && party?.state === 'Connected' && !held) vanish(turn)
}

/** The answer to a request in a dialog. That a probe found nobody, its session tells as its end (§12.2.1.2). */
export function answeredInDialog(turn: Turn, { tag, status }: InputOf<'responded'>): void {
  const [what, from, request] = tag.split(':')
  if (what !== 'pass' || from === undefined || !turn.leg(from)) return
  const answer = status < 300 ? status : refusalInDialog(status)
  turn.do({ type: 'respond', leg: from, request: Number(request), status: answer })
}

/** Of what the glare put off nothing is left to be done where the other side has changed: it is told of that one. */
function triedAgain(turn: Turn, leg: string): void {
  const outcome = retry(turn, leg)
  if (!outcome) return
  if ('token' in outcome.exchange) heldByRequest(turn, outcome, outcome.exchange)
  settle(turn, leg)
}

/** `probe:LEG`, `retry:LEG`, `media:LEG`. */
export function timed(turn: Turn, { timer }: InputOf<'timer'>): void {
  const [what, leg = ''] = timer.split(':')
  if (what === 'probe') probe(turn, leg)
  else if (what === 'retry') triedAgain(turn, leg)
  else if (what === 'media') openMediaAgain(turn, leg)
}
