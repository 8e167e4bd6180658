/**
 * A phone transfers by REFER with Replaces (RFC 3515, RFC 3891): two calls of its become one (event flows §8). The call
 * that it names gives its other party up to the one in which the REFER came, which lives on.
 */
import { reasonPhrase } from '#protocols/sip/message/reason-phrase.ts'
import { onDevice, partyMoved } from '../events/publish.ts'
import { link, meet, settle, unheld, up } from '../media/exchange.ts'
import { closeMedia, mediaOf, openMedia } from '../media/media-leg.ts'
import type { Party } from './call.ts'
import { end, endMerged } from './ending.ts'
import { areAnchored } from './endpoints.ts'
import type { InputOf } from './input.ts'
import { leave } from './parties.ts'
import { otherSideOf } from './talking.ts'
import { dismiss, leaveTransferred, transferRefused } from './transferring.ts'
import type { Turn } from './turn.ts'

/** Talking: the REFER. `consultation` is the other call, which talks too, and the leg there that the phone names. */
export function mergeWith(turn: Turn, { leg, request, event, consultation }: InputOf<'referred'>) {
  const by = turn.partyOn(leg)
  const respond = (status: number) => turn.do({ type: 'respond', leg, request, status })
  // Not 481, which would say that the dialog of the REFER is gone (RFC 3261 §12.2.1.2).
  if (!consultation) return respond(404)
  if (!by || by.dn !== consultation.dn || consultation.connID === turn.call.connID) return respond(403)
  respond(202)
  turn.setLeg(leg, { refers: event })
  turn.do({ type: 'consolidate', leg, consultation })
}

/** Talking, the call that was named: who transferred leaves, and the other party is given up. */
export function surrender(turn: Turn, input: InputOf<'surrender'>): void {
  const { leg: id, to, by: transferring } = input
  const by = turn.partyOn(id)
  const other = turn.call.parties.find((party) => party.id !== by?.id && party.leg !== undefined)
  const leg = turn.leg(other?.leg)
  // Who takes the place of one of them is not on the call yet; the answer to a re-INVITE would come to a call that sent none.
  if (!by || !other || !leg || turn.call.replacing || leg.state !== 'Up' || leg.exchange) {
    withhold(turn, input)
    return
  }
  leave(turn, by.id, { name: 'EventReleased', callState: 'Transferred', by })
  for (const { id: media, role } of Object.values(turn.call.legs)) if (role === 'media') turn.bye(media)
  turn.bye(id)
  const { connID, callUUID, userData, media } = turn.call
  turn.do({
    type: 'handOver',
    to,
    given: leg,
    party: other,
    from: { connID, callUUID, userData, media },
    by: transferring,
  })
  turn.dropLeg(leg.id)
  turn.set({ parties: [] })
  turn.state = 'Merging'
}

/** The call that was named, which has changed since the REFER was taken: nobody is given up. */
export function withhold(turn: Turn, { to, by }: InputOf<'surrender'>): void {
  turn.do({ type: 'withhold', to, by })
}

/** The call in which the REFER came: the last NOTIFY says what the INVITE with Replaces would get (RFC 3891 §3). */
export function withheld(turn: Turn, { leg }: InputOf<'withheld'>): void {
  transferRefused(turn, leg, reasonPhrase(481), 481)
}

/** Talking, the call that lives on: who transferred leaves, the two others hear each other. */
export function received(turn: Turn, input: InputOf<'received'>): void {
  const { given, from } = input
  const by = turn.partyOn(input.by)
  const stays = turn.call.parties.find((one) => one.id !== by?.id && one.leg !== undefined)
  const staying = turn.leg(stays?.leg)
  if (!by || !stays || !staying) {
    giveBack(turn, input)
    return
  }
  transferTo(turn, by, stays, input)
  turn.do({ type: 'merged', connID: from.connID })
  converse(turn, staying.id, given.id)
}

/** The call that was to live on, which has changed since it asked: whom it is given has nobody to talk to. */
export function giveBack(turn: Turn, { given, party, from }: InputOf<'received'>): void {
  turn.do({ type: 'giveBack', connID: from.connID, given, party })
}

function transferTo(turn: Turn, by: Party, stays: Party, { given, party, from }: InputOf<'received'>): void {
  const { queue, leg } = by
  if (leg !== undefined) {
    closeMedia(turn, leg)
    dismiss(turn, leg)
  }
  if (party.seized) turn.do({ type: 'move', dn: party.dn, from: from.connID, to: turn.call.connID })
  turn.setLeg(stays.leg ?? '', { role: 'caller' })
  turn.putLeg({ ...given, role: 'callee' })
  leaveTransferred(turn, by, party.dn, undefined)
  const third = { ...party, leg: given.id, otherDN: stays.dn, ...(queue !== undefined && { queue }) }
  turn.set({
    parties: [...turn.call.parties, third],
    userData: { ...turn.call.userData, ...from.userData },
    ...(from.media === 'anchored' && { media: from.media }),
  })
  turn.setParty(stays.id, { otherDN: party.dn })
  changed(turn, stays.id, by, turn.call.connID)
  partyMoved(turn, third, from.callUUID)
  changed(turn, third.id, by, from.connID)
}

function changed(turn: Turn, id: string, by: Party, previousConnID: string): void {
  const party = turn.party(id)
  const told = { callState: 'Transferred', thirdPartyDN: by.dn, thirdPartyDNRole: 'TransferredBy' } as const
  if (party) onDevice(turn, party, 'EventPartyChanged', { ...told, previousConnID })
}

/** Both were on hold as a rule. */
function converse(turn: Turn, one: string, other: string): void {
  for (const id of [one, other]) {
    const leg = turn.leg(id)
    if (leg) turn.putLeg(unheld(leg))
  }
  up(turn, other)
  if (areAnchored(turn, one, other)) {
    for (const id of [one, other]) if (!mediaOf(turn, id)) openMedia(turn, id)
    return
  }
  link(turn, one, other)
  meet(turn, one)
  // Who was asked for an offer: that is what the other one gets.
  if (turn.leg(one)?.exchange?.why !== 'ask') settle(turn, other)
}

/** Merging: the call that lives on has told everybody; this one is over. */
export function merged(turn: Turn, { into }: InputOf<'merged'>): void {
  endMerged(turn, into)
}

/** Merging: the other call could not take the party. Who transferred has left, so it ends as if he had hung up. */
export function givenBack(turn: Turn, { given, party }: InputOf<'givenBack'>): void {
  const alone = { ...party, leg: given.id }
  turn.putLeg(given)
  turn.set({ parties: [alone] })
  end(turn, { ending: { by: otherSideOf(turn, alone), cause: 'hangup' } })
}
