/** A session the other side opened: RFC 3261 §13.3, §9.2, and the retry of its INVITE through another proxy. */
import { type Dialog, dialogOfCallee } from '../dialog/dialog.ts'
import { type Effect, type Input, inviteServerUsage, type State, type Usage } from '../dialog/invite-server-usage.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Body, Fields } from '../message/draft.ts'
import { MalformedMessage } from '../message/errors.ts'
import { fieldId } from '../message/field-names.ts'
import { hasOptionTag } from '../message/headers/option-tags.ts'
import type { Message } from '../message/message.ts'
import type { ServerTransaction, ServerUser } from '../transaction/transactions.ts'
import { DialogSession, type Phase, reasonOf } from './dialog-session.ts'
import { MachineInTurn, type Performer } from './machine-in-turn.ts'
import { bodyOf, hasBody } from './message-body.ts'
import { plainly } from './plainly.ts'
import { ReliableProvisionals, type ReliableUser } from './reliable-provisionals.ts'
import type { IncomingSession } from './session.ts'
import type { SessionOwner } from './session-owner.ts'

type Performed = Exclude<Effect, { type: 'start' }>

const phases: Readonly<Record<State, Phase>> = {
  Proceeding: 'Early',
  Accepted: 'Accepted',
  Ending: 'Over',
  Confirmed: 'Confirmed',
  Terminated: 'Over',
}

const none: Fields = []
const REQUIRE = fieldId('Require')
const requiresReliable = (invite: Message): boolean => invite.has(REQUIRE) && hasOptionTag(invite, 'Require', '100rel')

type Answer = {
  readonly reason?: string | undefined
  readonly body?: Body | undefined
  readonly fields?: Fields | undefined
}

export class CalleeSession
  extends DialogSession
  implements IncomingSession, ServerUser, Performer<Performed>, ReliableUser
{
  readonly isCaller = false
  /** What tells a request that came by two ways (§8.2.2.2). */
  readonly origin: string
  private readonly cseq: number
  private readonly offered: boolean
  private readonly usage: MachineInTurn<State, Input, Usage, Effect>
  /** The newest one; until its ACK. */
  private transaction: ServerTransaction | undefined
  private theirOffer: Body | undefined
  /** Where the caller requires reliable provisional responses (RFC 3262). */
  private readonly reliable: ReliableProvisionals | undefined
  /** A reliable one carries our answer: none other may; and it has been acknowledged. */
  private described = false
  private agreedEarly = false

  /** `dialog` is that of `transaction`'s INVITE. */
  constructor(owner: SessionOwner, transaction: ServerTransaction, dialog: Dialog, origin: string) {
    const { request } = transaction
    super(owner, dialog.callID, dialog.localTag)
    this.origin = origin
    this.cseq = request.cseq
    this.dialogs = [dialog]
    this.theirOffer = bodyOf(request)
    this.offered = this.theirOffer !== undefined
    const { T1, T2 } = owner.timing
    const first = { state: 'Proceeding', data: { T1, T2, repeatAfter: T1, response: undefined } } as const
    this.usage = new MachineInTurn(owner.drive, inviteServerUsage, first, this.turns, this)
    this.reliable = requiresReliable(request) ? new ReliableProvisionals(this, request.cseq) : undefined
    this.transaction = transaction
    transaction.use(this)
  }

  get phase(): Phase {
    return phases[this.usage.state]
  }

  get invite(): Message {
    if (this.transaction === undefined)
      throw new TypeError('the INVITE is not kept beyond its ACK: copy what is needed')
    return this.transaction.request
  }

  get offer(): Body | undefined {
    return this.theirOffer
  }

  progress(status: number, reason?: string, body?: Body, fields?: Fields): void {
    this.answer('progress', status, { reason, body, fields })
  }

  accept(body: Body, fields?: Fields): void {
    this.answer('accept', 200, { body, fields })
  }

  reject(status: number, reason?: string, fields?: Fields): void {
    this.answer('reject', status, { reason, fields })
  }

  snapshot(): object {
    const { callID, localTag, cseq, offered, dialogs } = this
    const invite = plainly(this.transaction?.request)
    const usage = plainly(this.usage.snapshot())
    const exchange = plainly(this.exchange?.snapshot())
    const timer = this.timer?.snapshot()
    const reliable = plainly(this.reliable?.snapshot())
    return { role: 'callee', callID, localTag, cseq, offered, dialogs, invite, usage, exchange, timer, reliable }
  }

  /**
   * The same INVITE by another way. Deviates from §8.2.2.2: a caller who tries another proxy because the first one is
   * gone joins the call, and the answers take the newest way; the older one is refused as merged.
   */
  join(transaction: ServerTransaction): void {
    const older = this.transaction
    if (older === undefined || this.phase === 'Confirmed' || this.usage.state === 'Terminated') {
      this.respond(transaction, 482)
      return
    }
    const dialog = readDialog(transaction.request, this.localTag)
    if (dialog === undefined) {
      this.respond(transaction, 400)
      return
    }
    older.use({})
    if (!older.answered) this.respond(older, 482)
    this.transaction = transaction
    transaction.use(this)
    this.dialogs = [{ ...dialog, state: this.dialog.state, localCSeq: this.dialog.localCSeq }]
    this.reliable?.join(transaction.request)
    this.usage.input({ type: 'join', invite: transaction.request })
  }

  /** ServerUser. */
  cancelled(cancel: Message): void {
    this.usage.input({ type: 'cancel', cancel })
  }

  perform(effect: Performed): void {
    if (effect.type === 'respond') this.transaction?.send(effect.response)
    else if (effect.type === 'refuse') this.refuse(effect.status)
    else if (effect.type === 'bye') this.sendBye()
    else if (effect.type === 'noAck') this.user.ended({ cause: 'no-ack', reason: undefined })
    else if (effect.event === 'cancelled') this.user.cancelled?.({ reason: reasonOf(effect.request) })
    else this.confirmed(effect.request)
  }

  terminated(): void {
    this.letGo()
  }

  protected get finished(): boolean {
    return this.usage.state === 'Terminated'
  }

  protected offerFault(): 0 | 491 | 500 {
    // §14.2, RFC 3311 §5.2: the first offer is not answered yet, unless by a reliable response.
    if (this.phase === 'Early') return this.agreedEarly ? 0 : 500
    // RFC 5407 §3.1.5: a new offer proves that our answer has come; where our own offer is open it is glare.
    return this.phase === 'Accepted' && !this.offered ? 491 : 0
  }

  protected usageOver(): void {
    if (this.usage.state !== 'Terminated') this.usage.input({ type: 'over' })
  }

  protected usageBye(): void {
    this.usage.input({ type: 'bye' })
  }

  protected usageAcknowledged(ack: Message): boolean {
    if (ack.cseq !== this.cseq) return false
    const { state } = this.usage
    if (state !== 'Proceeding' && state !== 'Terminated') this.usage.input({ type: 'ack', ack })
    return true
  }

  private answer(type: 'progress' | 'accept' | 'reject', status: number, parts: Answer) {
    const { transaction } = this
    // A CANCEL may have come first.
    if (transaction === undefined || this.usage.state !== 'Proceeding') return
    if (type === 'reject') this.usage.input({ type, response: this.built(transaction, status, parts) })
    else if (type === 'accept') this.answerWith2xx(transaction, parts)
    else if (this.reliable !== undefined) this.provideReliably(transaction, this.reliable, status, parts)
    else this.usage.input({ type, response: this.built(transaction, status, parts) })
  }

  private answerWith2xx(transaction: ServerTransaction, parts: Answer) {
    const timer = this.timerGrant(transaction.request)
    const fields = timer.length === 0 ? parts.fields : [...timer, ...(parts.fields ?? none)]
    // RFC 3262 §5: the answer has been given.
    const body = this.described ? undefined : parts.body
    const response = this.built(transaction, 200, { ...parts, body, fields })
    if (this.reliable !== undefined) this.reliable.accept(response)
    else this.acceptNow(response)
  }

  /** RFC 3262 §5: a first one to an INVITE without an offer would have to carry ours; so there is none. */
  private provideReliably(
    transaction: ServerTransaction,
    reliable: ReliableProvisionals,
    status: number,
    { reason, body, fields = none }: Answer,
  ) {
    if (!this.offered) return
    const news = this.described ? undefined : body
    this.described ||= news !== undefined
    const all = (rseq: number): Fields => [['Require', '100rel'], ['RSeq', String(rseq)], ...fields]
    reliable.progress((rseq) => this.built(transaction, status, { reason, body: news, fields: all(rseq) }))
  }

  /** ReliableUser. */
  provide(response: Message): void {
    this.usage.input({ type: 'progress', response })
  }
  repeat(response: Message): void {
    this.transaction?.send(response)
  }
  acceptNow(response: Message): void {
    this.usage.input({ type: 'accept', response })
  }
  provisionalAcknowledged(transaction: ServerTransaction, response: Message): void {
    if (response.body.length > 0) this.agreedEarly = true
    // RFC 3262 §5: a PRACK may carry the next offer.
    if (!hasBody(transaction.request)) this.respond(transaction, 200)
    else if (this.agreedEarly) this.exchanging().receive(transaction, transaction.request)
    else this.respond(transaction, 488)
  }
  giveUp(): void {
    const { transaction, user } = this
    if (transaction === undefined || this.usage.state !== 'Proceeding') return
    this.usage.input({ type: 'reject', response: this.built(transaction, 504, { reason: 'No PRACK' }) })
    user.ended({ cause: 'no-ack', reason: undefined })
  }

  override settle(): void {
    if (this.phase === 'Over') this.reliable?.over()
    super.settle()
  }

  protected override receivePrack(transaction: ServerTransaction, request: Message): void {
    if (this.reliable === undefined) super.receivePrack(transaction, request)
    else this.reliable.prack(transaction, request)
  }

  private refuse(status: number) {
    const { transaction } = this
    transaction?.send(this.built(transaction, status, {}))
  }

  private built({ request, from }: ServerTransaction, status: number, { reason, body, fields }: Answer): Message {
    const own = this.owner.fields
    return buildResponse(request, status, {
      reason,
      toTag: this.localTag,
      contact: status < 300 ? own.contactAt(from) : undefined,
      fields: own.ofResponse('INVITE', status, fields),
      body,
    })
  }

  /** The transaction waits half a minute more for repetitions, which are nothing to the session. */
  private letGo() {
    this.transaction?.use({})
    this.transaction = undefined
  }

  private confirmed(ack: Message) {
    this.letGo()
    this.theirOffer = undefined
    this.dialogs = [{ ...this.dialog, state: 'Confirmed' }]
    this.user.acknowledged?.({ body: this.offered ? undefined : bodyOf(ack) })
    this.confirmedNow()
  }
}

/** The dialog that an INVITE begins; undefined where its Contact, To or Record-Route is none (400). */
export function readDialog(invite: Message, localTag: string): Dialog | undefined {
  try {
    return dialogOfCallee(invite, localTag)
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}
