/**
 * T-Library events of a call as it changes: numbered without gap, device-based and call-based together. Attributes as
 * the event flows say; external parties appear in the call-based ones only.
 */
import type { CallState, KeyValueList, PartyState, Role } from '#protocols/tlib/attributes.ts'
import type { DeviceEvent, Event } from '#protocols/tlib/events.ts'
import type { Ending, Party } from '../call/call.ts'
import type { Turn } from '../call/turn.ts'

export type Extra = {
  readonly callState?: CallState
  readonly previousConnID?: string
  readonly thirdPartyDN?: string
  readonly thirdPartyDNRole?: Role
  readonly enterTime?: string
  readonly treatmentType?: string
  readonly treatmentParameters?: KeyValueList
  readonly collectedDigits?: string
  readonly lastCollectedDigit?: string
  readonly dtmfDigits?: string
  readonly routeType?: string
  readonly errorCode?: number
  readonly errorMessage?: string
  readonly reasons?: KeyValueList
  readonly extensions?: KeyValueList
}

/** An event while it is being put together. */
type Fields = Record<string, unknown>

const isEmpty = (list: KeyValueList): boolean => {
  for (const _ in list) return false
  return true
}

/** An event on the device of a party; nothing for one outside. `answers`: the request whose first answer it is. */
export function onDevice(turn: Turn, party: Party, name: DeviceEvent['name'], extra?: Extra, answers?: number): void {
  if (party.external) return
  const { connID, callUUID, callType, ani, dnis, userData } = turn.call
  const { dn, role, otherDN, queue, agentID } = party
  const { time } = turn
  const eventNo = turn.count('eventNo')
  const pSeq = counted(turn, party.id)
  // Assigned one by one: this is done a dozen times a call, and spreading conditions costs more than all the rest.
  const event: Fields = {
    name,
    connID,
    callUUID,
    callType,
    thisDN: dn,
    thisDNRole: role,
    time,
    eventNo,
    ani,
    dnis,
    pSeq,
  }
  if (otherDN !== undefined) event.otherDN = otherDN
  if (queue !== undefined) event.thisQueue = queue
  if (agentID !== undefined) event.agentID = agentID
  if (!isEmpty(userData)) event.userData = userData
  if (extra) Object.assign(event, extra)
  turn.do({ type: 'publish', event: event as unknown as Event, answers })
}

type CallBased =
  | 'EventCallCreated'
  | 'EventCallDataChanged'
  | 'EventCallPartyAdded'
  | 'EventCallPartyState'
  | 'EventCallPartyMoved'
  | 'EventCallPartyDeleted'
  | 'EventCallDeleted'

type Details = {
  readonly cause?: string
  readonly ctrlParty?: string
  readonly userData?: KeyValueList
  readonly extensions?: KeyValueList
}

function callBased(turn: Turn, name: CallBased, details: object, answers?: number): void {
  const { connID, callUUID, callType } = turn.call
  const { time } = turn
  const eventNo = turn.count('eventNo')
  const cSeq = turn.count('cSeq')
  const event: Fields = { name, connID, callUUID, callType, time, eventNo, cSeq }
  turn.do({ type: 'publish', event: Object.assign(event, details) as unknown as Event, answers })
}

export function callCreated(turn: Turn): void {
  const { ani, dnis, userData } = turn.call
  callBased(turn, 'EventCallCreated', { ani, dnis, ...(isEmpty(userData) ? undefined : { userData }) })
}

export function callDataChanged(turn: Turn, details: Details, answers?: number): void {
  callBased(turn, 'EventCallDataChanged', details, answers)
}

export function partyAdded(turn: Turn, party: Party, ctrlParty?: string): void {
  const details = whose(turn, party)
  details.role = party.role
  details.partyState = party.state
  if (ctrlParty !== undefined) details.ctrlParty = ctrlParty
  if (party.service !== undefined) details.extensions = { Service: party.service }
  callBased(turn, 'EventCallPartyAdded', details)
}

export function partyState(turn: Turn, party: Party, state: PartyState, cause: string): void {
  const details = whose(turn, party)
  details.partyState = state
  details.cause = cause
  callBased(turn, 'EventCallPartyState', details)
}

/** It has come from another call. */
export function partyMoved(turn: Turn, party: Party, refCallUUID: string): void {
  const { role, state: partyState } = party
  callBased(turn, 'EventCallPartyMoved', Object.assign(whose(turn, party), { role, partyState, refCallUUID }))
}

export function partyDeleted(turn: Turn, party: Party, cause: string, ctrlParty: string | undefined): void {
  const details = whose(turn, party)
  details.cause = cause
  if (ctrlParty !== undefined) details.ctrlParty = ctrlParty
  callBased(turn, 'EventCallPartyDeleted', details)
}

export function callDeleted(turn: Turn, ending: Ending, ctrlParty: string | undefined): void {
  callBased(turn, 'EventCallDeleted', {
    cause: ending.cause,
    extensions: { Ending: ending },
    ...(ctrlParty !== undefined && { ctrlParty }),
  })
}

/** It has become part of another call. */
export function callMerged(turn: Turn, refCallUUID: string): void {
  callBased(turn, 'EventCallDeleted', { cause: 'Transferred', refCallUUID })
}

function whose(turn: Turn, { id, dn, agentID, queue }: Party): Fields {
  const details: Fields = { partyUUID: id, thisDN: dn, pSeq: counted(turn, id) }
  if (agentID !== undefined) details.agentID = agentID
  if (queue !== undefined) details.thisQueue = queue
  return details
}

/** The next number of the party's own; 0 of one that has left already. */
function counted(turn: Turn, id: string): number {
  const pSeq = (turn.party(id)?.pSeq ?? 0) + 1
  turn.setParty(id, { pSeq })
  return pSeq
}
