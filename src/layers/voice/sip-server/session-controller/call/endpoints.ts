/** Endpoints of a call: who is called, and how the media of two of them come together (architecture §8). */

import type { IPVersion } from '../../../model/ip-version.ts'
import { canBeAnchored, ipVersionIn, isProtected, silentAnswer } from '../media/descriptions.ts'
import { bringUpToDate, link, meet, settle, up } from '../media/exchange.ts'
import { closeMedia, mediaAnswered, mediaLost, mediaOf, openMedia } from '../media/media-leg.ts'
import type { SeizeReply } from '../ports.ts'
import type { Leg, LegRole, Party, Reachable } from './call.ts'
import type { InputOf } from './input.ts'
import { redirectedFields } from './redirecting.ts'
import type { Turn } from './turn.ts'

/**
 * INVITEs an endpoint: with the description of the one it is to talk to, so that one re-INVITE of that one will do; or,
 * where both are to be anchored, without, so that its media server can answer its offer.
 */
export function call(turn: Turn, target: Reachable, role: LegRole, partner: Leg | undefined, more: More = {}): Leg {
  const { reply, referredBy } = more
  const theirs = target.kind === 'trunk' ? target.ipVersion : reply?.granted ? reply.ipVersion : undefined
  if (target.media === 'anchored' || differ(ipVersionIn(partner?.remote), theirs)) turn.set({ media: 'anchored' })
  const { media, outside, redirected } = turn.call
  const { from, identity } = target.kind === 'trunk' && outside ? outside : turn.call
  const body = media === 'anchored' ? undefined : partner?.remote
  const id = turn.nextLeg('b')
  const leg = turn.putLeg({ id, role, state: 'Inviting', local: body, target, referredBy })
  turn.do({
    type: 'invite',
    leg: id,
    uri: target.uri,
    from,
    body,
    fields: redirected ? redirectedFields(identity, redirected, target.uri) : identity,
    referredBy,
    trunk: target.kind === 'trunk' ? { name: target.trunk, number: target.number } : undefined,
  })
  return leg
}

type More = {
  /** Of the owner of the DN that is called. */
  readonly reply?: SeizeReply | undefined
  /** The DN of ours that transfers to it. */
  readonly referredBy?: string | undefined
}

/** Known to be of different ones. */
export const differ = <Trait extends IPVersion | boolean>(one: Trait | undefined, other: Trait | undefined): boolean =>
  one !== undefined && other !== undefined && one !== other

/**
 * Whether media servers join the two that have told where they are: where that is the policy of the call, where one is on
 * IPv4 and the other on IPv6, and where one speaks SRTP and the other RTP.
 */
export function areAnchored(turn: Turn, one: string, other: string): boolean {
  const [here, there] = [turn.leg(one)?.remote, turn.leg(other)?.remote]
  const cannotMeet = differ(ipVersionIn(here), ipVersionIn(there)) || differ(isProtected(here), isProtected(there))
  if (cannotMeet) turn.set({ media: 'anchored' })
  return turn.call.media === 'anchored'
}

/**
 * Who was called speaks nothing of what his partner offered (488), e.g. SRTP alone: with a media server between them each
 * makes an offer of its own. False where that was so already, he was offered nothing, or the media server does not speak
 * with that one either.
 */
export function anchorInstead(turn: Turn, id: string, partner: Leg | undefined): boolean {
  const leg = turn.leg(id)
  if (!leg?.target || leg.local === undefined || !partner || turn.call.media === 'anchored') return false
  if (partner.remote !== undefined && !canBeAnchored(partner.remote)) return false
  turn.set({ media: 'anchored' })
  callAgain(turn, leg, leg.target, partner)
  return true
}

/** Who was called answered with an offer that no media server speaks, e.g. a browser's: it is let go again, unheard. */
export function leaveUnheard(turn: Turn, { leg, body, offer }: InputOf<'answered'>): boolean {
  if (!offer || body === undefined || turn.call.media !== 'anchored' || canBeAnchored(body)) return false
  turn.do({ type: 'acknowledge', leg, body: silentAnswer(body) })
  turn.bye(leg)
  return true
}

/** Another INVITE in place of the one that failed, for the same party. */
export function callAgain(turn: Turn, { id, role, referredBy }: Leg, target: Reachable, partner?: Leg): Leg {
  const party = turn.partyOn(id)
  turn.dropLeg(id)
  const leg = call(turn, target, role, partner, { referredBy })
  if (party) turn.setParty(party.id, { leg: leg.id })
  return leg
}

/** The party that a target is. */
export const partyTo = (target: Reachable, leg: Leg, reply?: SeizeReply) => ({
  dn: target.kind === 'dn' ? target.dn : target.number,
  external: target.kind === 'trunk',
  leg: leg.id,
  state: 'Alerting' as const,
  role: 'Destination' as const,
  ...(reply?.granted && { seized: true, ...(reply.agentID !== undefined && { agentID: reply.agentID }) }),
})

/** The endpoint answered: it and the one that waits for it hear each other. */
export function connect(turn: Turn, waiting: string, { leg: id, body, offer }: InputOf<'answered'>): void {
  turn.setLeg(id, { remote: body, state: offer ? 'Unacknowledged' : 'Inviting' })
  if (!offer) up(turn, id)
  if (areAnchored(turn, waiting, id)) {
    if (!mediaOf(turn, waiting)) openMedia(turn, waiting)
    openMedia(turn, id)
    return
  }
  link(turn, waiting, id)
  bringUpToDate(turn, id)
  const answersFirst = mediaOf(turn, waiting)?.state === 'Inviting' && turn.leg(waiting)?.state === 'Calling'
  if (!answersFirst) joinDirectly(turn, waiting)
}

/** The media server answers an endpoint; true where the endpoint hears it from now on. */
export function takeMedia(turn: Turn, input: InputOf<'answered'>): boolean {
  const endpoint = turn.leg(turn.leg(input.leg)?.peer)
  if (mediaAnswered(turn, input) || !endpoint) return endpoint !== undefined
  // An agent was quicker: the caller still gets its 200 from the media server, then the one re-INVITE.
  if (endpoint.state === 'Calling') {
    turn.setLeg(endpoint.id, { peer: input.leg })
    settle(turn, endpoint.id)
    turn.setLeg(endpoint.id, { peer: endpoint.peer })
  }
  joinDirectly(turn, endpoint.id)
  return false
}

/** The media server did not take the endpoint, or is lost. */
export function loseMedia(turn: Turn, id: string): void {
  const endpoint = turn.leg(turn.leg(id)?.peer)
  mediaLost(turn, id)
  if (endpoint?.state === 'Calling' && endpoint.peer !== id) settle(turn, endpoint.id)
}

function joinDirectly(turn: Turn, waiting: string): void {
  closeMedia(turn, waiting)
  meet(turn, waiting)
}

/** The party that calls, and the one that is called or was routed to. */
export const callingParty = (turn: Turn): Party | undefined => turn.partyOn(turn.legAs('caller')?.id ?? '')
export const calledParty = (turn: Turn): Party | undefined => turn.partyOn(turn.legAs('callee')?.id ?? '')
