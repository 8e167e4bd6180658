/**
 * A SIP user agent (RFC 3261 §8, §12–§15): sessions, requests outside dialogs, and the answers that every user agent
 * owes its peers. Policy is its owner's: what to do with a call, whom to challenge, when to probe a session.
 */
import type { Message } from '../message/message.ts'
import type { Hop } from '../transport/transport.ts'
import type { Identity } from './digest-client.ts'
import type { Subscribing } from './notifier.ts'
import type { Body, Fields, IncomingSession, OutgoingSession, RequestOutcome, SessionUser } from './session.ts'
import type { SessionTimerPolicy } from './session-timer.ts'

export type UserAgentOptions = {
  /** `Server` and `User-Agent`, e.g. `Ringmain/0.1.0`. */
  readonly product: string
  /** The user part of our Contact; its host is what the transport names for the hop, unless `contactHost` is given. */
  readonly contactUser?: string
  /** Host and port of our Contact where the transport's own address is not how we are reached, e.g. a node's name. */
  readonly contactHost?: string
  /** Where a request leaves whose next URI (first Route, else Request-URI) is `uri`; undefined: nowhere, 503. */
  nextHop(uri: string): Hop | undefined
  /** Methods beyond INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY that `onRequest` understands. */
  readonly methods?: readonly string[]
  /** RFC 4028; without it the user agent takes no part in session timers. */
  readonly sessionTimer?: SessionTimerPolicy
  /** Option tags for Supported; any other in Require is answered 420. */
  readonly supported?: readonly string[]
  /** §17.1.1.1; 500 ms unless told. */
  readonly T1?: number
  readonly T2?: number
}

/** An INVITE, or a request outside dialogs. `from` and `to` are name-addrs without tag. */
export type OutgoingRequest = {
  readonly method: string
  readonly requestURI: string
  readonly from: string
  readonly to: string
  readonly callID?: string
  readonly cseq?: number
  /** Route values in order, e.g. `<sip:127.0.0.1:5060;lr>`. */
  readonly route?: readonly string[]
  readonly fields?: Fields
  readonly body?: Body | undefined
}
/** `identity`: what challenges of its realm are answered with (RFC 3261 §22.2). */
export type Invitation = Omit<OutgoingRequest, 'method'> & { readonly identity?: Identity | undefined }

export type Respond = (status: number, reason?: string, fields?: Fields, body?: Body) => void

export interface UserAgent {
  /** Sends an INVITE. `user` hears exactly one of `answered` and `failed`. */
  invite(invitation: Invitation, user: SessionUser): OutgoingSession
  /** Sends a request outside dialogs; `done` is called once, with 408 or 503 made here where nobody answered. */
  request(request: OutgoingRequest, done: (outcome: RequestOutcome) => void): void
  /** Sets who takes incoming calls; without one they are answered 480. Answer 100 has been sent where it was due. */
  onInvite(handler: (incoming: IncomingSession) => { user: SessionUser }): void
  /** Sets who answers requests outside dialogs: REGISTER, MESSAGE, … and OPTIONS where `respond` is called in the turn. */
  onRequest(handler: (request: Message, respond: Respond, from: Hop) => void): void
  /** Sets who decides about SUBSCRIBE outside dialogs (RFC 6665 §4.2.1); without one it is asked as any request is. */
  onSubscribe(handler: (request: Message) => Subscribing): void
  /** Everything back to zero when the last call has ended. */
  counts(): { sessions: number; dialogs: number; requests: number }
}
