/**
 * Brings each leg to hear its peer: by the answer to its INVITE, the answer in an ACK, or a re-INVITE, whatever its
 * state asks for. One exchange per leg at a time; what changes meanwhile is told afterwards (RFC 3261 §14).
 */
import type { Direction } from '#protocols/media/sdp/session-description.ts'
import type { Exchange, Leg } from '../call/call.ts'
import { refusalInDialog } from '../call/failures.ts'
import type { InputOf } from '../call/input.ts'
import type { Turn } from '../call/turn.ts'
import {
  asBefore,
  isForOneAlone,
  isHold,
  muted,
  nextAnswer,
  nextOffer,
  sameAudio,
  unmuted,
  withDirection,
} from './descriptions.ts'

/** How often an established leg is asked whether it is still there (in-dialog OPTIONS), in ms. */
const probeEvery = 20_000

/** After 491 without a time to wait. */
const glareWait = 2000

/**
 * How often a leg is told that its peer has answered with another address. Where each answers every offer with a new one, as
 * browsers do with ICE, that would never end (RFC 3725 §4.2).
 */
const mostRetold = 2

/** From now on each of the two is given the other's description. */
export function link(turn: Turn, one: string, other: string): void {
  turn.setLeg(one, { peer: other, retold: 0 })
  turn.setLeg(other, { peer: one, retold: 0 })
}

/**
 * The leg is to hear its new peer, which is there already. Where a description is for one other side alone, each answer to it
 * would change it, so the leg is asked for an offer of its own, and gets the peer's answer to that (RFC 3725 §4.4).
 */
export function meet(turn: Turn, id: string): void {
  const leg = turn.leg(id)
  const peer = turn.leg(leg?.peer)
  const canAsk = leg?.state === 'Up' && peer?.state === 'Up' && !leg.exchange && !peer.exchange
  if (leg && canAsk && isForOneAlone(leg.remote)) ask(turn, leg)
  else settle(turn, id)
}

function ask(turn: Turn, { id }: Leg): void {
  turn.do({ type: 'reinvite', leg: id, body: undefined })
  turn.setLeg(id, { exchange: { why: 'ask' }, stale: false })
}

/** As somebody else is to hear it: what it said on hold is not what it would say to another. */
export const unheld = (leg: Leg): Leg => ({
  ...leg,
  holds: false,
  ...(leg.remote !== undefined && { remote: withDirection(leg.remote, unmuted) }),
})

/** Nothing flows on the leg: its party, or that of its peer, holds by request. */
export const isSilent = (turn: Turn, { holds, peer }: Leg): boolean => holds === true || turn.leg(peer)?.holds === true

const silence = (turn: Turn, leg: Leg): Direction | undefined => (isSilent(turn, leg) ? muted : undefined)

/** Who answers was offered what its peer said when it was called: what that one says now is told, where it is another. */
export function bringUpToDate(turn: Turn, id: string): void {
  const leg = turn.leg(id)
  const remote = turn.leg(leg?.peer)?.remote
  if (leg && remote !== undefined && isNews(turn, leg, remote)) settle(turn, id)
}

/** Tells the leg its peer's description, as soon as both allow it. */
export function settle(turn: Turn, id: string): void {
  const leg = turn.leg(id)
  const remote = turn.leg(leg?.peer)?.remote
  if (!leg || remote === undefined) return
  if (leg.state === 'Calling') accept(turn, leg, remote)
  else if (leg.state === 'Unacknowledged') acknowledge(turn, leg, remote)
  else if (leg.state === 'Up' && !leg.exchange) offer(turn, leg, remote, { why: 'join' })
  else if (leg.state !== 'Inviting') turn.setLeg(id, { stale: true })
}

/** What has been answered reliably stays the answer: other news is told by a re-INVITE (RFC 3262 §5). */
function accept(turn: Turn, leg: Leg, remote: string): void {
  const next = nextAnswer(remote, leg.local, leg.remote, silence(turn, leg))
  const stale = leg.reliable === true && leg.local !== undefined && leg.local !== next
  const body = stale ? (leg.local ?? next) : next
  turn.do({ type: 'accept', leg: leg.id, body })
  turn.setLeg(leg.id, { state: 'Accepted', local: body, ...(stale && { stale }) })
}

function acknowledge(turn: Turn, leg: Leg, remote: string): void {
  const body = nextAnswer(remote, leg.local, leg.remote, silence(turn, leg))
  turn.do({ type: 'acknowledge', leg: leg.id, body })
  turn.setLeg(leg.id, { local: body })
  up(turn, leg.id)
}

/** Re-INVITEs the leg; the outcome comes as `reinvited`. */
export function offer(turn: Turn, leg: Leg, remote: string, exchange: Exchange): void {
  const body = nextOffer(remote, leg.local, directionOf(turn, leg, exchange))
  turn.do({ type: 'reinvite', leg: leg.id, body })
  turn.setLeg(leg.id, { exchange, former: leg.local, local: body, stale: false })
}

/** Of what is offered to the leg: an offer is passed on as it is, since it is none while its sender is held. */
function directionOf(turn: Turn, leg: Leg, { why }: Exchange): Direction | undefined {
  if (why === 'pass') return undefined
  if (why === 'retrieve') return unmuted
  return why === 'hold' ? muted : silence(turn, leg)
}

/** The leg is established: it is asked from time to time whether it is still there. */
export function up(turn: Turn, id: string): void {
  turn.setLeg(id, { state: 'Up' })
  turn.start(`probe:${id}`, probeEvery)
  if (turn.leg(id)?.stale) settle(turn, id)
}

/** The ACK to our 200, with the answer where our 200 had the offer. */
export function acknowledged(turn: Turn, { leg: id, body }: InputOf<'acknowledged'>): void {
  const leg = turn.leg(id)
  if (!leg) return
  if (body !== undefined) turn.setLeg(id, { remote: body })
  if (leg.state === 'Accepted') up(turn, id)
  const peer = turn.leg(leg.peer)
  if (body === undefined || !peer) return
  const news = leg.state === 'Up' && (leg.remote === undefined || !sameAudio(leg.remote, body))
  if (peer.state === 'Unacknowledged' || (news && peer.peer === id)) settle(turn, peer.id)
}

/** What a re-INVITE came to; `failed`: the leg cannot be told, and its exchange says what that means. */
export type Outcome = { readonly exchange: Exchange; readonly ok: boolean; readonly status: number }

export function reinvited(turn: Turn, input: InputOf<'reinvited'>): Outcome | undefined {
  const leg = turn.leg(input.leg)
  const exchange = leg?.exchange
  if (!leg || !exchange) return undefined
  const { status, body } = input
  const ok = status >= 200 && status < 300
  const local = ok || leg.former === undefined ? leg.local : asBefore(leg.former, leg.local)
  turn.setLeg(leg.id, { exchange: undefined, former: undefined, local })
  if (status === 491 && !isOnce(exchange)) {
    putOff(turn, leg.id, exchange, input.retryAfter)
    return undefined
  }
  // RFC 3261 §14.1: it stays as it was, so the leg is told again what holds.
  if (exchange.why === 'cancelled') turn.setLeg(leg.id, { stale: leg.stale === true || ok })
  else if (ok && body !== undefined) heard(turn, leg, body, exchange)
  if (exchange.why === 'pass') passed(turn, leg.id, exchange, ok, status, body)
  return { exchange, ok, status }
}

/** What is not tried again after a glare: who made the offer may do so, or the next refresh does. */
const isOnce = ({ why }: Exchange): boolean => why === 'pass' || why === 'cancelled' || why === 'refresh'

/** An exchange is over, whatever came of it: the leg is told what has changed meanwhile, after a glare in its time. */
export function catchUp(turn: Turn, { leg: id, status, retryAfter }: InputOf<'reinvited'>): void {
  const leg = turn.leg(id)
  if (!leg?.stale || leg.exchange) return
  if (status === 491) putOff(turn, id, { why: 'join' }, retryAfter)
  else settle(turn, id)
}

/** §14.1: until the time after a glare is over. */
function putOff(turn: Turn, id: string, exchange: Exchange, retryAfter = glareWait): void {
  turn.setLeg(id, { exchange, stale: true })
  turn.start(`retry:${id}`, retryAfter)
}

/** Its answer tells what its peer may have to be told in turn. */
function heard(turn: Turn, leg: Leg, body: string, exchange: Exchange): void {
  const peer = turn.leg(leg.peer)
  const news = leg.remote === undefined || !sameAudio(leg.remote, body)
  turn.setLeg(leg.id, { remote: body, ...(exchange.why === 'ask' && { state: 'Unacknowledged' }) })
  if (exchange.why === 'ask' && peer) settle(turn, peer.id)
  else if (peer?.state === 'Unacknowledged') settle(turn, peer.id)
  // Whose INVITE waits for this answer, and not for that of the next exchange.
  else if (peer?.state === 'Calling' && !leg.stale) settle(turn, peer.id)
  else if (isOurs(exchange) && news && peer?.peer === leg.id && isNews(turn, peer, body)) retell(turn, peer)
}

/** Made for the leg alone: what its peer offered is answered, what a party wants is told, in another way. */
const isOurs = ({ why }: Exchange): boolean => why === 'join' || why === 'refresh'

function retell(turn: Turn, { id, retold = 0 }: Leg): void {
  if (retold >= mostRetold) return
  turn.setLeg(id, { retold: retold + 1 })
  settle(turn, id)
}

const isNews = (turn: Turn, leg: Leg, remote: string): boolean =>
  leg.local !== undefined && nextOffer(remote, leg.local, silence(turn, leg)) !== leg.local

/** §14.1: the time after a glare is over. Undefined: it is tried again, unless who was to be heard or to hold has left. */
export function retry(turn: Turn, id: string): Outcome | undefined {
  const leg = turn.leg(id)
  const exchange = leg?.exchange
  const remote = turn.leg(leg?.peer)?.remote
  if (!leg || !exchange) return undefined
  turn.setLeg(id, { exchange: undefined })
  const hasLeft = 'party' in exchange && turn.party(exchange.party)?.leg !== leg.peer
  if (remote === undefined || hasLeft) return { exchange, ok: false, status: 491 }
  if (exchange.why === 'ask') ask(turn, leg)
  else offer(turn, leg, remote, exchange)
  return undefined
}

/** RFC 4028 §7.4: any exchange refreshes the session; where none goes on, one that changes nothing. */
export function stale(turn: Turn, { leg: id }: InputOf<'stale'>): void {
  const leg = turn.leg(id)
  if (leg?.state !== 'Up' || leg.exchange || leg.local === undefined) return
  turn.do({ type: 'reinvite', leg: id, body: leg.local })
  turn.setLeg(id, { exchange: { why: 'refresh' } })
  if (leg.peer !== undefined) turn.setLeg(leg.peer, { retold: 0 })
}

/** A re-INVITE or UPDATE from the leg's side. True where it says something new and is answered at once. */
export function offered(turn: Turn, { leg: id, body }: InputOf<'offered'>): boolean {
  const leg = turn.leg(id)
  if (!leg) return false
  const peer = turn.leg(leg.peer)
  const unchanged = body === undefined || body === leg.remote
  if (body === undefined && leg.local !== undefined && leg.state === 'Up') offerAnew(turn, leg, leg.local)
  else if ((unchanged || !peer || staysHeld(leg, peer, body)) && leg.local !== undefined) {
    // A session refresh, or an offer before the answer, or on hold: the other side need not know, or not yet.
    const answer = nextAnswer(leg.local, leg.local, body, silence(turn, leg))
    turn.do({ type: 'acceptOffer', leg: id, body: answer })
    if (body !== undefined) turn.setLeg(id, { remote: body, local: answer })
    return !unchanged
  } else if (body === undefined || peer?.state !== 'Up' || peer.exchange) {
    turn.do({ type: 'rejectOffer', leg: id, status: 491 })
  } else offer(turn, peer, body, { why: 'pass', from: id, offer: body })
  return false
}

/**
 * Whoever is held by request cannot undo that by what he offers, e.g. to refresh the session or from another address (RFC
 * 3264 §8.4, RFC 6337 §5.3); and who holds repeats it without news for the other one, who hears of it at the retrieve.
 */
const staysHeld = (leg: Leg, peer: Leg, body: string | undefined): boolean =>
  peer.holds === true || (leg.holds === true && body !== undefined && isHold(body))

/**
 * A re-INVITE that wants our offer. Who holds the call could not retrieve it by an answer to what it made us say (RFC 6337
 * §5.3): all directions are offered again, unless it is held by request.
 */
function offerAnew(turn: Turn, leg: Leg, local: string): void {
  const holds = turn.partyOn(leg.id)?.state === 'Held' && !isSilent(turn, leg)
  const body = holds ? nextOffer(local, local, unmuted) : local
  turn.do({ type: 'acceptOffer', leg: leg.id, body })
  turn.setLeg(leg.id, { local: body })
}

/** The leg's side has cancelled its re-INVITE (RFC 3261 §9.2): what comes of it where it was passed on changes nothing. */
export function offerCancelled(turn: Turn, { leg: from }: InputOf<'offerCancelled'>): void {
  for (const { id, exchange } of Object.values(turn.call.legs))
    if (exchange?.why === 'pass' && exchange.from === from) turn.setLeg(id, { exchange: { why: 'cancelled' } })
}

function passed(
  turn: Turn,
  id: string,
  exchange: Extract<Exchange, { why: 'pass' }>,
  ok: boolean,
  status: number,
  body: string | undefined,
): void {
  const from = turn.leg(exchange.from)
  if (!from) return
  if (!ok || body === undefined) {
    turn.do({ type: 'rejectOffer', leg: from.id, status: ok ? 488 : refusalInDialog(status) })
    return
  }
  const answer = nextAnswer(body, from.local, exchange.offer)
  turn.do({ type: 'acceptOffer', leg: from.id, body: answer })
  turn.setLeg(from.id, { remote: exchange.offer, local: answer, retold: 0 })
  turn.setLeg(id, { retold: 0 })
}

/** Timer `probe:LEG`. */
export function probe(turn: Turn, id: string): void {
  if (!turn.leg(id)) return
  turn.do({ type: 'send', leg: id, method: 'OPTIONS', tag: 'probe', fields: [], body: undefined })
  turn.start(`probe:${id}`, probeEvery)
}
