/** The client side of the transaction layer: one object in the table for each request sent. */
import type { Fields } from '../message/draft.ts'
import type { Message } from '../message/message.ts'
import { type Hop, isReliable } from '../transport/transport.ts'
import * as nonInvite from './client-transaction.ts'
import * as invite from './invite-client-transaction.ts'
import { type Drive, Running } from './running.ts'
import type { Timing } from './timers.ts'
import type { ClientTransaction, ClientUser } from './transactions.ts'

/** What client transactions need of their layer. */
export interface ClientLayer extends Drive {
  readonly timing: Timing
  transmit(message: Message, hop: Hop, failed: () => void): void
  /** Sends the CANCEL of this INVITE in a transaction of its own. */
  cancel(invite: Message, hop: Hop, fields: Fields): void
  forget(key: string): void
}

export interface ClientEntry {
  readonly method: string
  begin(): void
  respond(response: Message, from: Hop): void
  cancel(fields: Fields): void
  /** Stops everything and tells nobody. */
  stop(): void
}

export class InviteClient
  extends Running<invite.State, invite.Input, invite.Transaction, invite.Effect>
  implements ClientEntry
{
  readonly method = 'INVITE'
  private readonly layer: ClientLayer
  private readonly key: string
  private readonly hop: Hop
  private readonly user: ClientUser
  private first: ReturnType<typeof invite.begin> | undefined
  private from: Hop
  private cancelFields: Fields = []

  constructor(layer: ClientLayer, key: string, request: Message, hop: Hop, user: ClientUser) {
    const first = invite.begin(request, isReliable(hop), layer.timing)
    super(layer, invite.inviteClientTransaction, first)
    this.first = first
    this.layer = layer
    this.key = key
    this.hop = hop
    this.from = hop
    this.user = user
  }

  begin(): void {
    const { first } = this
    // It holds the request, which is not needed for as long as the transaction is.
    this.first = undefined
    if (first !== undefined) this.enter(first)
  }

  respond(response: Message, from: Hop): void {
    this.from = from
    const { status } = response
    this.input({ type: status < 200 ? '1xx' : status < 300 ? '2xx' : '300-699', response })
  }

  cancel(fields: Fields): void {
    this.cancelFields = fields
    if (this.state === 'Calling' || this.state === 'Proceeding') this.input({ type: 'cancel' })
  }

  protected perform(effect: Exclude<invite.Effect, { type: 'start' }>): void {
    if (effect.type === 'send') this.layer.transmit(effect.message, this.hop, () => this.transportFailed())
    else if (effect.type === 'inform') this.user.response(effect.response, this.from)
    else if (effect.type === 'fail') this.user.failed(effect.cause)
    else if (this.data.message !== undefined) this.layer.cancel(this.data.message, this.hop, this.cancelFields)
  }

  /** What was sent before may have arrived: with a response there, a repetition's failure means nothing. */
  private transportFailed() {
    if (this.state === 'Calling' || this.state === 'Completed') this.input({ type: 'transportError' })
  }

  protected terminated(): void {
    this.layer.forget(this.key)
  }
}

export class RequestClient
  extends Running<nonInvite.State, nonInvite.Input, nonInvite.Transaction, nonInvite.Effect>
  implements ClientEntry
{
  readonly method: string
  private readonly layer: ClientLayer
  private readonly key: string
  private readonly hop: Hop
  private readonly user: ClientUser
  private first: ReturnType<typeof nonInvite.begin> | undefined
  private from: Hop

  constructor(layer: ClientLayer, key: string, request: Message, hop: Hop, user: ClientUser) {
    const first = nonInvite.begin(request, isReliable(hop), layer.timing)
    super(layer, nonInvite.clientTransaction, first)
    this.first = first
    this.method = request.method
    this.layer = layer
    this.key = key
    this.hop = hop
    this.from = hop
    this.user = user
  }

  begin(): void {
    const { first } = this
    // It holds the request, which is not needed for as long as the transaction is.
    this.first = undefined
    if (first !== undefined) this.enter(first)
  }

  respond(response: Message, from: Hop): void {
    this.from = from
    this.input({ type: response.status < 200 ? '1xx' : '200-699', response })
  }

  cancel(): void {
    // §9.1: only an INVITE is worth a CANCEL.
  }

  protected perform(effect: Exclude<nonInvite.Effect, { type: 'start' }>): void {
    if (effect.type === 'send') this.layer.transmit(effect.message, this.hop, () => this.transportFailed())
    else if (effect.type === 'inform') this.user.response(effect.response, this.from)
    else this.user.failed(effect.cause)
  }

  private transportFailed() {
    if (this.state === 'Trying' || this.state === 'Proceeding') this.input({ type: 'transportError' })
  }

  protected terminated(): void {
    this.layer.forget(this.key)
  }
}

/** What the user holds. Apart from the entry, so that the request is let go of when the user does. */
export class ClientHandle implements ClientTransaction {
  readonly request: Message
  readonly branch: string
  readonly hop: Hop
  private readonly entry: ClientEntry
  private readonly drop: () => void
  constructor(request: Message, branch: string, hop: Hop, entry: ClientEntry, drop: () => void) {
    this.request = request
    this.branch = branch
    this.hop = hop
    this.entry = entry
    this.drop = drop
  }
  cancel(fields: Fields = []): void {
    this.entry.cancel(fields)
  }
  abandon(): void {
    this.entry.stop()
    this.drop()
  }
}
