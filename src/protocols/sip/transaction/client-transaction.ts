/** Non-INVITE client transaction: RFC 3261 §17.1.2, figure 6. */
import type { Message } from '../message/message.ts'
import { type Hop, isReliable } from '../transport/transport.ts'
import type { ClientEntry, ClientLayer } from './client.ts'
import { patience } from './timers.ts'
import { Transaction } from './transaction.ts'
import type { TransactionKey } from './transaction-key.ts'
import type { ClientUser } from './transactions.ts'

type State = 'Trying' | 'Proceeding' | 'Completed' | 'Terminated'

export class NonInviteClientTransaction extends Transaction implements ClientEntry {
  readonly method: string
  alike: ClientEntry | undefined
  private readonly layer: ClientLayer
  private readonly hop: Hop
  private user: ClientUser | undefined
  private state: State = 'Trying'
  /** Until there is a final response. */
  private request: Message | undefined

  constructor(layer: ClientLayer, key: TransactionKey, request: Message, hop: Hop, user: ClientUser) {
    super(key, isReliable(hop))
    this.method = request.method
    this.layer = layer
    this.hop = hop
    this.user = user
    this.request = request
  }

  /** §17.1.2.2: the request is sent, timers E and F run. */
  begin(): void {
    const { clock, timing } = this.layer
    this.transmit()
    this.boundBy(clock, patience(timing))
    if (!this.reliable) this.repeatAfter(clock, timing.T1)
  }

  respond(response: Message, from: Hop): void {
    const { status } = response
    switch (this.state) {
      case 'Trying':
      case 'Proceeding':
        if (status >= 200) this.complete(response, from)
        else {
          this.state = 'Proceeding'
          this.user?.response(response, from)
        }
        return
      case 'Completed':
        // §17.1.2.2: repetitions are absorbed here.
        if (status < 200) this.layer.unexpected(name, this.state, '1xx')
        return
      case 'Terminated':
        this.layer.unexpected(name, this.state, status < 200 ? '1xx' : '200-699')
    }
  }

  cancel(): void {
    // §9.1: only an INVITE is worth a CANCEL.
  }

  unsent(): void {
    if (this.state === 'Trying' || this.state === 'Proceeding') this.fail('transport')
  }

  stop(): void {
    this.state = 'Terminated'
    this.stopTimers()
  }

  /** Timer E. §17.1.2.2: once somebody has answered, every T2. */
  protected repeat(): void {
    const { clock, timing } = this.layer
    this.transmit()
    this.repeatAfter(clock, this.state === 'Proceeding' ? timing.T2 : Math.min(this.interval * 2, timing.T2))
  }

  /** Timer F: nobody answered. Timer K: nothing more is to come. */
  protected expired(): void {
    if (this.state === 'Completed') this.terminate()
    else this.fail('timeout')
  }

  private complete(response: Message, from: Hop) {
    const { user } = this
    this.state = 'Completed'
    this.request = undefined
    this.user = undefined
    // Nothing comes twice over a reliable transport: timer K is 0.
    if (this.reliable) this.terminate()
    else this.linger(this.layer.lingeringT4)
    user?.response(response, from)
  }

  private transmit() {
    if (this.request !== undefined) this.layer.transmit(this.request, this.hop, () => this.unsent())
  }

  private fail(cause: 'timeout' | 'transport') {
    this.stop()
    this.user?.failed(cause)
    this.layer.forget(this)
  }

  private terminate() {
    this.stop()
    this.layer.forget(this)
  }
}

const name = 'non-INVITE client transaction'
