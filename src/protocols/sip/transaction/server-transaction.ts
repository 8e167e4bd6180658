/** Non-INVITE server transaction: RFC 3261 §17.2.2, figure 8, with the 100 of RFC 4320 §4.1. */
import { buildResponse } from '../message/build-response.ts'
import type { Message } from '../message/message.ts'
import { type Hop, isReliable } from '../transport/transport.ts'
import type { ServerEntry, ServerLayer } from './server.ts'
import { timeToT2 } from './timers.ts'
import { Transaction } from './transaction.ts'
import type { TransactionKey } from './transaction-key.ts'
import { nobody, type ServerUser } from './transactions.ts'

type State = 'Trying' | 'Proceeding' | 'Completed' | 'Terminated'

export class NonInviteServerTransaction extends Transaction implements ServerEntry {
  readonly method: string
  user: ServerUser = nobody
  toTag = ''
  alike: ServerEntry | undefined
  private readonly layer: ServerLayer
  private readonly hop: Hop
  private state: State = 'Trying'
  /** Until it is answered: what 100 is made of. */
  private request: Message | undefined
  /** What a repetition is answered with. */
  private response: Message | undefined

  constructor(layer: ServerLayer, key: TransactionKey, request: Message, from: Hop, hop: Hop) {
    super(key, isReliable(from))
    this.method = request.method
    this.layer = layer
    this.hop = hop
    this.request = request
  }

  get answered(): boolean {
    return this.state === 'Completed' || this.state === 'Terminated'
  }

  /** The user has been told: where it has not answered, 100 tells the other side in time that somebody is there. */
  begin(): void {
    const { clock, timing } = this.layer
    if (this.state === 'Trying') this.repeatAfter(clock, timeToT2(timing))
  }

  repeated(): void {
    if (this.state === 'Terminated') this.layer.unexpected('non-INVITE server transaction', this.state, 'request')
    else if (this.response !== undefined) this.reply(this.response)
  }

  send(response: Message): void {
    // §17.2.2: any further final response of the user is dropped; RFC 4320 §4.1: so is what is provisional.
    if (!this.answered && response.status >= 200) this.complete(response)
  }

  answerOnce(): void {
    // As it always does.
  }

  giveUp(): void {
    if (this.answered) return
    this.state = 'Completed'
    this.response = undefined
    this.request = undefined
    this.linger(this.layer.lingering)
  }

  stop(): void {
    this.state = 'Terminated'
    this.stopTimers()
  }

  protected repeat(): void {
    if (this.state !== 'Trying' || this.request === undefined) return
    this.state = 'Proceeding'
    this.response = buildResponse(this.request, 100)
    this.reply(this.response)
  }

  /** Timer J: nothing more is to come. */
  protected expired(): void {
    this.terminate()
  }

  private complete(response: Message) {
    this.state = 'Completed'
    this.request = undefined
    this.stopRepeating()
    this.reply(response)
    // §17.2.2: nothing is repeated over a reliable transport; over UDP it is kept for 32 s.
    if (this.reliable) this.boundBy(this.layer.clock, 0)
    else {
      this.response = response.shrink()
      this.linger(this.layer.lingering)
    }
  }

  private reply(response: Message) {
    this.layer.reply(response, this.hop, () => this.unsent())
  }

  private unsent() {
    if (this.state !== 'Proceeding' && this.state !== 'Completed') return
    this.user.failed?.('transport')
    this.terminate()
  }

  private terminate() {
    this.stop()
    this.layer.forget(this)
  }
}
