/**
 * A call as plain data: whoever has it can go on with the call. The tree is Call → Leg → Dialog: a leg is one dialog and
 * its descriptions; the dialog itself lives in the user agent. A party is a DN, or somebody outside, on the call.
 */
import type { CallType, KeyValueList, PartyState, Role } from '#protocols/tlib/attributes.ts'
import type { Treatment } from '../media/treatment.ts'
import type { CallSettings, Destination, MediaPolicy, Origin } from '../ports.ts'
import type { Redirected } from './redirecting.ts'

/** Where the call is in its life; its legs and parties have states of their own. */
export type State =
  | 'New'
  /** The DN that calls is being seized. */
  | 'Arriving'
  /** RequestMakeCall: the phone of the DN that calls is being called. */
  | 'Summoning'
  /** The DN that is called is being seized. */
  | 'Seizing'
  | 'Ringing'
  | 'Queued'
  /** At a routing point, while the DN it was routed to is being seized. */
  | 'Reserving'
  /** A routed call rings. */
  | 'Offering'
  | 'Talking'
  /** Two talk while a third, to whom one of them is transferred, is seized and rings. */
  | 'Transferring'
  /** The party that transferred has left, and the third still rings. */
  | 'Transferred'
  /** Its party has been given up to another call, which is to tell of it first. */
  | 'Merging'
  /** With a service number. */
  | 'Serving'
  | 'Ended'

/** Whom a call is for. */
export type Target = Destination

/** Whom an INVITE reaches: everything else is not rung at. */
export type Reachable = Extract<Target, { kind: 'dn' | 'trunk' }>

export type Fields = readonly (readonly [name: string, value: string])[]

export type LegRole = 'caller' | 'callee' | 'target' | 'media'

type LegState =
  /** Its INVITE waits for our answer. */
  | 'Calling'
  /** Our 200 waits for its ACK. */
  | 'Accepted'
  /** Our INVITE waits for its answer. */
  | 'Inviting'
  /** Its 200 carried an offer, and the ACK waits for our answer. */
  | 'Unacknowledged'
  | 'Up'

/** Why we re-INVITE a leg. */
export type Exchange =
  /** To tell it the description of its peer. */
  | { readonly why: 'join' }
  /** To have an offer of its own, which its peer is then given. */
  | { readonly why: 'ask' }
  /** Its session timer wants it (RFC 4028 §7.4): what it was told last. */
  | { readonly why: 'refresh' }
  /** Leg `from` made this offer. */
  | { readonly why: 'pass'; readonly from: string; readonly offer: string }
  /** As `pass`, and who made that offer has cancelled it meanwhile. */
  | { readonly why: 'cancelled' }
  /** RequestHoldCall or RequestRetrieveCall of a party on the other side of it. */
  | { readonly why: 'hold' | 'retrieve'; readonly party: string; readonly token: number }

export type Leg = {
  readonly id: string
  readonly role: LegRole
  readonly state: LegState
  /** Whom our INVITE called. */
  readonly target?: Reachable
  /** The DN of ours that transferred to it, on whose account it is called. */
  readonly referredBy?: string | undefined
  /** Where INVITEs for its party went before, which a carrier moved here. */
  readonly tried?: readonly string[]
  /** The leg whose description it is given. */
  readonly peer?: string | undefined
  /** The last description its side gave, and the last that was given to it. */
  readonly remote?: string | undefined
  readonly local?: string | undefined
  readonly exchange?: Exchange | undefined
  /** What had been given to it before the present exchange: so it stays where that is refused (RFC 3261 §14.1). */
  readonly former?: string | undefined
  /** Its peer's description has changed meanwhile: to be told when the present exchange is over. */
  readonly stale?: boolean
  /** How often it has been told that its peer answered with another address, since the two were joined. */
  readonly retold?: number
  /** Its party holds the other one by request: what either leg is told says `inactive`. */
  readonly holds?: boolean
  /** It requires reliable provisional responses: an early answer is the answer (RFC 3262 §5). */
  readonly reliable?: boolean
  /** The fork whose early description was passed on (its To tag). */
  readonly fork?: string | undefined
  /** Its phone can be told to answer (`Event: talk`). */
  readonly talks?: boolean
  /** Its subscription to the outcome of a REFER, as Event names it. */
  readonly refers?: string | undefined
}

export type Party = {
  /** PartyUUID. */
  readonly id: string
  readonly dn: string
  /** Outside, or nobody's device: it has no device events. */
  readonly external: boolean
  readonly leg?: string | undefined
  readonly state: PartyState
  readonly role: Role
  readonly otherDN?: string | undefined
  readonly queue?: string | undefined
  readonly agentID?: string | undefined
  /** Its owner has seized it for this call. */
  readonly seized: boolean
  readonly wasConnected: boolean
  readonly service?: string | undefined
  readonly pSeq: number
}

export type Queue = {
  readonly dn: string
  readonly party: string
  /** RFC 3339; kept when an offer is missed. */
  readonly enterTime: string
  readonly defaultDestination?: string | undefined
  /** What the caller hears, and what is being asked of the media server. */
  readonly playing?: Treatment | undefined
  readonly asked?: Treatment | undefined
  readonly treatments: number
}

/** What waits for the reply to a seizure, or for a phone that was called first. */
type Pending = {
  readonly dn: string
  readonly target?: Target | undefined
  /** Of the request that asked for it. */
  readonly token?: number | undefined
  readonly location?: string | undefined
}

type Transfer = {
  /** The parties that transfers and that stays, and the leg of the third. */
  readonly by: string
  readonly stays: string
  readonly target: Reachable
  readonly token?: number | undefined
}

/** The other call of a phone that transfers by Replaces: its leg there, and the DN on it. */
export type Consultation = { readonly connID: string; readonly leg: string; readonly dn: string }

/** What a call gives up to another: a leg and its party. `by` is the leg in the other call that transfers. */
export type GivenUp = {
  readonly given: Leg
  readonly party: Party
  readonly from: Pick<Call, 'connID' | 'callUUID' | 'userData' | 'media'>
  readonly by: string
}

/** How a call ended (contract §5). */
export type Ending = {
  readonly by: 'customer' | 'agent' | 'carrier' | 'cluster'
  readonly cause: string
  readonly status?: number
}

export type Call = {
  readonly callUUID: string
  readonly connID: string
  readonly callType: CallType
  readonly ani: string
  readonly dnis: string
  readonly origin: Origin
  /** What To and From of our INVITEs name it by. */
  readonly from: string
  /** How the phone is called that RequestMakeCall calls first. */
  readonly summons?: { readonly uri: string; readonly from: string }
  /** P-Asserted-Identity, Privacy and the like of our INVITEs. */
  readonly identity: Fields
  /** The same to a trunk, where it is told something else. */
  readonly outside?: { readonly from: string; readonly identity: Fields }
  readonly media: MediaPolicy
  readonly dc: string
  readonly times: Pick<CallSettings, 'offerTimeout' | 'ringTimeout'>
  readonly userData: KeyValueList
  readonly parties: readonly Party[]
  readonly legs: Readonly<Record<string, Leg>>
  readonly queue?: Queue | undefined
  readonly pending?: Pending | undefined
  /** Who has sent the call elsewhere, in order. */
  readonly redirected?: readonly Redirected[]
  readonly transfer?: Transfer | undefined
  /** Leg `by` of that DN is to take the place of `leg`. */
  readonly replacing?: { readonly leg: string; readonly by: string; readonly dn: string } | undefined
  /** Media servers in a row that did not take the call. */
  readonly mediaFailures: number
  /** The last number given to an event, to a call-based one, to a party, to a leg. */
  readonly eventNo: number
  readonly cSeq: number
  readonly lastParty: number
  readonly lastLeg: number
}
