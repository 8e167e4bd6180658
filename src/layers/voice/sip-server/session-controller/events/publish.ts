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

const isEmpty = (list: KeyValueList): boolean => {
  for (const _ in list) return false
  return true
}

/** An event on the device of a party; nothing for one outside. `answers`: the request whose first answer it is. */
export function onDevice(turn: Turn, party: Party, name: DeviceEvent['name'], extra?: Extra, answers?: number): void {
  if (party.external) return
  const { connID, callUUID, callType, ani, dnis, userData } = turn.call
  const event = {
    name,
    connID,
    callUUID,
    callType,
    thisDN: party.dn,
    thisDNRole: party.role,
    time: turn.time,
    eventNo: numbered(turn),
    ani,
    dnis,
    pSeq: counted(turn, party.id),
    ...(party.otherDN !== undefined && { otherDN: party.otherDN }),
    ...(party.queue !== undefined && { thisQueue: party.queue }),
    ...(party.agentID !== undefined && { agentID: party.agentID }),
    ...(isEmpty(userData) ? undefined : { userData }),
    ...extra,
  }
  turn.do({ type: 'publish', event: event as unknown as Event, answers })
}

type CallBased =
  | 'EventCallCreated'
  | 'EventCallDataChanged'
  | 'EventCallPartyAdded'
  | 'EventCallPartyState'
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
  const cSeq = turn.call.cSeq + 1
  turn.set({ cSeq })
  const event = { name, connID, callUUID, callType, time: turn.time, eventNo: numbered(turn), cSeq, ...details }
  turn.do({ type: 'publish', event: event as unknown as Event, answers })
}

export function callCreated(turn: Turn): void {
  const { ani, dnis, userData } = turn.call
  callBased(turn, 'EventCallCreated', { ani, dnis, ...(isEmpty(userData) ? undefined : { userData }) })
}

export function callDataChanged(turn: Turn, details: Details, answers?: number): void {
  callBased(turn, 'EventCallDataChanged', details, answers)
}

export function partyAdded(turn: Turn, party: Party, ctrlParty?: string): void {
  callBased(turn, 'EventCallPartyAdded', {
    ...whose(turn, party),
    role: party.role,
    partyState: party.state,
    ...(ctrlParty !== undefined && { ctrlParty }),
    ...(party.service !== undefined && { extensions: { Service: party.service } }),
  })
}

export function partyState(turn: Turn, party: Party, state: PartyState, cause: string): void {
  callBased(turn, 'EventCallPartyState', { ...whose(turn, party), partyState: state, cause })
}

export function partyDeleted(turn: Turn, party: Party, cause: string, ctrlParty: string | undefined): void {
  callBased(turn, 'EventCallPartyDeleted', {
    ...whose(turn, party),
    cause,
    ...(ctrlParty !== undefined && { ctrlParty }),
  })
}

export function callDeleted(turn: Turn, ending: Ending, ctrlParty: string | undefined): void {
  callBased(turn, 'EventCallDeleted', {
    cause: ending.cause,
    extensions: { Ending: ending },
    ...(ctrlParty !== undefined && { ctrlParty }),
  })
}

const whose = (turn: Turn, party: Party) => ({
  partyUUID: party.id,
  thisDN: party.dn,
  pSeq: counted(turn, party.id),
  ...(party.agentID !== undefined && { agentID: party.agentID }),
  ...(party.queue !== undefined && { thisQueue: party.queue }),
})

function numbered(turn: Turn): number {
  const eventNo = turn.call.eventNo + 1
  turn.set({ eventNo })
  return eventNo
}

/** The next number of the party's own; 0 of one that has left already. */
function counted(turn: Turn, id: string): number {
  const pSeq = (turn.party(id)?.pSeq ?? 0) + 1
  turn.setParty(id, { pSeq })
  return pSeq
}
