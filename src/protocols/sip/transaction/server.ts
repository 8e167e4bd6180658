/** The server side of the transaction layer: one object in the table for each request that came. */
import { buildResponse } from '../message/build-response.ts'
import type { Message } from '../message/message.ts'
import { type Hop, isReliable } from '../transport/transport.ts'
import * as invite from './invite-server-transaction.ts'
import { type Drive, Running } from './running.ts'
import * as nonInvite from './server-transaction.ts'
import type { Timing } from './timers.ts'
import type { RespondParts, ServerTransaction, ServerUser } from './transactions.ts'

/** What server transactions need of their layer. */
export interface ServerLayer extends Drive {
  readonly timing: Timing
  reply(response: Message, hop: Hop, failed: () => void): void
  /** An ACK to a 2xx. */
  acknowledged(ack: Message, from: Hop): void
  forget(key: string): void
  tag(): string
}

export interface ServerEntry {
  user: ServerUser
  toTag: string
  readonly answered: boolean
  begin(): void
  repeat(): void
  send(response: Message): void
  /** Stops everything and tells nobody. */
  stop(): void
}

const nobody: ServerUser = {}

export class InviteServer
  extends Running<invite.State, invite.Input, invite.Transaction, invite.Effect>
  implements ServerEntry
{
  user: ServerUser = nobody
  toTag = ''
  private readonly layer: ServerLayer
  private readonly key: string
  /** Where responses go. */
  private readonly hop: Hop
  private first: ReturnType<typeof invite.begin> | undefined
  private from: Hop

  constructor(layer: ServerLayer, key: string, request: Message, from: Hop, hop: Hop) {
    const first = invite.begin(request, isReliable(from), layer.timing)
    super(layer, invite.inviteServerTransaction, first)
    this.first = first
    this.layer = layer
    this.key = key
    this.from = from
    this.hop = hop
  }

  get answered(): boolean {
    return this.state !== 'Proceeding'
  }

  begin(): void {
    const { first } = this
    // It holds the request, which is not needed for as long as the transaction is.
    this.first = undefined
    if (first !== undefined) this.enter(first)
  }

  repeat(): void {
    this.input({ type: 'INVITE' })
  }

  acknowledge(ack: Message, from: Hop): void {
    this.from = from
    this.input({ type: 'ACK', ack })
  }

  send(response: Message): void {
    const { status } = response
    const type = status < 200 ? '1xx' : status < 300 ? '2xx' : '300-699'
    if (this.state === 'Proceeding' || (type === '2xx' && this.state === 'Accepted')) this.input({ type, response })
  }

  protected perform(effect: Exclude<invite.Effect, { type: 'start' }>): void {
    if (effect.type === 'send') this.layer.reply(effect.message, this.hop, () => this.transportFailed())
    else if (effect.type === 'acknowledge') this.user.acknowledged?.(effect.ack)
    else if (effect.type === 'acknowledge2xx') this.layer.acknowledged(effect.ack, this.from)
    else this.user.failed?.(effect.cause)
  }

  private transportFailed() {
    const { state } = this
    if (state === 'Proceeding' || state === 'Accepted' || state === 'Completed') this.input({ type: 'transportError' })
  }

  protected terminated(): void {
    this.layer.forget(this.key)
  }
}

export class RequestServer
  extends Running<nonInvite.State, nonInvite.Input, nonInvite.Transaction, nonInvite.Effect>
  implements ServerEntry
{
  user: ServerUser = nobody
  toTag = ''
  private readonly layer: ServerLayer
  private readonly key: string
  private readonly hop: Hop

  constructor(layer: ServerLayer, key: string, from: Hop, hop: Hop) {
    super(layer, nonInvite.serverTransaction, nonInvite.begin(isReliable(from), layer.timing))
    this.layer = layer
    this.key = key
    this.hop = hop
  }

  get answered(): boolean {
    return this.state === 'Completed' || this.state === 'Terminated'
  }

  begin(): void {
    // Nothing is sent or started before the user answers.
  }

  repeat(): void {
    this.input({ type: 'request' })
  }

  send(response: Message): void {
    if (this.answered) return
    this.input({ type: response.status < 200 ? '1xx' : '200-699', response })
    // Kept for 32 s over UDP, for repetitions.
    if (this.answered) response.shrink()
  }

  protected perform(effect: Exclude<nonInvite.Effect, { type: 'start' }>): void {
    if (effect.type === 'send') this.layer.reply(effect.message, this.hop, () => this.transportFailed())
    else this.user.failed?.(effect.cause)
  }

  private transportFailed() {
    if (this.state === 'Proceeding' || this.state === 'Completed') this.input({ type: 'transportError' })
  }

  protected terminated(): void {
    this.layer.forget(this.key)
  }
}

/** What the user holds. Apart from the entry, so that the request is let go of when the user does. */
export class ServerHandle implements ServerTransaction {
  readonly request: Message
  readonly from: Hop
  private readonly entry: ServerEntry
  private readonly layer: ServerLayer
  constructor(request: Message, from: Hop, entry: ServerEntry, layer: ServerLayer) {
    this.request = request
    this.from = from
    this.entry = entry
    this.layer = layer
  }
  get toTag(): string {
    if (this.entry.toTag === '') this.entry.toTag = this.layer.tag()
    return this.entry.toTag
  }
  get answered(): boolean {
    return this.entry.answered
  }
  use(user: ServerUser): void {
    this.entry.user = user
  }
  send(response: Message): void {
    this.entry.send(response)
  }
  respond(status: number, parts: RespondParts = {}): Message {
    const toTag = status > 100 ? this.toTag : undefined
    const response = buildResponse(this.request, status, { ...parts, toTag })
    this.send(response)
    return response
  }
}
