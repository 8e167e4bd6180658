/** What comes to a user agent (RFC 3261 §8.2): whose dialog it is in, who takes it, and what needs neither. */
import { expiresSeconds } from '../message/headers/expires.ts'
import type { Message } from '../message/message.ts'
import type { RespondParts, ServerTransaction, TransactionUser } from '../transaction/transactions.ts'
import type { Hop } from '../transport/transport.ts'
import { CalleeSession, readDialog } from './callee-session.ts'
import { type Subscribing, Subscriptions } from './notifier.ts'
import type { IncomingSession, SessionUser } from './session.ts'
import type { SessionOwner } from './session-owner.ts'
import { originOf, type SessionTable } from './session-table.ts'
import type { Respond } from './user-agent.ts'

export class UserAgentServer implements TransactionUser {
  onInvite: ((incoming: IncomingSession) => { user: SessionUser }) | undefined
  onRequest: ((request: Message, respond: Respond, from: Hop) => void) | undefined
  onSubscribe: ((request: Message) => Subscribing) | undefined
  readonly subscriptions: Subscriptions
  private readonly owner: SessionOwner
  private readonly sessions: SessionTable
  /** Requests outside dialogs that have no final response yet. */
  private readonly waiting = new Set<string>()

  constructor(owner: SessionOwner, sessions: SessionTable) {
    this.owner = owner
    this.sessions = sessions
    this.subscriptions = new Subscriptions(owner)
  }

  /** Requests that wait for their answer. */
  get unanswered(): number {
    return this.waiting.size
  }

  request(transaction: ServerTransaction, request: Message): void {
    // §9.2: one that found its INVITE never comes here.
    if (request.method === 'CANCEL') {
      this.respond(transaction, 481)
      return
    }
    const fault = this.owner.fields.faultOf(request)
    if (fault !== undefined) this.respond(transaction, fault.status, { fields: fault.fields })
    else if (request.toTag !== '') this.requestInside(transaction, request)
    else if (request.method === 'INVITE') this.invited(transaction, request)
    else if (inDialogOnly.has(request.method)) this.respond(transaction, 481)
    else if (request.method === 'SUBSCRIBE' && this.onSubscribe !== undefined)
      this.subscribed(this.onSubscribe, transaction)
    else this.requestOutside(transaction, request)
  }

  acknowledged(ack: Message): void {
    this.sessions.of(ack)?.acknowledged(ack)
  }

  /** §12.2.2: 481 where there is no such dialog. */
  private requestInside(transaction: ServerTransaction, request: Message) {
    const session = this.sessions.of(request)
    if (session !== undefined) session.receive(transaction, request)
    else this.requestOfSubscription(transaction, request)
  }

  private requestOfSubscription(transaction: ServerTransaction, request: Message) {
    const subscription = this.subscriptions.of(request)
    if (subscription === undefined) this.respond(transaction, 481)
    else subscription.receive(transaction, request, askedFor(request))
  }

  private subscribed(decide: (request: Message) => Subscribing, transaction: ServerTransaction) {
    const { request } = transaction
    const { status, reason, fields, subscriber } = decide(request)
    if (subscriber === undefined) this.respond(transaction, status, { reason, fields })
    else this.subscriptions.begin(transaction, subscriber, askedFor(request))
  }

  private invited(transaction: ServerTransaction, request: Message) {
    const origin = originOf(request)
    const known = this.sessions.ofOrigin(origin)
    if (known !== undefined) known.join(transaction)
    else if (this.onInvite === undefined) this.respond(transaction, 480)
    else this.begin(this.onInvite, transaction, origin)
  }

  private begin(
    take: (incoming: IncomingSession) => { user: SessionUser },
    transaction: ServerTransaction,
    origin: string,
  ) {
    const dialog = readDialog(transaction.request, transaction.toTag)
    if (dialog === undefined) {
      // §8.1.1.8: without a Contact there is nothing to send requests to.
      this.respond(transaction, 400, { reason: 'Bad Contact, To or Record-Route' })
      return
    }
    const session = new CalleeSession(this.owner, transaction, dialog, origin)
    this.sessions.add(session)
    session.user = take(session).user
  }

  private requestOutside(transaction: ServerTransaction, request: Message) {
    const origin = originOf(request)
    // §8.2.2.2: it came by two ways, and the other one is being answered.
    if (this.waiting.has(origin)) this.respond(transaction, 482)
    else if (this.onRequest !== undefined) this.ask(this.onRequest, transaction, origin)
    else this.answerUnasked(transaction)
  }

  private ask(
    take: (request: Message, respond: Respond, from: Hop) => void,
    transaction: ServerTransaction,
    origin: string,
  ) {
    const { request, from } = transaction
    this.waiting.add(origin)
    const respond: Respond = (status, reason, fields, body) => {
      if (status >= 200) this.waiting.delete(origin)
      this.respond(transaction, status, { reason, fields, body })
    }
    take(request, respond, from)
    if (request.method !== 'OPTIONS' || transaction.answered) return
    this.waiting.delete(origin)
    this.answerUnasked(transaction)
  }

  /** §11.2: OPTIONS says what we understand; nobody is here for anything else. */
  private answerUnasked(transaction: ServerTransaction) {
    if (transaction.request.method !== 'OPTIONS') this.respond(transaction, 480)
    else this.respond(transaction, 200, { fields: [['Accept', 'application/sdp']] })
  }

  private respond(transaction: ServerTransaction, status: number, parts: RespondParts = {}) {
    const { method } = transaction.request
    const { fields } = this.owner
    const contact = status > 100 && status < 300 ? fields.contact(method, transaction.from) : undefined
    transaction.respond(status, { ...parts, contact, fields: fields.ofResponse(method, status, parts.fields) })
  }
}

/** Seconds; undefined where it does not say. */
function askedFor(request: Message): number | undefined {
  const field = request.header('Expires')
  return field === undefined ? undefined : expiresSeconds(field)
}

/** Without a To tag these belong to nothing (§12.2.2). */
const inDialogOnly = new Set(['BYE', 'UPDATE', 'INFO', 'PRACK'])
