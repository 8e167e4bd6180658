/** Non-INVITE server transaction: RFC 3261 §17.2.2, figure 8. */
import type { Message } from '../message/message.ts'
import { type Hop, isReliable } from '../transport/transport.ts'
import type { ServerEntry, ServerLayer } from './server.ts'
import { patience } from './timers.ts'
import { Transaction } from './transaction.ts'
import { nobody, type ServerUser } from './transactions.ts'

type State = 'Trying' | 'Proceeding' | 'Completed' | 'Terminated'

export class NonInviteServerTransaction extends Transaction implements ServerEntry {
  user: ServerUser = nobody
  toTag = ''
  private readonly layer: ServerLayer
  private readonly hop: Hop
  private state: State = 'Trying'
  /** What a repetition is answered with. */
  private response: Message | undefined

  constructor(layer: ServerLayer, key: string, from: Hop, hop: Hop) {
    super(key, isReliable(from))
    this.layer = layer
    this.hop = hop
  }

  get answered(): boolean {
    return this.state === 'Completed' || this.state === 'Terminated'
  }

  begin(): void {
    // Nothing is sent or started before the user answers.
  }

  repeated(): void {
    if (this.state === 'Terminated') this.layer.unexpected('non-INVITE server transaction', this.state, 'request')
    else if (this.response !== undefined) this.reply(this.response)
  }

  send(response: Message): void {
    // §17.2.2: any further final response of the user is dropped.
    if (this.answered) return
    if (response.status < 200) {
      this.state = 'Proceeding'
      this.response = response
      this.reply(response)
    } else this.complete(response)
  }

  answerOnce(): void {
    // As it always does.
  }

  giveUp(): void {
    if (this.answered) return
    this.state = 'Completed'
    this.response = undefined
    this.boundBy(this.layer.clock, patience(this.layer.timing))
  }

  stop(): void {
    this.state = 'Terminated'
    this.stopTimers()
  }

  protected repeat(): void {
    // A response is repeated when the request is, and only then.
  }

  /** Timer J: nothing more is to come. */
  protected expired(): void {
    this.terminate()
  }

  private complete(response: Message) {
    this.state = 'Completed'
    this.reply(response)
    // §17.2.2: nothing is repeated over a reliable transport; over UDP it is kept for 32 s.
    if (this.reliable) this.boundBy(this.layer.clock, 0)
    else {
      this.response = response.shrink()
      this.boundBy(this.layer.clock, patience(this.layer.timing))
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
    this.layer.forget(this.key)
  }
}
