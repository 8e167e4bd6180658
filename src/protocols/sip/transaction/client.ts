/** The client side of the transaction layer: one object in the table for each request sent. */
import type { Fields } from '../message/draft.ts'
import type { Message } from '../message/message.ts'
import type { Hop } from '../transport/transport.ts'
import type { TransactionOwner } from './transaction.ts'
import type { TableEntry } from './transaction-table.ts'
import type { ClientTransaction } from './transactions.ts'

/** What client transactions need of their layer. */
export interface ClientLayer extends TransactionOwner {
  transmit(message: Message, hop: Hop, failed: () => void): void
  /** Sends the CANCEL of this INVITE in a transaction of its own. */
  cancel(invite: Message, hop: Hop, fields: Fields, unsent: () => void): void
  forget(entry: ClientEntry): void
}

export interface ClientEntry extends TableEntry<ClientEntry> {
  readonly branch: string
  readonly sentBy: string
  readonly method: string
  begin(): void
  respond(response: Message, from: Hop): void
  cancel(fields: Fields): void
  /** What was to be sent could not leave. */
  unsent(): void
  /** Terminates it and tells nobody. */
  stop(): void
}

/** What the user holds. Apart from the entry, so that the request is let go of when the user does. */
export class ClientHandle implements ClientTransaction {
  request: Message
  readonly branch: string
  hop: Hop
  private entry: ClientEntry
  private readonly layer: ClientLayer
  private cancelling: Fields | undefined
  private abandoned = false
  constructor(request: Message, branch: string, hop: Hop, entry: ClientEntry, layer: ClientLayer) {
    this.request = request
    this.branch = branch
    this.hop = hop
    this.entry = entry
    this.layer = layer
  }
  cancel(fields: Fields = []): void {
    this.cancelling ??= fields
    this.entry.cancel(fields)
  }
  abandon(): void {
    this.abandoned = true
    this.entry.stop()
    this.layer.forget(this.entry)
  }
  /** The same request, which did not leave, in another transaction. */
  goOn(other: ClientHandle): void {
    this.request = other.request
    this.hop = other.hop
    this.entry = other.entry
    if (this.abandoned) this.abandon()
    else if (this.cancelling !== undefined) this.entry.cancel(this.cancelling)
  }
}
