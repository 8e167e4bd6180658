/** Every request of the T-Library model with what it carries. What is asked of whom: the three ports of a node. */
import type { TSchema } from 'typebox'
import type { AttributeName } from './attributes.ts'
import { type MessageOf, type Spec, schemaOf, spec } from './message.ts'

/** A request about a call on a device. */
const onCall = <const More extends readonly AttributeName[] = []>(...more: More) =>
  spec(
    ['refID', 'thisDN', 'connID', ...more] as const,
    ['reasons', 'extensions', 'userData', 'previousConnID'] as const,
  )
/** A request about a device. */
const onDN = <const More extends readonly AttributeName[] = []>(...more: More) =>
  spec(['refID', 'thisDN', ...more] as const, ['reasons', 'extensions'] as const)
/** A request that brings another party to a call. */
const toOther = spec(
  ['refID', 'thisDN', 'connID', 'otherDN'],
  ['reasons', 'extensions', 'userData', 'location', 'dnis'],
)

export const requests = {
  // Connection, registration, queries.
  RequestRegisterClient: spec(['refID', 'applicationName'], ['pool', 'from', 'token', 'password']),
  RequestAcknowledge: spec(['position'], ['refID']),
  /** On the t-controller port: every event of every call and DN, of all nodes. */
  RequestStartCallMonitoring: spec(['refID'], ['extensions']),
  RequestStopCallMonitoring: spec(['refID'], []),
  /** `thisDN` `*` registers for every DN. */
  RequestRegisterAddress: onDN(),
  RequestUnregisterAddress: onDN(),
  RequestQueryAddress: onDN(),
  RequestQueryCall: spec(['refID', 'connID'], ['thisDN', 'extensions']),
  RequestQueryServer: spec(['refID'], ['extensions']),

  // Calls.
  RequestMakeCall: spec(['refID', 'thisDN', 'otherDN'], ['userData', 'reasons', 'extensions', 'location']),
  RequestMakePredictiveCall: spec(['refID', 'thisDN', 'otherDN'], ['timeout', 'userData', 'reasons', 'extensions']),
  RequestAnswerCall: onCall(),
  RequestReleaseCall: onCall(),
  RequestClearCall: onCall(),
  RequestHoldCall: onCall(),
  RequestRetrieveCall: onCall(),
  /** `connID` the call talked on, `previousConnID` the held one. */
  RequestAlternateCall: onCall(),
  RequestReconnectCall: onCall(),
  RequestRedirectCall: toOther,
  RequestInitiateTransfer: toOther,
  RequestCompleteTransfer: onCall(),
  RequestMuteTransfer: toOther,
  RequestSingleStepTransfer: toOther,
  RequestInitiateConference: toOther,
  RequestCompleteConference: onCall(),
  RequestSingleStepConference: toOther,
  RequestDeleteFromConference: toOther,

  // Routing, treatments, digits.
  RequestRouteCall: spec(
    ['refID', 'connID', 'thisDN', 'otherDN'],
    ['reservationID', 'routeType', 'location', 'dnis', 'userData', 'reasons', 'extensions'],
  ),
  RequestApplyTreatment: spec(
    ['refID', 'connID', 'thisDN', 'treatmentType'],
    ['treatmentParameters', 'userData', 'reasons', 'extensions'],
  ),
  RequestSendDtmf: onCall('dtmfDigits'),

  // Attached data.
  RequestAttachUserData: onCall('userData'),
  RequestUpdateUserData: onCall('userData'),
  RequestDeletePair: onCall('key'),
  RequestDeleteUserData: onCall(),

  // Agents.
  RequestAgentLogin: spec(['refID', 'thisDN', 'agentID'], ['password', 'workMode', 'reasons', 'extensions']),
  RequestAgentLogout: onDN(),
  RequestAgentReady: spec(['refID', 'thisDN'], ['workMode', 'reasons', 'extensions']),
  RequestAgentNotReady: spec(['refID', 'thisDN'], ['workMode', 'reasons', 'extensions']),
  /** A router's bid for the agent; the owner grants the best by priority, then enter time. */
  RequestReserveAgent: spec(
    ['refID', 'thisDN', 'timeout'],
    ['agentID', 'connID', 'callUUID', 'thisQueue', 'priority', 'enterTime', 'reservationID', 'extensions'],
  ),

  // Supervision, mute, DN features.
  RequestMonitorNextCall: spec(['refID', 'thisDN', 'otherDN'], ['reasons', 'extensions']),
  RequestCancelMonitoring: spec(['refID', 'thisDN', 'otherDN'], ['reasons', 'extensions']),
  RequestSetMuteOn: onCall(),
  RequestSetMuteOff: onCall(),
  RequestSetDNDOn: onDN(),
  RequestSetDNDOff: onDN(),
  RequestCallForwardSet: spec(['refID', 'thisDN', 'otherDN'], ['reasons', 'extensions']),
  RequestCallForwardCancel: onDN(),

  // Special.
  RequestPrivateService: spec(['refID', 'privateMsgID'], ['thisDN', 'connID', 'userData', 'reasons', 'extensions']),
  RequestDistributeUserEvent: spec(['refID'], ['thisDN', 'connID', 'userEventID', 'userData', 'reasons', 'extensions']),
  RequestSendUserEvent: spec(['refID'], ['thisDN', 'connID', 'userEventID', 'userData', 'reasons', 'extensions']),
} as const satisfies Record<string, Spec>

export type RequestName = keyof typeof requests
export type RequestOf<Name extends RequestName> = MessageOf<Name, (typeof requests)[Name]>
export type Request = { [Name in RequestName]: RequestOf<Name> }[RequestName]

export const requestSchemas = Object.fromEntries(
  Object.entries<Spec>(requests).map(([name, carries]) => [name, schemaOf(name, carries)]),
) as Record<RequestName, TSchema>

export const isRequestName = (name: string): name is RequestName => Object.hasOwn(requests, name)
