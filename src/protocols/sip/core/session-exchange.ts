/** The offers and answers of a confirmed dialog at work (RFC 3261 §14, RFC 3311): `offer-answer.ts` decides. */

import { fraction } from '#platform/runtime/fraction.ts'
import { type Effect, offerAnswer, retryAfter, stable } from '../dialog/offer-answer.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Body, Fields } from '../message/draft.ts'
import type { Message } from '../message/message.ts'
import { reasonPhrase } from '../message/reason-phrase.ts'
import type { ClientUser, ServerTransaction } from '../transaction/transactions.ts'
import type { DialogSession } from './dialog-session.ts'
import { MachineInTurn, type Performer } from './machine-in-turn.ts'
import { bodyOf, hasBody } from './message-body.ts'
import { outcomeOf, statusOf, unanswered } from './request-outcome.ts'
import type { ReinviteOutcome, RequestOutcome } from './session.ts'

type Performed = Exclude<Effect, { type: 'start' }>
type Done = (outcome: ReinviteOutcome) => void
/** A re-INVITE that the user wants. */
type Ask = {
  readonly id: number
  readonly offer: Body | undefined
  readonly done: Done
  readonly fields: Fields | undefined
}

export class SessionExchange implements Performer<Performed> {
  private readonly session: DialogSession
  private readonly machine
  /** Those that are not settled: one as a rule. */
  private readonly asks: Ask[] = []
  private lastAsk = 0
  /** The number of our last re-INVITE. */
  private cseq = 0
  /** Requests that the machine has not decided about. */
  private readonly arriving: ServerTransaction[] = []
  /** The request that waits for its answer, or whose 2xx waits for its ACK. */
  private theirs: ServerTransaction | undefined

  constructor(session: DialogSession) {
    this.session = session
    const { T1, T2 } = session.owner.timing
    const first = { state: 'Stable', data: stable(T1, T2) } as const
    this.machine = new MachineInTurn(session.owner.drive, offerAnswer, first, session.turns, this)
  }

  reinvite(offer: Body | undefined, done: Done, fields: Fields | undefined): void {
    const id = ++this.lastAsk
    this.asks.push({ id, offer, done, fields })
    this.machine.input({ type: 'reinvite', ask: id, offered: offer !== undefined })
  }

  /** Answers a wish that cannot be sent, in a later turn. */
  refuse(status: 481 | 491, done: Done): void {
    this.session.owner.runtime.clock.turn(() => done(this.outcome(unanswered(status))))
  }

  /** A re-INVITE, or an UPDATE or PRACK with an offer. */
  receive(transaction: ServerTransaction, request: Message): void {
    this.arriving.push(transaction)
    if (request.method === 'INVITE') this.machine.input({ type: 'invite', request, offered: hasBody(request) })
    else this.machine.input({ type: 'update', request })
  }

  acknowledged(ack: Message): void {
    if (ack.cseq !== this.theirs?.request.cseq) return
    this.machine.input({ type: 'ack', ack })
    if (this.machine.state === 'Stable') this.theirs = undefined
  }

  /** Our BYE is to leave: the 2xx whose offer nobody has answered gets its ACK before. */
  giveUp(): void {
    if (this.machine.state === 'Answered') this.machine.input({ type: 'acknowledge', answer: undefined })
  }

  over(): void {
    if (this.machine.state !== 'Over') this.machine.input({ type: 'over' })
  }

  snapshot(): { readonly state: string; readonly data: object } {
    return { ...this.machine.snapshot(), data: { ...this.machine.snapshot().data, cseq: this.cseq } }
  }

  perform(effect: Performed): void {
    if (effect.type === 'sendInvite') this.sendInvite(effect.ask)
    else if (effect.type === 'acknowledgeReinvite') this.session.acknowledge(this.cseq, effect.answer)
    else if (effect.type === 'settle') this.settle(effect.ask, effect.response, effect.offer)
    else if (effect.type === 'settleWith') this.settleWith(effect.ask, effect.status)
    else if (effect.type === 'bye') this.session.endWithoutAck()
    else if (effect.type === 'tellCancelled') this.session.user.offerCancelled?.()
    else if (effect.type !== 'noAck') this.performTheirs(effect)
  }

  terminated(): void {
    // The table has no such state: Over still acknowledges what comes late.
  }

  /** The other side's request gets its answer, or is told. */
  private performTheirs(effect: Extract<Performed, { type: 'tell' | `respond${string}` | `refuse${string}` }>) {
    if (effect.type === 'respondReinvite') this.respond(effect.response)
    else if (effect.type === 'refuseReinvite') this.refuseTheirs(effect.status)
    else if (effect.type === 'refuseRequest') this.refuseRequest(effect.request, effect.status)
    else if (effect.event === 'offered') this.offered(effect.request)
    else this.session.user.acknowledged?.({ body: bodyOf(effect.request) })
  }

  private sendInvite(id: number) {
    const ask = this.asks.find((one) => one.id === id)
    if (ask === undefined) return
    const user = new Reinvite(this)
    const timer = this.session.timerFields
    const fields = timer.length === 0 ? ask.fields : [...timer, ...(ask.fields ?? [])]
    user.cseq = this.session.send('INVITE', { fields, body: ask.offer }, user)
    this.cseq = user.cseq
  }

  /** A final response to the re-INVITE of that number, or none. */
  heard(cseq: number, response: Message): void {
    const { status } = response
    if (cseq === this.cseq) {
      if (status < 300 && status >= 200) {
        this.session.refresh(response)
        this.session.timerAgreed(response)
      } else if (this.session.timerRaised(response) || this.challenged(response)) {
        this.sendInvite(this.machine.snapshot().data.ask)
        return
      }
      const type = status < 200 ? '1xx' : status < 300 ? '2xx' : '300-699'
      this.machine.input({ type, response })
    } else if (status >= 200 && status < 300) {
      // A 2xx of an earlier one came again: its ACK was lost.
      this.session.acknowledge(cseq, undefined)
    }
  }

  private challenged(response: Message): boolean {
    const { ask } = this.machine.snapshot().data
    return this.session.challenged(response, this.asks.find(({ id }) => id === ask)?.offer)
  }

  failed(cause: 'timeout' | 'transport'): void {
    this.machine.input({ type: 'noAnswer', status: statusOf(cause) })
  }

  private settle(id: number, response: Message, offer: boolean) {
    const outcome = this.outcome(outcomeOf(response))
    const acknowledge = (answer: Body) => this.machine.input({ type: 'acknowledge', answer })
    this.done(id, offer ? { ...outcome, acknowledge } : outcome)
  }

  private settleWith(id: number, status: 408 | 481 | 491 | 503) {
    this.done(id, this.outcome(unanswered(status)))
  }

  private done(id: number, outcome: ReinviteOutcome) {
    const at = this.asks.findIndex((one) => one.id === id)
    const [ask] = at < 0 ? [] : this.asks.splice(at, 1)
    ask?.done(outcome)
    this.session.heard(outcome)
  }

  private outcome(outcome: RequestOutcome): ReinviteOutcome {
    const { response, status } = outcome
    const body = response === undefined ? undefined : bodyOf(response)
    if (status !== 491) return { ...outcome, body }
    const { owner, isCaller } = this.session
    const random = fraction(owner.runtime.random)
    return { ...outcome, body, retryAfter: retryAfter(isCaller, random) }
  }

  private offered(request: Message) {
    const transaction = this.take(request)
    if (transaction === undefined) return
    this.theirs = transaction
    transaction.use({ cancelled: () => this.theirs === transaction && this.machine.input({ type: 'cancel' }) })
    const { user } = this.session
    if (user.offered === undefined) {
      this.answer(transaction, 488)
      return
    }
    user.offered({
      offer: bodyOf(request),
      accept: (body) => this.answer(transaction, 200, body),
      reject: (status) => this.answer(transaction, status),
    })
  }

  private answer(transaction: ServerTransaction, status: number, body?: Body) {
    if (this.theirs !== transaction || transaction.answered) return
    const { fields } = this.session.owner
    const { request, from } = transaction
    if (status < 300) this.session.offerTaken(request)
    const response = buildResponse(request, status, {
      reason: reasonPhrase(status),
      contact: status < 300 ? fields.contactAt(from) : undefined,
      fields: fields.ofResponse(request.method, status, status < 300 ? this.session.timerGranted(request) : undefined),
      body,
    })
    this.machine.input({ type: status < 300 ? 'accept' : 'reject', response })
  }

  /** Only the 2xx to a re-INVITE is to be acknowledged here, and perhaps repeated. */
  private respond(response: Message) {
    this.theirs?.send(response)
    if (response.status >= 300 || response.method !== 'INVITE') this.theirs = undefined
  }

  private refuseTheirs(status: number) {
    if (this.theirs !== undefined) this.session.respond(this.theirs, status)
    this.theirs = undefined
  }

  private refuseRequest(request: Message, status: 491 | 500) {
    const transaction = this.take(request)
    if (transaction !== undefined) this.session.refuseOffer(transaction, status)
  }

  private take(request: Message): ServerTransaction | undefined {
    const index = this.arriving.findIndex((transaction) => transaction.request === request)
    return index < 0 ? undefined : this.arriving.splice(index, 1)[0]
  }
}

/** The client transaction of one re-INVITE; it brings repeated 2xx when the next one is under way already. */
class Reinvite implements ClientUser {
  cseq = 0
  private readonly exchange: SessionExchange
  constructor(exchange: SessionExchange) {
    this.exchange = exchange
  }
  response(response: Message): void {
    this.exchange.heard(this.cseq, response)
  }
  failed(cause: 'timeout' | 'transport'): void {
    this.exchange.failed(cause)
  }
}
