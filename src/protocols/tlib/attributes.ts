/**
 * The attributes of the T-Library model under their published names without prefix, each with its TypeBox schema.
 * Events and requests (`events.ts`, `requests.ts`) say which of them they carry; ConnIDs are in `conn-id.ts`.
 */
import { type Static, Type } from 'typebox'

const text = (maxLength = 256) => Type.String({ minLength: 1, maxLength })
const count = () => Type.Integer({ minimum: 0 })

export const CallType = Type.Enum(['Unknown', 'Internal', 'Inbound', 'Outbound', 'Consult'])
export type CallType = Static<typeof CallType>

export const Role = Type.Enum([
  'Origination',
  'Destination',
  'ConferenceMember',
  'NewParty',
  'AddedBy',
  'DeletedBy',
  'TransferredBy',
  'DeletedParty',
  'ConferencedBy',
  'Observer',
])
export type Role = Static<typeof Role>

/** Absent means `Ok`. There is no "rejected": `Busy` with the extension `SipStatus`. */
export const CallState = Type.Enum([
  'Ok',
  'Transferred',
  'Conferenced',
  'GeneralError',
  'SystemError',
  'RemoteRelease',
  'Busy',
  'NoAnswer',
  'SitDetected',
  'AnsweringMachineDetected',
  'AllTrunksBusy',
  'SitInvalidnum',
  'SitVacant',
  'SitIntercept',
  'SitUnknown',
  'SitNocircuit',
  'SitReorder',
  'FaxDetected',
  'QueueFull',
  'Cleared',
  'Overflowed',
  'Abandoned',
  'Redirected',
  'Forwarded',
  'Consult',
  'Bridged',
  'Dropped',
  'Unknown',
  'Held',
])
export type CallState = Static<typeof CallState>

/** Party states of the unified model; a party that has ended is in none of them. */
export const PartyState = Type.Enum(['Dialing', 'CPDetect', 'Queued', 'Alerting', 'Connected', 'Held', 'Busy'])
export type PartyState = Static<typeof PartyState>

export const WorkMode = Type.Enum(['Unknown', 'ManualIn', 'AutoIn', 'AfterCallWork', 'AuxWork', 'NoCallDisconnect'])
export type WorkMode = Static<typeof WorkMode>

/** Login states of an agent; what a call or a reservation adds is derived (`shownState`). */
export const AgentStatus = Type.Enum(['LoggedOut', 'NotReady', 'Ready', 'AfterCallWork'])
export type AgentStatus = Static<typeof AgentStatus>

export const TreatmentType = Type.Enum([
  'Music',
  'PlayAnnouncement',
  'PlayAnnouncementAndDigits',
  'CollectDigits',
  'PlayApplication',
  'RecordUserAnnouncement',
  'VerifyDigits',
  'Silence',
  'RingBack',
  'Busy',
  'FastBusy',
  'IVR',
])
export type TreatmentType = Static<typeof TreatmentType>

/** A list of keys and values: strings, integers and nested lists, as JSON has them. */
export const KeyValueList = Type.Record(Type.String({ maxLength: 256 }), Type.Unknown())
export type KeyValueList = Readonly<Record<string, unknown>>

/** One call on a DN, as the snapshot of `EventRegistered` and `EventAddressInfo` tells it. */
export const CallOnDN = Type.Object({
  connID: Type.String(),
  callUUID: Type.String(),
  callType: CallType,
  partyState: PartyState,
  role: Role,
  otherDN: Type.Optional(Type.String()),
  thisQueue: Type.Optional(Type.String()),
  previousConnID: Type.Optional(Type.String()),
  ani: Type.Optional(Type.String()),
  dnis: Type.Optional(Type.String()),
  eventNo: Type.Optional(count()),
  userData: Type.Optional(KeyValueList),
})
export type CallOnDN = Static<typeof CallOnDN>

/** One party of a call, as `EventPartyInfo` tells it; external parties have no DN of ours. */
const PartyOfCall = Type.Object({
  dn: Type.String(),
  partyState: PartyState,
  role: Role,
  partyUUID: Type.Optional(Type.String()),
  agentID: Type.Optional(Type.String()),
})

/** One DN with its agent, as the snapshot of the register request for every address tells it. */
export const AddressState = Type.Object({
  thisDN: Type.String(),
  inService: Type.Boolean(),
  agentID: Type.Optional(Type.String()),
  agentStatus: Type.Optional(AgentStatus),
  workMode: Type.Optional(WorkMode),
  reasons: Type.Optional(KeyValueList),
  reserved: Type.Optional(Type.Boolean()),
  /** When the agent came into this status. */
  since: Type.Optional(Type.String()),
  node: Type.Optional(Type.String()),
  dc: Type.Optional(Type.String()),
  ownerEpoch: Type.Optional(count()),
  calls: Type.Array(CallOnDN),
})
export type AddressState = Static<typeof AddressState>

export const attributes = {
  // Identity of the call.
  connID: Type.String({ pattern: '^[0-9a-f]{16}$' }),
  previousConnID: Type.String({ pattern: '^[0-9a-f]{16}$' }),
  callUUID: text(64),
  callType: CallType,
  callState: CallState,
  ani: text(),
  dnis: text(),

  // Parties.
  thisDN: text(),
  thisDNRole: Role,
  otherDN: text(),
  otherDNRole: Role,
  thirdPartyDN: text(),
  thirdPartyDNRole: Role,
  thisQueue: text(),
  partyUUID: text(64),
  partyState: PartyState,
  ctrlParty: text(),
  refCallUUID: text(64),
  role: Role,
  cause: text(),

  // Agents and DNs.
  agentID: text(),
  password: Type.String({ maxLength: 256 }),
  agentStatus: AgentStatus,
  workMode: WorkMode,
  inService: Type.Boolean(),
  forwardTo: text(),
  doNotDisturb: Type.Boolean(),

  // Reservation and routing.
  reservationID: text(64),
  /** Milliseconds. */
  timeout: Type.Integer({ minimum: 1, maximum: 86_400_000 }),
  priority: Type.Integer({ minimum: -2147483648, maximum: 2147483647 }),
  /** When the call came into its queue: the order among bids of one priority. */
  enterTime: text(40),
  location: text(),
  routeType: text(64),

  // Treatments and digits.
  treatmentType: TreatmentType,
  treatmentParameters: KeyValueList,
  collectedDigits: Type.String({ maxLength: 256 }),
  lastCollectedDigit: Type.String({ maxLength: 1 }),
  dtmfDigits: Type.String({ pattern: '^[0-9A-D*#]{1,64}$' }),

  // Data.
  userData: KeyValueList,
  reasons: KeyValueList,
  extensions: KeyValueList,
  key: text(),
  privateMsgID: count(),
  userEventID: count(),

  // Bookkeeping of the protocol.
  refID: count(),
  /** Numbers the events of a call, device-based and call-based together, and those of an owner of DNs, without gap. */
  eventNo: count(),
  /** The owner's term over the DN; with `agentID` and `eventNo` the key of agent events. */
  ownerEpoch: count(),
  /** Numbers the events of a party and, among the call-based ones, of a call. */
  pSeq: count(),
  cSeq: count(),
  time: text(40),
  /** Numbers the messages of one connection. */
  seq: count(),
  /** A position of the spool. */
  position: count(),
  from: count(),
  errorCode: Type.Integer(),
  errorMessage: Type.String(),

  // Connection.
  applicationName: text(),
  token: Type.String({ maxLength: 4096 }),
  pool: text(),
  node: text(),
  dc: text(),
  epoch: count(),
  geoLocation: Type.String({ maxLength: 256 }),
  module: Type.Enum(['session-controller', 't-controller', 'interaction-proxy']),

  // Snapshots.
  calls: Type.Array(CallOnDN),
  parties: Type.Array(PartyOfCall),
  addresses: Type.Array(AddressState),
} as const

export type AttributeName = keyof typeof attributes
export type Attributes = { readonly [Name in AttributeName]: Static<(typeof attributes)[Name]> }
