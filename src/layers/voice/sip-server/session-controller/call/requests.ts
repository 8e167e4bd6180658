/** T-Library requests about a call: what each means where it fits; elsewhere it is refused and nothing changes. */
import { errors } from '#protocols/tlib/errors.ts'
import { type RequestName, requests } from '#protocols/tlib/requests.ts'
import type { Party } from './call.ts'
import type { Answer } from './effect.ts'
import type { InputOf, RequestInput } from './input.ts'
import type { Cells, Turn } from './turn.ts'
import { attach, deleteAll, deletePair } from './user-data.ts'

/** The requests that act on calls; others are not available yet. */
const understood = new Set<RequestName>([
  'RequestAnswerCall',
  'RequestReleaseCall',
  'RequestHoldCall',
  'RequestRetrieveCall',
  'RequestSingleStepTransfer',
  'RequestRouteCall',
  'RequestApplyTreatment',
  'RequestSendDtmf',
])

const unfitting = (turn: Turn, { token }: RequestInput): void => turn.refuse(token, errors.wrongState)
const unsupported = (turn: Turn, { token }: RequestInput): void => turn.refuse(token, errors.unsupported)

const refusals = Object.fromEntries(
  Object.keys(requests).map((name) => [name, understood.has(name as RequestName) ? unfitting : unsupported]),
) as Cells

/** In every state. */
export const anyRequest: Cells = {
  ...refusals,
  RequestQueryCall: queryCall,
  RequestAttachUserData: attach,
  RequestUpdateUserData: attach,
  RequestDeletePair: deletePair,
  RequestDeleteUserData: deleteAll,
}

/** With the party that the request is about, where it is in the call. */
export const asParty =
  (run: (turn: Turn, party: Party, input: RequestInput & { request: { thisDN: string } }) => void) =>
  (turn: Turn, input: RequestInput): void => {
    const { request, token } = input
    const party = 'thisDN' in request && request.thisDN !== undefined ? turn.partyOf(request.thisDN) : undefined
    if (party) run(turn, party, input as RequestInput & { request: { thisDN: string } })
    else turn.refuse(token, errors.wrongState, 'the DN is not on the call')
  }

function queryCall(turn: Turn, { token }: InputOf<'RequestQueryCall'>): void {
  const { connID, callUUID, callType, ani, dnis, userData } = turn.call
  const parties = turn.call.parties.map(({ dn, state, role, id, agentID }) => ({
    dn,
    partyState: state,
    role,
    partyUUID: id,
    ...(agentID !== undefined && { agentID }),
  }))
  const event: Answer = {
    name: 'EventPartyInfo',
    time: turn.time,
    connID,
    callUUID,
    callType,
    ani,
    dnis,
    userData,
    parties,
  }
  turn.do({ type: 'answer', token, event })
}

/** RequestAnswerCall: the phone is asked to pick up (`Event: talk`), where it has said that it can. */
export const pickUp = asParty((turn, party, { token }) => {
  const leg = turn.leg(party.leg)
  if (leg?.state !== 'Inviting' || !leg.talks) {
    turn.refuse(token, errors.unsupported, 'this phone cannot be told to answer')
    return
  }
  const fields = [
    ['Event', 'talk'],
    ['Subscription-State', 'active'],
  ] as const
  turn.do({ type: 'send', leg: leg.id, method: 'NOTIFY', tag: undefined, fields, body: undefined })
  acknowledgeTo(turn, party, token)
})

/** The request has been taken; what comes of it, events say that have no number of it. */
export function acknowledgeTo(turn: Turn, { dn: thisDN }: Party, token: number): void {
  const { connID, callUUID } = turn.call
  const event: Answer = { name: 'EventACK', time: turn.time, connID, thisDN, extensions: { callUUID } }
  turn.do({ type: 'answer', token, event })
}
