/**
 * What the Session Controller needs from the rest of its node, and what it offers. It knows neither T-Controller nor
 * Interaction Proxy: they implement these. Answers come by callback, since the one who answers may be another node.
 */
import type { Log } from '#platform/log/log.ts'
import type { Metrics } from '#platform/metrics/metrics.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import type { Trace } from '#platform/trace/trace.ts'
import type { Fields, IncomingSession, SessionUser } from '#protocols/sip/core/session.ts'
import type { Invitation, UserAgent } from '#protocols/sip/core/user-agent.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { IPVersion } from '../../model/ip-version.ts'

/**
 * Why a DN is wanted. `originate`: it dials by itself and is only told busy (never refused for being so); `routed`: an
 * agent is offered a call of a routing point; `direct`: a call or transfer to the DN itself.
 */
export type SeizePurpose = 'originate' | 'direct' | 'routed' | 'consult'

export type SeizeRequest = {
  readonly dn: string
  readonly connID: string
  readonly callUUID: string
  readonly purpose: SeizePurpose
  /** The router's reservation, where the routing request named one. */
  readonly reservation?: string | undefined
}

export type SeizeRefusal = 'busy' | 'out-of-service' | 'not-found' | 'not-ready' | 'reserved' | 'owner-unreachable'

export type SeizeReply =
  | {
      readonly granted: true
      readonly agentID?: string
      readonly owner: string
      /** Of the addresses that its phones have registered, where they are of one. */
      readonly ipVersion?: IPVersion
    }
  | { readonly granted: false; readonly cause: SeizeRefusal }

/** What became of a seized DN; a missed offer puts its agent to Not Ready *before* the EventReleased that follows. */
export type SeizeOutcome = 'ended' | 'unused' | 'no-answer' | 'rejected' | 'out-of-service'

/** The owners of DNs (architecture §4): every INVITE to a DN seizes it first. Fails closed. */
export interface Owners {
  seize(request: SeizeRequest, reply: (reply: SeizeReply) => void): void
  /**
   * Called exactly once per granted seizure, before the EventReleased or EventAbandoned of the DN is published, so that
   * agent events can precede it.
   */
  release(release: { dn: string; connID: string; outcome: SeizeOutcome }): void
  /** The DN went on in another call (a completed transfer): its seizure now names that call. */
  move(move: { dn: string; connID: string; to: string }): void
}

/** Who sent a T-Library request; kept by the controller until its first answer. */
export interface Requester {
  /** An answer that is no event of the call, e.g. EventPartyInfo. */
  answer(event: object): void
  /** EventError. */
  refuse(errorCode: number, errorMessage: string): void
}

/**
 * Where events go, in eventNo order per call, within the turn of the effects around them. With `answers`, the event is
 * that requester's first answer: its copy repeats the refID, and it gets one even when it did not register the DN.
 * EventRouteRequest is kept by the port until its call leaves the routing point, and repeated (same eventNo) to a
 * router that registers later.
 */
export interface Publisher<Event> {
  publish(event: Event, answers?: Requester): void
}

export type MediaPolicy = 'direct' | 'anchored'

/** Where a number leads. `uri`: the Request-URI that reaches it. */
export type Destination =
  | { readonly kind: 'dn'; readonly dn: string; readonly uri: string; readonly media: MediaPolicy }
  | {
      readonly kind: 'routing-point'
      readonly dn: string
      readonly media: MediaPolicy
      /** Where its calls go when no router takes them. */
      readonly defaultDestination?: string
    }
  | {
      readonly kind: 'service'
      readonly dn: string
      readonly service: 'echo' | 'announcement' | 'music'
      /** What it plays; `announcement` or `music` unless told. */
      readonly prompt?: string
    }
  | {
      readonly kind: 'trunk'
      readonly trunk: string
      readonly number: string
      /** The Request-URI, e.g. `sip:442079460018@127.0.0.1:6060`. */
      readonly uri: string
      readonly media: MediaPolicy
      /** Of its servers, where they are of one. */
      readonly ipVersion?: IPVersion
    }

/** Who calls: one of our DNs, or somebody on a trunk. */
export type Origin =
  | { readonly kind: 'dn'; readonly dn: string; readonly media: MediaPolicy }
  | { readonly kind: 'trunk'; readonly trunk: string; readonly number: string; readonly media: MediaPolicy }

/** The configuration as calls read it. */
export interface Directory {
  /** Where an INVITE to a DN goes, e.g. `sip:1001@ringmain`: the proxies know its contacts. */
  uriOf(dn: string): string
  destination(number: string): Destination | undefined
  isEmergency(number: string): boolean
  /** The number that an INVITE of this origin asks for. Throws `MalformedMessage`. */
  dialled(invite: Message, origin: Origin): string
  /** Whether callers hear what comes by this trunk before the answer. */
  hasEarlyMedia(trunk: string): boolean
  /** An INVITE as it goes out by this trunk. */
  outwards(trunk: string, invitation: Invitation): Invitation
  /** By From and source; `undefined` when no trunk takes it (403). A From with one of our DNs is that DN, always. */
  origin(invite: Message): Origin | undefined
}

/** Digest for requests whose From is one of our DNs (§22). */
export interface Authenticator {
  authenticate(request: Message): { ok: true } | { ok: false; status: number; reason: string; fields: Fields }
}

/** Counts the legs of each trunk. */
interface TrunkCounts {
  /** One leg more; false where the trunk may not have it. */
  take(trunk: string, number: string): boolean
  release(trunk: string): void
}

/** Counts the legs that go outside on behalf of each of our DNs. */
export interface OutsideCounts {
  /** One leg more, to this number; or why not. */
  take(dn: string, number: string): 'forbidden' | 'limit' | undefined
  release(dn: string): void
}

export interface Ports<Event> {
  readonly outside: OutsideCounts
  readonly trunks: TrunkCounts
  readonly owners: Owners
  readonly publisher: Publisher<Event>
  readonly directory: Directory
  readonly authenticator: Authenticator
}

/** The configuration's times and limits, as they are now. */
export type CallSettings = {
  /** ms a routed offer rings. */
  readonly offerTimeout: number
  /** ms a direct call rings. */
  readonly ringTimeout: number
  /** Live calls beyond which a new INVITE is answered 503. */
  readonly mostCalls: number
}

/** What `createSessionController` (session-controller.ts) takes. */
export type SessionControllerOptions<Event> = {
  readonly runtime: Runtime
  readonly log: Log
  readonly metrics: Metrics
  readonly trace: Trace
  readonly userAgent: UserAgent
  readonly ports: Ports<Event>
  readonly node: { readonly name: string; readonly dc: string; readonly number: number; readonly epoch: number }
  readonly settings: () => CallSettings
  /**
   * Whether there is room for one more call: asked once for each, when it is known who calls. `thinned`: proxies keep back
   * a share of such calls, as the node tells them.
   */
  readonly admitsCall: (thinned: boolean) => boolean
}

/** What the Session Controller offers to its node. */
export interface SessionController<Request> {
  /** A new INVITE; its events go to what is returned. */
  invited(session: IncomingSession): SessionUser
  /** A T-Library request about calls; its first answer is an event published with `answers`, or the requester's own. */
  request(request: Request, requester: Requester): void
  /** Whether the call still has the DN: the owner asks, and frees what is denied. */
  holds(connID: string, dn: string): boolean
  /** The owner lost the DN's phone: an offer to it goes back to the queue, a talk goes on until its leg is gone. */
  withdraw(connID: string, dn: string): void
  /** Live calls. */
  readonly active: number
  /** Refuses new calls with 503 and resolves when the last one has ended. */
  drain(): Promise<void>
  /** BYE to all, ending `shutdown`; resolves when the BYEs have been handed to the transport and events published. */
  stop(): Promise<void>
}
