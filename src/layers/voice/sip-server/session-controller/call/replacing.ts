/**
 * INVITE with Replaces (RFC 3891 §3): another phone of ours takes the place of one that talks, with the events of a
 * transfer by who is replaced (event flows §7).
 */

import { isForOneAlone } from '../media/descriptions.ts'
import { link, settle } from '../media/exchange.ts'
import { closeMedia, mediaOf, openMedia } from '../media/media-leg.ts'
import type { Leg, Party } from './call.ts'
import { areAnchored } from './endpoints.ts'
import type { InputOf } from './input.ts'
import { join, talk } from './parties.ts'
import { changed, leaveTransferred, partnerOf } from './transferring.ts'
import type { Turn } from './turn.ts'

/** Talking: the INVITE; the DN that sent it is to be seized first. `by` is its leg, `leg` the one that it names. */
export function replacing(turn: Turn, { leg, by, dn, remote }: InputOf<'replacing'>) {
  turn.putLeg({ id: by, role: 'target', state: 'Calling', remote })
  if (turn.call.replacing || turn.leg(leg)?.state !== 'Up' || turn.partyOf(dn)) return refuse(turn, by, 486)
  turn.set({ replacing: { leg, by, dn } })
  turn.do({ type: 'seize', dn, purpose: 'originate', reservation: undefined })
}

/** Talking: the owner of that DN has answered. */
export function replaced(turn: Turn, { dn, reply }: InputOf<'seized'>) {
  const plan = turn.call.replacing
  turn.set({ replacing: undefined })
  const old = turn.partyOn(plan?.leg ?? '')
  const former = turn.leg(plan?.leg)
  const leg = turn.leg(plan?.by)
  const other = turn.call.parties.find((party) => party.id !== old?.id && party.leg !== undefined)
  if (reply.granted && plan && old && former && leg && other) {
    return takePlace(turn, { old, former, leg, other }, { dn, reply })
  }
  if (reply.granted) turn.do({ type: 'release', dn, outcome: 'unused' })
  if (leg) refuse(turn, leg.id, reply.granted ? 481 : 480)
}

type Place = { readonly old: Party; readonly former: Leg; readonly leg: Leg; readonly other: Party }

function takePlace(
  turn: Turn,
  { old, former, leg, other }: Place,
  { dn, reply }: Pick<InputOf<'seized'>, 'dn' | 'reply'>,
): void {
  closeMedia(turn, former.id)
  turn.bye(former.id)
  leaveTransferred(turn, old, dn, undefined)
  turn.setLeg(leg.id, { role: former.role })
  const stays = partnerOf(turn, old, other)
  if (stays) turn.putLeg(stays)
  changed(turn, other, old, dn)
  const agent = reply.granted && reply.agentID !== undefined ? { agentID: reply.agentID } : {}
  const queue = old.queue === undefined ? {} : { queue: old.queue }
  const taking = { dn, external: false, leg: leg.id, otherDN: other.dn, seized: true, ...agent, ...queue }
  const party = join(turn, { ...taking, state: 'Dialing', role: 'Origination' })
  if (areAnchored(turn, leg.id, other.leg ?? '')) {
    for (const id of [leg.id, other.leg ?? '']) if (!mediaOf(turn, id)) openMedia(turn, id)
  } else {
    meetTaking(turn, leg.id, other.leg ?? '')
  }
  talk(turn, party.id)
}

/**
 * Where the description of the other one is for one side alone, it gets the offer of the INVITE first, and the INVITE its
 * answer to that: what it said before is not for who takes the place (RFC 3725 §4.1).
 */
function meetTaking(turn: Turn, taking: string, other: string): void {
  link(turn, taking, other)
  if (!isForOneAlone(turn.leg(other)?.remote)) settle(turn, taking)
  settle(turn, other)
}

/** Talking: the phone that wants to take the place gives up before it has. */
export function replacingGone(turn: Turn, { leg }: { readonly leg: string }): void {
  turn.dropLeg(leg)
}

function refuse(turn: Turn, leg: string, status: number): void {
  turn.do({ type: 'reject', leg, status, fields: [] })
  turn.dropLeg(leg)
}
