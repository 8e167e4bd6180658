/**
 * An INVITE usage as a leg of a call sees it (RFC 3261 §13–§15): one INVITE, its dialog, the offers and answers in it.
 * What a body says is none of SIP's business here; when it may be sent is (RFC 3264 §4, §5; RFC 3261 §13.2.1, §14).
 * Events are told to the `SessionUser` in the order of the wire, one per turn of the call.
 */
import type { Message } from '../message/message.ts'

export type Body = { readonly type: string; readonly bytes: Buffer }
/** Extra header fields of a request or response: name and value, in order. */
export type Fields = readonly (readonly [name: string, value: string])[]

/** A session this side opened. */
export interface OutgoingSession extends Session {
  /**
   * CANCEL, as soon as a provisional response allows it (§9.1); a 2xx that crosses it is acknowledged and ended.
   * `failed` still follows: with the final response (487 as a rule), or 487 made here where a 2xx crossed.
   */
  cancel(fields?: Fields): void
}

/** A session the other side opened; exactly one of `accept` and `reject` ends the INVITE transaction. */
export interface IncomingSession extends Session {
  readonly invite: Message
  /** The offer; none when the caller wants ours (late offer). */
  readonly offer: Body | undefined
  /** 101–199; with a body it is an early answer. */
  progress(status: number, reason?: string, body?: Body, fields?: Fields): void
  /** 200 with the answer, or the offer where there was none. */
  accept(body: Body, fields?: Fields): void
  /** 300–699. */
  reject(status: number, reason?: string, fields?: Fields): void
}

export interface Session {
  readonly callID: string
  /** Our tag in the dialog; RFC 5707 names a connection by it. */
  readonly localTag: string
  /** The peer's in the dialog of our requests; empty before there is one. */
  readonly remoteTag: string
  /** All of the session as plain JSON data, for a copy of its owner to go on from. */
  snapshot(): object
  /** Re-INVITE, with an offer or without one to get one. One at a time: a second is answered 491 locally. */
  reinvite(offer: Body | undefined, done: (outcome: ReinviteOutcome) => void, fields?: Fields): void
  /** Any other request in the dialog: INFO, OPTIONS, NOTIFY, REFER. */
  request(method: string, done: (outcome: RequestOutcome) => void, fields?: Fields, body?: Body): void
  /** BYE; harmless when the session has ended. No event follows. */
  bye(fields?: Fields): void
}

export type RequestOutcome = { status: number; reason: string; response: Message | undefined }

/**
 * `status` 2xx with the other side's body. Where our re-INVITE had no offer, `acknowledge` must be called with the
 * answer; otherwise the ACK has left already. 491: try again after `retryAfter` ms (§14.1). 408 and 481 mean that the
 * dialog is gone.
 */
export type ReinviteOutcome = RequestOutcome & {
  body: Body | undefined
  acknowledge?: (answer: Body) => void
  retryAfter?: number
}

export interface SessionUser {
  /** A provisional response 101–199 to our INVITE; `dialog` tells forks apart (the remote tag). */
  progressed?(event: {
    status: number
    reason: string
    body: Body | undefined
    dialog: string
    response: Message
  }): void
  /** The first 2xx to our INVITE. Where it carries the offer, `acknowledge` must be called with the answer. */
  answered?(event: { body: Body | undefined; response: Message; acknowledge?: (answer: Body) => void }): void
  /** A final response 300–699 to our INVITE, or 408 (timer B), 503 (transport) made here. */
  failed?(event: { status: number; reason: string; response: Message | undefined }): void
  /** The caller's CANCEL; 487 has been sent. */
  cancelled?(event: { reason: string | undefined }): void
  /** The ACK to our 2xx, with the answer where our 2xx carried the offer. */
  acknowledged?(event: { body: Body | undefined }): void
  /** A re-INVITE from the other side (or UPDATE): answer with `accept` or `reject`. Glare is answered 491 below. */
  offered?(event: { offer: Body | undefined; accept(body: Body): void; reject(status: number): void }): void
  /** The other side's CANCEL of the re-INVITE that was told last; 487 has been sent, and an answer to it is void (§9.2). */
  offerCancelled?(): void
  /** Any other request in the dialog, e.g. INFO, REFER, OPTIONS, NOTIFY. */
  requested?(event: {
    request: Message
    respond(status: number, reason?: string, fields?: Fields, body?: Body): void
  }): void
  /** Its session timer wants a re-INVITE with the offer as it is, since the peer takes no UPDATE (RFC 4028 §7.4). */
  stale?(): void
  /** The session is over without our doing. */
  ended(event: { cause: EndCause; reason: string | undefined }): void
}

/** BYE, no ACK to our 2xx, 408 or 481 to a request of ours, or the session timer (RFC 4028 §10). */
export type EndCause = 'bye' | 'no-ack' | 'gone' | 'expired'
