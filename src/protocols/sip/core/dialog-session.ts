/**
 * What both sides of an INVITE usage have in common: the requests in its dialogs (RFC 3261 §12.2), re-INVITE and UPDATE
 * (§14, RFC 3311), BYE (§15). All that is kept is copies: a session of an hour keeps no message alive.
 */
import { fraction } from '#platform/runtime/fraction.ts'
import { counted, type Dialog, nextURI, type RequestContent, received, refreshed, requestIn } from '../dialog/dialog.ts'
import { buildRequest } from '../message/build-request.ts'
import type { Body, Draft, Fields } from '../message/draft.ts'
import { MalformedMessage } from '../message/errors.ts'
import { fieldId } from '../message/field-names.ts'
import { formatReason } from '../message/headers/reason.ts'
import type { Message } from '../message/message.ts'
import { own } from '../message/scan.ts'
import type { ClientUser, RespondParts, ServerTransaction } from '../transaction/transactions.ts'
import type { Hop } from '../transport/transport.ts'
import { branchOfAck } from './ack-branch.ts'
import { type Challenges, Unchallenged } from './challenges.ts'
import { hasBody } from './message-body.ts'
import { OneRequest, unanswered, untilItLeaves } from './request-outcome.ts'
import type { ReinviteOutcome, RequestOutcome, Session, SessionUser } from './session.ts'
import { SessionExchange } from './session-exchange.ts'
import type { SessionOwner } from './session-owner.ts'
import { SessionTimer, type SessionTimerPolicy } from './session-timer.ts'
import { Turns } from './session-turns.ts'

/** `Accepted`: there is a 2xx, but its ACK has not come or left yet. */
export type Phase = 'Early' | 'Accepted' | 'Confirmed' | 'Over'

type HeldReinvite = { offer: Body | undefined; done: (outcome: ReinviteOutcome) => void; fields: Fields | undefined }

export abstract class DialogSession implements Session {
  readonly callID: string
  readonly localTag: string
  readonly owner: SessionOwner
  readonly turns = new Turns(this)
  user: SessionUser = nobody
  /** One for each fork while early; one when confirmed. The last one is that of our requests. */
  protected dialogs: Dialog[] = []
  protected exchange: SessionExchange | undefined
  protected byeFields: Fields | undefined
  /** A re-INVITE wanted before the ACK of the INVITE (§14.1): it leaves after it. */
  private held: HeldReinvite | undefined
  protected timer: SessionTimer | undefined
  /** Where the other side is a provider that may ask for our password. */
  protected challenges: Challenges | undefined
  /** What proved us in the last INVITE. */
  protected credentials: Fields | undefined
  /** Since when its flow is gone, on our clock. */
  private unreachableSince: number | undefined
  private byePending = false

  constructor(owner: SessionOwner, callID: string, localTag: string) {
    this.owner = owner
    this.callID = callID
    this.localTag = localTag
  }

  abstract get phase(): Phase
  /** Whether this side opened the session, and so made its Call-ID. */
  abstract readonly isCaller: boolean
  /** The machine has nothing to wait for, but perhaps repeated 2xx, which its transaction brings. */
  protected abstract readonly finished: boolean
  /** Why no offer can be taken now although the dialog lives; 0: it can. */
  protected abstract offerFault(remoteTag: string): 0 | 491 | 500
  protected abstract usageOver(): void
  protected abstract usageBye(): void
  /** The ACK with the number of the INVITE that began the session. */
  protected abstract usageAcknowledged(ack: Message): boolean
  abstract snapshot(): object

  get remoteTag(): string {
    return this.dialogs[this.dialogs.length - 1]?.remoteTag ?? ''
  }

  /** Dialogs, early ones included. */
  get dialogCount(): number {
    return this.dialogs.length
  }

  reinvite(offer: Body | undefined, done: (outcome: ReinviteOutcome) => void, fields?: Fields): void {
    const { phase } = this
    if (phase === 'Confirmed') this.exchanging().reinvite(offer, done, fields)
    else if (phase === 'Accepted' && this.held === undefined) this.held = { offer, done, fields }
    else this.exchanging().refuse(phase === 'Over' ? 481 : 491, done)
  }

  request(method: string, done: (outcome: RequestOutcome) => void, fields?: Fields, body?: Body): void {
    if (this.phase === 'Over' || this.dialogs.length === 0) {
      this.owner.runtime.clock.turn(() => done(unanswered(481)))
      return
    }
    const user = new OneRequest((outcome) => {
      done(outcome)
      // RFC 5057 §5.1: who wants no NOTIFY ends his subscription, not the session in the same dialog.
      if (method !== 'NOTIFY') this.heard(outcome)
    })
    this.send(method, { fields, body }, user)
  }

  bye(fields?: Fields): void {
    if (this.phase === 'Over') return
    this.byeFields = fields
    this.exchange?.giveUp()
    this.usageBye()
  }

  /** A request in one of our dialogs, checked by §8.2 already. */
  receive(transaction: ServerTransaction, request: Message): void {
    const index = this.indexOf(request.fromTag)
    const dialog = this.dialogs[index]
    if (dialog === undefined || (this.phase === 'Over' && request.method !== 'BYE')) this.respond(transaction, 481)
    else this.receiveIn(index, received(dialog, request.cseq), transaction, request)
  }

  /** An ACK that belongs to no transaction. */
  acknowledged(ack: Message): void {
    if (!this.usageAcknowledged(ack)) this.exchange?.acknowledged(ack)
  }

  /** Sends a request in our dialog, or in another one, which need not be kept; its number. */
  send(method: string, content: RequestContent, user: ClientUser, of = this.dialog): number {
    const dialog = counted(of)
    const at = this.dialogs.indexOf(of)
    if (at >= 0) this.dialogs[at] = dialog
    const hop = this.owner.nextHop(nextURI(dialog))
    if (hop === undefined) this.owner.runtime.clock.turn(() => user.failed('transport'))
    else this.transmit(dialog, method, content, hop, user)
    return dialog.localCSeq
  }

  private transmit(dialog: Dialog, method: string, content: RequestContent, hop: Hop, user: ClientUser) {
    const { challenges, owner } = this
    if (challenges === undefined) {
      owner.transactions.request(this.draft(dialog, method, dialog.localCSeq, hop, content), hop, user)
      return
    }
    const credentials = challenges.take()
    if (method === 'INVITE') this.credentials = credentials
    const all = { ...content, fields: [...(content.fields ?? []), ...credentials] }
    const now = () => this.dialogs[this.indexOf(dialog.remoteTag)] ?? dialog
    const again = (response: Message) =>
      this.challenged(response, content.body, now()) && this.send(method, content, user, now()) > 0
    // Whoever re-INVITEs sends it again himself: its number is that of the ACK.
    const hears = method === 'INVITE' ? user : new Unchallenged(user, again)
    owner.transactions.request(this.draft(dialog, method, dialog.localCSeq, hop, all), hop, hears)
  }

  /** Whether a request in the dialog has a chance when it is sent again (§22.2). */
  challenged(response: Message, body: Body | undefined, dialog = this.dialog): boolean {
    return this.challenges?.answered(response, dialog.remoteTarget, body) === true
  }

  /** The ACK to a 2xx (§13.2.2.4): nobody can ask it for credentials, so it has those of its INVITE. */
  acknowledge(cseq: number, body: Body | undefined, dialog = this.dialog): void {
    const hop = this.owner.nextHop(nextURI(dialog))
    const draft = buildRequest(requestIn(dialog, 'ACK', cseq, { body, fields: this.credentials }))
    if (hop !== undefined) this.owner.transactions.send(draft, hop, branchOfAck(dialog, cseq))
  }

  respond(transaction: ServerTransaction, status: number, parts: RespondParts = {}): void {
    const { method } = transaction.request
    const { fields } = this.owner
    const contact = status > 100 && status < 300 ? fields.contact(method, transaction.from) : undefined
    transaction.respond(status, { ...parts, contact, fields: fields.ofResponse(method, status, parts.fields) })
  }

  /** §12.2.1.2: 408 and 481 say that the dialog is gone, as nobody answering does; so does 430 that lasts. */
  heard({ status, reason }: RequestOutcome): void {
    const unreachable = this.isUnreachable(status)
    if ((status !== 408 && status !== 481 && !unreachable) || this.phase === 'Early' || this.phase === 'Over') return
    const { user } = this
    if (status === 408 && this.phase === 'Confirmed') this.sendBye()
    this.usageOver()
    user.ended({ cause: 'gone', reason: `${status} ${reason}` })
  }

  /** RFC 5626 §5.3: the connection to the peer has gone, and it has had time to come back. */
  private isUnreachable(status: number): boolean {
    const now = this.owner.runtime.clock.monotonic()
    this.unreachableSince = status === 430 ? (this.unreachableSince ?? now) : undefined
    return this.unreachableSince !== undefined && now - this.unreachableSince >= flowGrace
  }

  /** A target refresh (§12.2.1.2) by the 2xx to our re-INVITE. Nothing where its Contact is none. */
  refresh(message: Message): void {
    this.refreshAt(this.dialogs.length - 1, message)
  }

  /** What a re-INVITE or UPDATE of ours asks for of its session timer. */
  get timerFields(): Fields {
    return this.timer === undefined ? [] : this.timer.fields
  }

  /** A 2xx to an INVITE or UPDATE of ours. Without the field nothing is made for a timer that is not there. */
  timerAgreed(response: Message): void {
    const { sessionTimer } = this.owner
    if (sessionTimer === undefined || (this.timer === undefined && !response.has(SESSION_EXPIRES))) return
    this.timing(sessionTimer).agreed(response)
  }

  /** What our 2xx in the dialog says of it; one before the session has begun, nothing. */
  timerGranted(request: Message): Fields {
    return this.phase === 'Early' ? [] : this.timerGrant(request)
  }

  /** What our 2xx to an INVITE or UPDATE of theirs says of it. */
  timerGrant(request: Message): Fields {
    const { sessionTimer } = this.owner
    if (sessionTimer === undefined || (this.timer === undefined && !request.has(SESSION_EXPIRES))) return []
    return this.timing(sessionTimer).grant(request, sessionTimer)
  }

  /** RFC 4028 §7.3: true where the request is to be sent again with what the 422 wants. */
  timerRaised(response: Message): boolean {
    const { sessionTimer } = this.owner
    return response.status === 422 && sessionTimer !== undefined && this.timing(sessionTimer).raise(response)
  }

  /** RFC 4028 §10: nobody has refreshed the session. */
  expire(): void {
    const { user } = this
    this.byeFields = [['Reason', formatReason({ protocol: 'SIP', cause: 408, text: 'Session Timer Expired' })]]
    this.usageBye()
    user.ended({ cause: 'expired', reason: undefined })
  }

  /** No ACK to our 2xx of a re-INVITE. */
  endWithoutAck(): void {
    const { user } = this
    this.usageBye()
    user.ended({ cause: 'no-ack', reason: undefined })
  }

  protected get dialog(): Dialog {
    const dialog = this.dialogs[this.dialogs.length - 1]
    if (dialog === undefined) throw new TypeError(`session ${this.callID} has no dialog yet`)
    return dialog
  }

  protected indexOf(remoteTag: string): number {
    for (let index = 0; index < this.dialogs.length; index++)
      if (this.dialogs[index]?.remoteTag === remoteTag) return index
    return -1
  }

  /** The ACK of the INVITE has come or left. */
  protected confirmedNow(): void {
    const { held } = this
    this.held = undefined
    if (held !== undefined) this.reinvite(held.offer, held.done, held.fields)
  }

  protected sendBye(): void {
    if (this.byePending) return
    this.byePending = true
    const content = { fields: this.byeFields }
    this.byeFields = undefined
    const { runtime, timing, transactions } = this.owner
    const send = (user: ClientUser) => void this.send('BYE', content, user)
    // Whatever comes of it, the session has ended; until then a BYE that crosses ours is answered.
    untilItLeaves(runtime.clock, timing, transactions, send, () => {
      this.byePending = false
      this.settle()
    })
  }

  /** After each turn: lets go of what waits, and of the session itself, where it has ended. */
  settle(): void {
    if (this.phase !== 'Over') return
    const { held } = this
    this.held = undefined
    this.exchange?.over()
    this.timer?.over()
    if (held !== undefined) this.exchanging().refuse(481, held.done)
    if (!this.finished || this.byePending) return
    this.owner.retire(this)
    // Transactions keep the session for half a minute, for repeated 2xx; whose leg it was need not wait for that.
    this.user = nobody
  }

  private receiveIn(index: number, dialog: Dialog | undefined, transaction: ServerTransaction, request: Message) {
    // §12.2.2: out of order.
    if (dialog === undefined) {
      this.respond(transaction, 500)
      return
    }
    this.dialogs[index] = dialog
    const { method } = request
    if (method === 'BYE') this.receiveBye(transaction, request)
    else if (method === 'INVITE' || method === 'UPDATE') this.receiveOffer(index, transaction, request)
    else if (method === 'PRACK') this.receivePrack(transaction, request)
    else this.receiveOther(transaction, request)
  }

  /** RFC 3262 §3: nothing of ours waits for it. */
  protected receivePrack(transaction: ServerTransaction, _request: Message): void {
    this.respond(transaction, 481)
  }

  /** The user has accepted an offer of theirs. */
  offerTaken(_request: Message): void {}

  private receiveBye(transaction: ServerTransaction, request: Message) {
    const { phase, user } = this
    // §15: who is called may not end an early dialog so.
    if (phase === 'Early' && this.isCaller) {
      this.respond(transaction, 481)
      return
    }
    this.respond(transaction, 200)
    this.usageOver()
    if (phase !== 'Over') user.ended({ cause: 'bye', reason: reasonOf(request) })
  }

  private receiveOffer(index: number, transaction: ServerTransaction, request: Message) {
    const offerless = request.method === 'UPDATE' && !hasBody(request)
    const fault = offerless ? 0 : this.offerFault(request.fromTag)
    if (fault !== 0) this.refuseOffer(transaction, fault)
    else if (!this.refreshAt(index, request)) this.respond(transaction, 400, { reason: 'Bad Contact' })
    // RFC 3311 §5.2: without an offer it only refreshes.
    else if (offerless) this.respond(transaction, 200, { fields: this.timerGranted(request) })
    else this.exchanging().receive(transaction, request)
  }

  /** §14.2, RFC 3311 §5.2: with 500, when to try again, up to ten seconds. */
  refuseOffer(transaction: ServerTransaction, status: 491 | 500): void {
    const seconds = Math.floor(11 * fraction(this.owner.runtime.random))
    this.respond(transaction, status, status === 500 ? { fields: [['Retry-After', String(seconds)]] } : {})
  }

  private receiveOther(transaction: ServerTransaction, request: Message) {
    const { user } = this
    if (user.requested === undefined) {
      this.respond(transaction, unasked(request))
      return
    }
    user.requested({
      request,
      respond: (status, reason, fields, body) => this.respond(transaction, status, { reason, fields, body }),
    })
    if (request.method === 'OPTIONS' && !transaction.answered) this.respond(transaction, 200)
  }

  private refreshAt(index: number, message: Message): boolean {
    const dialog = this.dialogs[index]
    if (dialog === undefined) return false
    try {
      this.dialogs[index] = refreshed(dialog, message)
      return true
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
      return false
    }
  }

  private timing(policy: SessionTimerPolicy): SessionTimer {
    this.timer ??= new SessionTimer(this, policy)
    return this.timer
  }

  protected exchanging(): SessionExchange {
    this.exchange ??= new SessionExchange(this)
    return this.exchange
  }

  private draft(dialog: Dialog, method: string, cseq: number, hop: Hop, content: RequestContent): Draft {
    const contact = this.owner.fields.contact(method, hop)
    const fields = this.owner.fields.ofRequest(method, content.fields)
    return buildRequest(requestIn(dialog, method, cseq, { contact, fields, body: content.body }))
  }
}

/** ms in which an endpoint whose connection broke registers over another one: what browsers wait at most, and some. */
const flowGrace = 40_000

const SESSION_EXPIRES = fieldId('Session-Expires')

const nobody: SessionUser = { ended() {} }

/** The text of Reason (RFC 3326). */
export function reasonOf(request: Message): string | undefined {
  const reason = request.header('Reason')
  return reason === undefined ? undefined : own(reason)
}

/** What a request in the dialog gets whose user takes none. */
function unasked(request: Message): number {
  const { method } = request
  if (method === 'OPTIONS') return 200
  // RFC 6665 §4.1.3: there is no subscription; RFC 3515 §2.4.2: nobody refers us.
  if (method === 'NOTIFY') return 481
  if (method === 'REFER') return 603
  // RFC 6086 §5.3: an INFO of the old kind, without content, only asks whether we are there.
  if (method === 'INFO') return hasBody(request) ? 415 : 200
  return 405
}
