/** How calls end: the ending is decided once, where it happens, and goes unchanged into events and figures. */
import { formatReason } from '#protocols/sip/message/headers/reason.ts'
import { reasonPhrase } from '#protocols/sip/message/reason-phrase.ts'
import type { CallState } from '#protocols/tlib/attributes.ts'
import { errors } from '#protocols/tlib/errors.ts'
import { callDeleted, callMerged } from '../events/publish.ts'
import type { Call, Ending, Fields, Party } from './call.ts'
import { leave } from './parties.ts'
import type { Turn } from './turn.ts'

/** `customer` is the calling side, but on a call of our own DN to the outside the agent calls. */
export const callingSide = ({ callType }: Pick<Call, 'callType'>): 'customer' | 'agent' =>
  callType === 'Outbound' ? 'agent' : 'customer'
export const calledSide = (call: Pick<Call, 'callType'>): 'customer' | 'agent' =>
  callingSide(call) === 'agent' ? 'customer' : 'agent'

export type Parting = {
  readonly ending: Ending
  /** Who ended it, where it was a party. */
  readonly by?: Party | undefined
  /** The caller left: who waits or rings for it is abandoned. */
  readonly abandoned?: boolean
  readonly callState?: CallState
  /** The response to an INVITE that is still open. */
  readonly status?: number
  /** Reason of BYE and CANCEL, as the side that left gave it. */
  readonly reason?: string | undefined
  /** Parties by id in the order in which they leave; as they came unless told. */
  readonly order?: readonly string[]
  readonly answers?: number | undefined
}

/** Ends the call: every leg, every party, every request that waits for its answer. */
export function end(turn: Turn, parting: Parting): void {
  endLegs(turn, parting)
  endParties(turn, parting)
  refuseWaiting(turn)
  callDeleted(turn, parting.ending, parting.by?.dn)
  turn.do({ type: 'over', ending: parting.ending })
  turn.state = 'Ended'
}

/** Its last party has gone over to another call: no ending, that one has it. */
export function endMerged(turn: Turn, into: string): void {
  callMerged(turn, into)
  turn.do({ type: 'over', ending: undefined })
  turn.state = 'Ended'
}

/** RFC 3326: why the session or its INVITE is ended. */
export const reasonFields = (status: number, text?: string): Fields => [
  ['Reason', formatReason({ protocol: 'SIP', cause: status, text: text ?? reasonPhrase(status) })],
]

function endLegs(turn: Turn, { ending, status, reason }: Parting): void {
  const why = status ?? ending.status
  const fields: Fields = reason !== undefined ? [['Reason', reason]] : why !== undefined ? reasonFields(why) : []
  for (const { id, state } of Object.values(turn.call.legs)) {
    if (state === 'Calling') turn.do({ type: 'reject', leg: id, status: why ?? 480, fields: [] })
    else if (state === 'Inviting') turn.do({ type: 'cancel', leg: id, fields })
    else turn.do({ type: 'bye', leg: id, fields })
    turn.dropLeg(id)
  }
}

function endParties(turn: Turn, { ending, by, abandoned, callState, order, answers }: Parting): void {
  const leaving = order ?? turn.call.parties.map((party) => party.id)
  const last = leaving.findLast((id) => turn.party(id)?.external === false)
  for (const id of leaving) {
    const party = turn.party(id)
    const waits = party?.state === 'Queued' || party?.state === 'Alerting'
    leave(turn, id, {
      name: abandoned && waits ? 'EventAbandoned' : 'EventReleased',
      by,
      callState,
      extra: id === last ? { extensions: { Ending: ending } } : undefined,
      answers: by?.id === id ? answers : undefined,
    })
  }
}

/** §0: each request has one first answer. */
function refuseWaiting(turn: Turn): void {
  const { pending, transfer, queue } = turn.call
  for (const token of [pending?.token, transfer?.token, queue?.asked?.token]) {
    turn.refuse(token, errors.invalidConnID, 'the call has ended')
  }
}
