/** The server side of the transaction layer: one object in the table for each request that came. */
import { buildResponse } from '../message/build-response.ts'
import type { Message } from '../message/message.ts'
import type { Hop } from '../transport/transport.ts'
import type { TransactionOwner } from './transaction.ts'
import type { TableEntry } from './transaction-table.ts'
import type { RespondParts, ServerTransaction, ServerUser } from './transactions.ts'

/** What server transactions need of their layer. */
export interface ServerLayer extends TransactionOwner {
  reply(response: Message, hop: Hop, failed: () => void): void
  /** An ACK to a 2xx. */
  acknowledged(ack: Message, from: Hop): void
  forget(entry: ServerEntry): void
  tag(): string
}

export interface ServerEntry extends TableEntry<ServerEntry> {
  readonly branch: string
  readonly sentBy: string
  readonly method: string
  user: ServerUser
  toTag: string
  readonly answered: boolean
  /** The user has been told of the request. */
  begin(): void
  /** The same request came again. */
  repeated(): void
  send(response: Message): void
  answerOnce(): void
  giveUp(): void
  /** Terminates it and tells nobody. */
  stop(): void
}

/** What the user holds. Apart from the entry, so that the request is let go of when the user does. */
export class ServerHandle implements ServerTransaction {
  readonly from: Hop
  private held: Message | undefined
  private readonly entry: ServerEntry
  private readonly layer: ServerLayer
  constructor(request: Message, from: Hop, entry: ServerEntry, layer: ServerLayer) {
    this.held = request
    this.from = from
    this.entry = entry
    this.layer = layer
  }
  get request(): Message {
    if (this.held === undefined) throw new Error('the request has been released')
    return this.held
  }
  release(): void {
    this.held = undefined
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
  answerOnce(): void {
    this.entry.answerOnce()
  }
  giveUp(): void {
    this.entry.giveUp()
  }
  respond(status: number, parts: RespondParts = {}): Message {
    const toTag = status > 100 ? this.toTag : undefined
    const { reason, contact, fields, body } = parts
    const response = buildResponse(this.request, status, { reason, toTag, contact, fields, body })
    this.send(response)
    return response
  }
}
