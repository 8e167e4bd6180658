/** INVITE server transaction: RFC 3261 §17.2.1, figure 7, as amended by RFC 6026 §7.1. */
import { buildResponse } from '../message/build-response.ts'
import type { Message } from '../message/message.ts'
import { type Hop, isReliable } from '../transport/transport.ts'
import type { ServerEntry, ServerLayer } from './server.ts'
import { patience } from './timers.ts'
import { Transaction } from './transaction.ts'
import type { TransactionKey } from './transaction-key.ts'
import { nobody, type ServerUser } from './transactions.ts'

type State = 'Proceeding' | 'Accepted' | 'Completed' | 'Confirmed' | 'Terminated'

export class InviteServerTransaction extends Transaction implements ServerEntry {
  readonly method = 'INVITE'
  user: ServerUser = nobody
  toTag = ''
  alike: ServerEntry | undefined
  private readonly layer: ServerLayer
  /** Where responses go. */
  private readonly hop: Hop
  private state: State = 'Proceeding'
  private once = false
  /** Until the user has given a response: what 100 is made of. */
  private invite: Message | undefined
  /** The latest provisional response, or the final one where it is ours to repeat. */
  private response: Message | undefined

  constructor(layer: ServerLayer, key: TransactionKey, invite: Message, from: Hop, hop: Hop) {
    super(key, isReliable(from))
    this.layer = layer
    this.hop = hop
    this.invite = invite
  }

  get answered(): boolean {
    return this.state !== 'Proceeding'
  }

  /** The user has been told: where it has said nothing yet, it has 200 ms to do so (§17.2.1). */
  begin(): void {
    if (this.state === 'Proceeding' && this.invite !== undefined)
      this.repeatAfter(this.layer.clock, this.layer.timing.trying)
  }

  /** The same INVITE again: answered as before, absorbed once a 2xx (RFC 6026 §7.1) or the ACK is there. */
  repeated(): void {
    if (this.state === 'Proceeding' || this.state === 'Completed') this.transmit()
    else if (this.state === 'Terminated') this.layer.unexpected(name, this.state, 'INVITE')
  }

  acknowledge(ack: Message, from: Hop): void {
    switch (this.state) {
      case 'Accepted':
        // That to a 2xx, which is the user's.
        this.layer.acknowledged(ack, from)
        return
      case 'Completed':
        this.confirm(ack)
        return
      case 'Confirmed':
        return
      case 'Proceeding':
      case 'Terminated':
        this.layer.unexpected(name, this.state, 'ACK')
    }
  }

  send(response: Message): void {
    const { status } = response
    if (this.state === 'Proceeding') {
      this.invite = undefined
      this.stopRepeating()
      if (status < 200) this.provisional(response)
      else if (status < 300) this.accept(response)
      else this.complete(response)
    } else if (this.state === 'Accepted' && status >= 200 && status < 300) this.reply(response)
  }

  answerOnce(): void {
    this.once = true
  }

  giveUp(): void {
    // Who calls is always answered.
  }

  stop(): void {
    this.state = 'Terminated'
    this.stopTimers()
  }

  /** In Proceeding the user has not answered in 200 ms; in Completed it is timer G. */
  protected repeat(): void {
    const { clock, timing } = this.layer
    if (this.state === 'Completed') {
      this.transmit()
      this.repeatAfter(clock, Math.min(this.interval * 2, timing.T2))
    } else if (this.invite !== undefined) this.send(buildResponse(this.invite, 100))
  }

  /** Timer H: no ACK came. Timers I and L: nothing more is to come. */
  protected expired(): void {
    if (this.state === 'Completed') this.fail('timeout')
    else this.terminate()
  }

  private provisional(response: Message) {
    // Who is told how his call goes has been let in by the user.
    if (response.status > 100) this.once = false
    this.response = response
    this.reply(response)
  }

  private accept(response: Message) {
    this.state = 'Accepted'
    // The user repeats its 2xx until it is acknowledged.
    this.response = undefined
    this.reply(response)
    this.linger(this.layer.lingering)
  }

  private complete(response: Message) {
    const { clock, timing } = this.layer
    this.state = 'Completed'
    this.response = response
    this.reply(response)
    this.boundBy(clock, patience(timing))
    if (!this.reliable && !this.once) this.repeatAfter(clock, timing.T1)
  }

  private confirm(ack: Message) {
    const { user } = this
    this.state = 'Confirmed'
    this.response = undefined
    this.stopRepeating()
    // Timer I.
    if (this.reliable) this.boundBy(this.layer.clock, 0)
    else this.linger(this.layer.lingeringT4)
    user.acknowledged?.(ack)
  }

  private transmit() {
    if (this.response !== undefined) this.reply(this.response)
  }

  private reply(response: Message) {
    this.layer.reply(response, this.hop, () => this.unsent())
  }

  /**
   * Deviates from figure 7, where a refusal that cannot leave ends the transaction: who has not heard it sends its INVITE
   * again, over the next link, and would be taken for a new caller. It waits for that until timer H.
   */
  private unsent() {
    if (this.state === 'Proceeding' || this.state === 'Accepted') this.user.failed?.('transport')
  }

  private fail(cause: 'timeout' | 'transport') {
    this.stop()
    this.user.failed?.(cause)
    this.layer.forget(this)
  }

  private terminate() {
    this.stop()
    this.layer.forget(this)
  }
}

const name = 'INVITE server transaction'
