/** What users of transactions see (RFC 3261 §17): user agents and proxies stand on these. */
import type { Body, Draft, Fields } from '../message/draft.ts'
import type { Message } from '../message/message.ts'
import type { Hop } from '../transport/transport.ts'

export interface Transactions {
  /**
   * Sends a request in a transaction of its own; its topmost Via, with the branch, is put on here. With a full table
   * or a transport that fails at once, `failed` is still told, after this has returned; so it is when this is closed.
   */
  request(draft: Draft, hop: Hop, user: ClientUser, options?: RequestOptions): ClientTransaction
  /**
   * Sends a request outside of transactions, with a topmost Via of its own: the ACK to a 2xx, and requests a proxy
   * passes on without state. `branch`: what follows the cookie, the same for what is the same request once more.
   */
  send(draft: Draft, hop: Hop, branch?: string): Message
  /** The same message once more, e.g. the ACK to a 2xx that came again. */
  resend(message: Message, hop: Hop): void
  /** Passes on a response without a transaction: bytes as given, to where its topmost Via says (§18.2.2). */
  sendResponse(response: Message, hop?: Hop): void
  /** Sets the only user. Call it before the first message can come. */
  use(user: TransactionUser): void
  /** Transactions that are open, for health, metrics and tests that expect none to be left. */
  readonly open: { readonly client: number; readonly server: number }
  /** Ends every transaction without a word; nothing is sent afterwards. */
  close(): void
  readonly closed: boolean
}

export interface TransactionUser {
  /** A new request: all but ACK, and but CANCELs that found their INVITE. */
  request(transaction: ServerTransaction, request: Message): void
  /** An ACK that belongs to no transaction: that to a 2xx (§13.3.1.4), or a stray one. */
  acknowledged(ack: Message, from: Hop): void
  /** A response that belongs to no transaction; one to a request sent outside of them, or a stray one. */
  stray?(response: Message, from: Hop): void
}

export interface ClientUser {
  /** Each response once: provisional ones, the final one; every 2xx to an INVITE, forks and repetitions too. */
  response(response: Message, from: Hop): void
  /** No final response: none came in time (timer B, F; after a CANCEL too) or the request could not be sent. */
  failed(cause: 'timeout' | 'transport'): void
}

export type RequestOptions = {
  /** What follows `z9hG4bK` instead of a random branch: a proxy's loop detection and replicated branches. */
  readonly branch?: string
  /** More parameters for the Via that is put on, e.g. `;ob`. */
  readonly viaParameters?: string
}

export interface ClientTransaction {
  /** As it was sent, Via included. */
  readonly request: Message
  readonly branch: string
  readonly hop: Hop
  /**
   * INVITE only, else nothing happens: CANCEL with the same branch (§9.1), as soon as a provisional response has come;
   * dropped when a final one comes first. Without a final response 64·T1 later: `failed('timeout')`.
   */
  cancel(fields?: Fields): void
  /** Forgets the transaction without a word: nothing more is told or sent. */
  abandon(): void
}

export interface ServerTransaction {
  /** As it came, with `received` and `rport` put into its topmost Via. */
  readonly request: Message
  /** Where it came from. */
  readonly from: Hop
  /** Lets go of the request, for a user that does no more than pass on responses: it would be kept for 32 s. */
  release(): void
  /** Made once for this transaction: the tag for every response this side makes. */
  readonly toTag: string
  /** Whether a final response has been given. */
  readonly answered: boolean
  /** Sets who is told what comes later. */
  use(user: ServerUser): void
  /**
   * Sends a response as it is: built with `buildResponse`, or one passed on by a proxy whose own Via has been taken
   * off. A second final response is ignored, but for 2xx to INVITE, which is sent each time.
   */
  send(response: Message): void
  /**
   * A refusal is repeated only when the request is, not by timer G: whose address may be forged is sent no more than he
   * seems to have sent (RFC 3261 §8.2.7). Until the user lets him in by a provisional response other than 100.
   */
  answerOnce(): void
  /** All but INVITE, else nothing happens: it gets no answer (RFC 4320 §4.2); repetitions are absorbed for 64·T1. */
  giveUp(): void
  /** Builds and sends: `toTag` is added where the request has none and the status is above 100. */
  respond(status: number, parts?: RespondParts): Message
}

export type RespondParts = {
  readonly reason?: string | undefined
  readonly contact?: string | undefined
  readonly fields?: Fields | undefined
  readonly body?: Body | undefined
}

/** What nobody wants to know. */
export const nobody: ServerUser = {}

export interface ServerUser {
  /** A CANCEL for this INVITE came before its final response and has been answered 200; 487 is the user's to send. */
  cancelled?(cancel: Message): void
  /** The ACK to a final response 300–699 came. */
  acknowledged?(ack: Message): void
  /** No ACK to a final response 300–699 came in 64·T1 (timer H), or a response could not be sent. */
  failed?(cause: 'timeout' | 'transport'): void
}
