/**
 * Every event of the T-Library model, device-based and call-based, with what it carries. When each is sent and in
 * which order: docs of the event flows; the invariants are in `checker.ts`.
 */
import type { TSchema } from 'typebox'
import type { AttributeName } from './attributes.ts'
import { type MessageOf, type Spec, schemaOf, spec } from './message.ts'

/** Put on by the server that tells the event to a client; nobody else sets them. */
const told = ['seq', 'position'] as const

/** Every event of a call on a device (rule 1 of the flows: "every call event has"). */
const inCall = ['connID', 'callUUID', 'callType', 'thisDN', 'thisDNRole', 'time', 'eventNo'] as const
const onDevice = [
  'previousConnID',
  'callState',
  'otherDN',
  'otherDNRole',
  'thirdPartyDN',
  'thirdPartyDNRole',
  'thisQueue',
  'ani',
  'dnis',
  'agentID',
  'userData',
  'reasons',
  'extensions',
  'refID',
  'enterTime',
  'pSeq',
] as const
const callEvent = <const More extends readonly AttributeName[] = []>(...more: More) =>
  spec(inCall, [...onDevice, ...more] as const)
/** At a queue or routing point: thisQueue is required there. */
const queueEvent = <const More extends readonly AttributeName[] = []>(...more: More) =>
  spec([...inCall, 'thisQueue'] as const, [...onDevice, ...more] as const)

/** Events of an agent and of a DN, numbered by the DN's owner. */
const agentEvent = spec(
  ['thisDN', 'agentID', 'time', 'ownerEpoch', 'eventNo'],
  ['workMode', 'reasons', 'extensions', 'refID', 'connID', 'callUUID', 'geoLocation'],
)
const dnEvent = spec(
  ['thisDN', 'time', 'ownerEpoch', 'eventNo'],
  ['agentID', 'reasons', 'extensions', 'refID', 'forwardTo'],
)

/** Call-based events: `connID` and `callUUID` of the call, number `cSeq` in it. */
const callBased = <const More extends readonly AttributeName[] = []>(...more: More) =>
  spec(
    ['callUUID', 'connID', 'time', 'eventNo', 'cSeq', ...more] as const,
    [
      'callType',
      'ani',
      'dnis',
      'userData',
      'extensions',
      'refCallUUID',
      'previousConnID',
      'pSeq',
      'ctrlParty',
      'cause',
      'thisDN',
      'role',
      'partyState',
      'partyUUID',
      'agentID',
      'thisQueue',
    ] as const,
  )

const answer = ['refID', 'time'] as const
const snapshot = [
  'inService',
  'agentID',
  'agentStatus',
  'workMode',
  'reasons',
  'extensions',
  'calls',
  'addresses',
  'doNotDisturb',
  'forwardTo',
] as const

export const events = {
  // General and registration.
  /** Answers the registration of the client; without refID: events were dropped for it, snapshots follow. */
  EventLinkConnected: spec(
    ['time', 'node', 'dc', 'epoch', 'module'],
    ['refID', 'position', 'geoLocation', 'extensions'],
  ),
  EventLinkDisconnected: spec(['time'], ['node', 'extensions']),
  /** Raised by the client library itself; never on the wire. */
  EventServerConnected: spec(['time'], ['node']),
  /** Raised by the client library itself; never on the wire. */
  EventServerDisconnected: spec(['time'], ['node']),
  EventError: spec(
    ['errorCode', 'errorMessage', 'time'],
    ['refID', 'connID', 'callUUID', 'thisDN', 'agentID', 'extensions'],
  ),
  /** Without refID: told again because events were dropped for the client. */
  EventRegistered: spec(['thisDN', 'time'], [...snapshot, 'refID'] as const),
  EventUnregistered: spec([...answer, 'thisDN'] as const, []),
  EventAddressInfo: spec([...answer, 'thisDN'] as const, snapshot),
  EventPartyInfo: spec([...answer, 'connID', 'callUUID', 'parties'] as const, [
    'callType',
    'ani',
    'dnis',
    'userData',
    'extensions',
  ]),
  EventServerInfo: spec([...answer, 'node', 'dc', 'epoch'] as const, ['geoLocation', 'extensions']),
  /** A request that has no event of its own was accepted. */
  EventACK: spec(answer, ['position', 'connID', 'thisDN', 'extensions']),
  EventCallMonitoringStarted: spec(['time'], ['refID', 'addresses', 'extensions']),
  EventCallMonitoringStopped: spec(answer, []),

  // Calls on a device.
  EventDialing: callEvent(),
  EventNetworkReached: callEvent(),
  EventDestinationBusy: callEvent(),
  EventRinging: callEvent(),
  EventEstablished: callEvent(),
  EventHeld: callEvent(),
  EventRetrieved: callEvent(),
  EventReleased: callEvent(),
  EventAbandoned: callEvent(),
  EventDiverted: queueEvent(),
  EventQueued: queueEvent(),
  EventPartyChanged: callEvent(),
  EventPartyAdded: callEvent(),
  EventPartyDeleted: callEvent(),
  EventAttachedDataChanged: callEvent(),
  EventDtmfSent: callEvent('dtmfDigits'),
  EventMuteOn: callEvent(),
  EventMuteOff: callEvent(),

  // Routing and treatments.
  EventRouteRequest: queueEvent('priority'),
  EventRouteUsed: queueEvent('routeType'),
  EventTreatmentApplied: queueEvent('treatmentType', 'treatmentParameters'),
  EventTreatmentNotApplied: queueEvent('treatmentType', 'errorCode', 'errorMessage'),
  EventTreatmentEnd: queueEvent('treatmentType', 'collectedDigits', 'lastCollectedDigit'),
  EventTreatmentRequired: queueEvent(),

  // Agents and DNs.
  EventAgentLogin: agentEvent,
  EventAgentLogout: agentEvent,
  EventAgentReady: agentEvent,
  EventAgentNotReady: agentEvent,
  EventAgentReserved: spec(
    ['thisDN', 'agentID', 'time', 'ownerEpoch', 'eventNo', 'timeout', 'reservationID'],
    ['refID', 'connID', 'callUUID', 'priority', 'extensions'],
  ),
  EventDNBackInService: dnEvent,
  EventDNOutOfService: dnEvent,
  EventDNDOn: dnEvent,
  EventDNDOff: dnEvent,
  EventForwardSet: dnEvent,
  EventForwardCancel: dnEvent,
  EventMonitoringNextCall: spec(dnEvent.required, [...dnEvent.optional, 'otherDN'] as const),
  EventMonitoringCancelled: spec(dnEvent.required, [...dnEvent.optional, 'otherDN'] as const),

  // Special.
  EventPrivateInfo: spec(
    ['time', 'privateMsgID'],
    [
      'thisDN',
      'otherDN',
      'connID',
      'callUUID',
      'callType',
      'thisDNRole',
      'eventNo',
      'agentID',
      'refID',
      'extensions',
      'userData',
    ],
  ),
  EventUserEvent: spec(
    ['time'],
    ['thisDN', 'connID', 'callUUID', 'userEventID', 'refID', 'userData', 'reasons', 'extensions'],
  ),

  // The call-based stream.
  EventCallCreated: callBased('callType'),
  EventCallDataChanged: callBased(),
  EventCallPartyAdded: callBased('partyUUID', 'thisDN', 'role', 'partyState'),
  EventCallPartyState: callBased('partyUUID', 'thisDN', 'partyState'),
  EventCallPartyMoved: callBased('partyUUID', 'thisDN', 'refCallUUID'),
  EventCallPartyDeleted: callBased('partyUUID', 'thisDN'),
  EventCallDeleted: callBased(),
} as const satisfies Record<string, Spec>

export type EventName = keyof typeof events
export type EventOf<Name extends EventName> = MessageOf<Name, (typeof events)[Name]>
export type Event = { [Name in EventName]: EventOf<Name> }[EventName]

export const eventSchemas = Object.fromEntries(
  Object.entries<Spec>(events).map(([name, { required, optional }]) => [
    name,
    schemaOf(name, { required, optional: [...optional, ...told.filter((attribute) => !optional.includes(attribute))] }),
  ]),
) as Record<EventName, TSchema>

const callBasedNames = new Set<EventName>([
  'EventCallCreated',
  'EventCallDataChanged',
  'EventCallPartyAdded',
  'EventCallPartyState',
  'EventCallPartyMoved',
  'EventCallPartyDeleted',
  'EventCallDeleted',
])
/** Whether it is of the call-based stream, not of a device. */
export const isCallBased = (event: Event): boolean => callBasedNames.has(event.name)

/** An event of a call, in its order: `eventNo` within `callUUID`. */
export type CallEvent = Extract<Event, { callUUID: string; eventNo: number; connID: string }>
/** An event of a call on a device. */
export type DeviceEvent = Extract<Event, { connID: string; callUUID: string; eventNo: number; thisDNRole: string }>
/** An event of an agent or of a DN, in its owner's order. */
export type OwnerEvent = Extract<Event, { ownerEpoch: number }>

/** By name, which costs the same whatever the event carries: every client asks this of every event. */
export const isCallEvent = (event: Event): event is CallEvent => ofCalls.has(event.name)
export const isDeviceEvent = (event: Event): event is DeviceEvent => onDevices.has(event.name)
export const isOwnerEvent = (event: Event): event is OwnerEvent => ofOwners.has(event.name)

const namesWith = (...attributes: AttributeName[]): ReadonlySet<EventName> =>
  new Set(
    Object.entries<Spec>(events).flatMap(([name, { required }]) =>
      attributes.every((attribute) => required.includes(attribute)) ? [name as EventName] : [],
    ),
  )
const ofCalls = namesWith('callUUID', 'connID', 'eventNo')
const onDevices = namesWith('callUUID', 'connID', 'eventNo', 'thisDNRole')
const ofOwners = namesWith('ownerEpoch')
