/** INVITE client transaction: RFC 3261 §17.1.1, figure 5, as amended by RFC 6026 §7.2, with the CANCEL of §9.1. */
import type { Fields } from '../message/draft.ts'
import type { Message } from '../message/message.ts'
import { type Hop, isReliable } from '../transport/transport.ts'
import { ackTo } from './ack.ts'
import type { ClientEntry, ClientLayer } from './client.ts'
import { longestSilence, patience } from './timers.ts'
import { Transaction } from './transaction.ts'
import type { TransactionKey } from './transaction-key.ts'
import type { ClientUser } from './transactions.ts'

type State = 'Calling' | 'Proceeding' | 'Accepted' | 'Completed' | 'Terminated'

export class InviteClientTransaction extends Transaction implements ClientEntry {
  readonly method = 'INVITE'
  alike: ClientEntry | undefined
  private readonly layer: ClientLayer
  private readonly hop: Hop
  private readonly user: ClientUser
  private state: State = 'Calling'
  /** The INVITE until there is a final response, then the ACK to it where one is ours to send. */
  private message: Message | undefined
  /** The user wants it cancelled, with these fields. */
  private cancelling: Fields | undefined

  constructor(layer: ClientLayer, key: TransactionKey, invite: Message, hop: Hop, user: ClientUser) {
    super(key, isReliable(hop))
    this.layer = layer
    this.hop = hop
    this.user = user
    this.message = invite
  }

  /** §17.1.1.2: the INVITE is sent, timers A and B run. */
  begin(): void {
    const { clock, timing } = this.layer
    this.transmit()
    this.boundBy(clock, patience(timing))
    if (!this.reliable) this.repeatAfter(clock, timing.T1)
  }

  respond(response: Message, from: Hop): void {
    const { status } = response
    switch (this.state) {
      case 'Calling':
      case 'Proceeding':
        if (status < 200) this.provisional(response, from)
        else if (status < 300) this.accept(response, from)
        else this.complete(response, from)
        return
      case 'Accepted':
        // RFC 6026 §8.4: every fork's 2xx and its repetitions reach the user.
        if (status >= 200 && status < 300) this.user.response(response, from)
        else this.unexpected(response)
        return
      case 'Completed':
        if (status >= 300) this.transmit()
        else this.unexpected(response)
        return
      case 'Terminated':
        this.unexpected(response)
    }
  }

  cancel(fields: Fields): void {
    if (this.cancelling !== undefined) return
    if (this.state !== 'Calling' && this.state !== 'Proceeding') return
    this.cancelling = fields
    // §9.1: no CANCEL before a provisional response.
    if (this.state === 'Proceeding') this.cancelNow()
  }

  /** What was sent before may have arrived: with a response there, a repetition's failure means nothing. */
  unsent(): void {
    if (this.state === 'Calling') this.fail('transport')
    // The final response is the user's already: an ACK that does not leave is the other side's loss alone.
    else if (this.state === 'Completed') this.terminate()
  }

  stop(): void {
    this.state = 'Terminated'
    this.stopTimers()
  }

  /** Timer A; once somebody has answered, the CANCEL that could not leave. */
  protected repeat(): void {
    const { clock, timing } = this.layer
    if (this.state === 'Proceeding') {
      this.sendCancel(Math.min(this.interval * 2, timing.T2))
      return
    }
    this.transmit()
    this.repeatAfter(clock, this.interval * 2)
  }

  /**
   * Timer B: nobody answered. As with timer C of a proxy (§16.8), who says nothing more is given up by CANCEL; an INVITE whose
   * CANCEL brought no final response in 64·T1 counts as cancelled (§9.1). Timers D and M: nothing more is to come.
   */
  protected expired(): void {
    if (this.state === 'Proceeding' && this.cancelling === undefined) this.cancel([])
    else if (this.state === 'Calling' || this.state === 'Proceeding') this.fail('timeout')
    else this.terminate()
  }

  private provisional(response: Message, from: Hop) {
    const first = this.state === 'Calling'
    if (first) {
      this.state = 'Proceeding'
      this.stopTimers()
    }
    const cancelled = first && this.cancelling !== undefined
    if (this.cancelling === undefined) this.boundBy(this.layer.clock, longestSilence)
    this.user.response(response, from)
    if (cancelled && this.state === 'Proceeding') this.cancelNow()
  }

  private cancelNow() {
    const { clock, timing } = this.layer
    this.sendCancel(timing.T1)
    this.boundBy(clock, patience(timing))
  }

  /** What it rings at would ring on: while it cannot leave, the link being down, it goes again as over UDP. */
  private sendCancel(interval: number) {
    const unsent = () => {
      if (this.state === 'Proceeding') this.repeatAfter(this.layer.clock, interval)
    }
    if (this.message !== undefined) this.layer.cancel(this.message, this.hop, this.cancelling ?? [], unsent)
  }

  private accept(response: Message, from: Hop) {
    this.state = 'Accepted'
    this.message = undefined
    this.linger(this.layer.lingering)
    this.user.response(response, from)
  }

  private complete(response: Message, from: Hop) {
    const { clock, timing } = this.layer
    this.state = 'Completed'
    if (this.message !== undefined) this.message = ackTo(this.message, response)
    this.stopRepeating()
    this.transmit()
    // §17.1.1.2: 32 s at least over UDP, nothing to wait for otherwise.
    this.boundBy(clock, this.reliable ? 0 : Math.max(32_000, patience(timing)))
    this.user.response(response, from)
  }

  private transmit() {
    if (this.message !== undefined) this.layer.transmit(this.message, this.hop, () => this.unsent())
  }

  private fail(cause: 'timeout' | 'transport') {
    this.stop()
    this.user.failed(cause)
    this.layer.forget(this)
  }

  private terminate() {
    this.stop()
    this.message = undefined
    this.layer.forget(this)
  }

  private unexpected({ status }: Message) {
    const input = status < 200 ? '1xx' : status < 300 ? '2xx' : '300-699'
    this.layer.unexpected('INVITE client transaction', this.state, input)
  }
}
