/**
 * A transaction-stateful proxy: RFC 3261 §16, with RFC 6026 (a stray 2xx is not forwarded) and RFC 5393 (loops,
 * Max-Breadth). Where requests go is its user's to say; everything between the transactions is here.
 */
import type { Clock } from '#platform/runtime/runtime.ts'
import type { Message } from '../message/message.ts'
import type {
  ClientTransaction,
  ServerTransaction,
  Transactions,
  TransactionUser,
} from '../transaction/transactions.ts'
import type { Hop, Transport } from '../transport/transport.ts'
import { Branches } from './proxy-branch.ts'
import { copyFor, type Forward } from './proxy-copy.ts'
import { ForkedRequest, type ForkOwner } from './proxy-fork.ts'
import { type Fault, faultOf } from './proxy-request.ts'

export type Refuse = Fault & { readonly type: 'refuse' }

/** Something has to be found out first; `decide` is called once, in a later turn, or never where the proxy closes. */
export type Later = { readonly type: 'later'; when(decide: (decision: Forward | Refuse) => void): void }

/** The user answers the transaction by itself. */
export type Taken = { readonly type: 'taken' }

export interface ProxyUser {
  /** Where a valid request goes. An ACK (no transaction) can only be forwarded, to the first target. */
  route(request: Message, from: Hop, transaction: ServerTransaction | undefined): Forward | Refuse | Later | Taken
  dropped?(reason: DropReason): void
}

export type DropReason =
  | 'max-forwards'
  | 'loop'
  | 'extension'
  | 'bad-request'
  | 'stray-response'
  | 'stray-ack'
  | 'stray-cancel'

export type ProxyOptions = {
  readonly clock: Clock
  /** The one under the transactions: for what is sent again on a new connection. */
  readonly transport: Transport
  /** Begins every branch: unique in space and time, e.g. eight random hex digits. */
  readonly seed: string
  /** ms without a provisional response other than 100; more than three minutes (§16.6 item 11). */
  readonly timerC?: number
  /** Branches at once, where the request's Max-Breadth does not allow fewer (RFC 5393 §5.3.3). */
  readonly maxBreadth?: number
}

export class StatefulProxy implements TransactionUser, ForkOwner {
  readonly transactions: Transactions
  readonly clock: Clock
  readonly timerC: number
  readonly maxBreadth: number
  private readonly transport: Transport
  private readonly user: ProxyUser
  private readonly branches: Branches
  /** Requests without a final response yet. */
  private readonly pending: ForkedRequest[] = []
  private idle: (() => void)[] = []

  constructor(transactions: Transactions, user: ProxyUser, options: ProxyOptions) {
    this.transactions = transactions
    this.user = user
    this.clock = options.clock
    this.transport = options.transport
    this.timerC = options.timerC ?? 185_000
    this.maxBreadth = options.maxBreadth ?? 60
    this.branches = new Branches(options.seed)
    transactions.use(this)
  }

  /** Requests without a final response yet. */
  get open(): number {
    return this.pending.length
  }

  request(transaction: ServerTransaction, request: Message): void {
    const fault = this.faultIn(request)
    if (fault !== undefined) {
      this.user.dropped?.(dropReasons[fault.status] ?? 'bad-request')
      refuse(transaction, fault)
    } else {
      const decision = this.user.route(request, transaction.from, transaction)
      if (decision.type === 'later') this.decideLater(transaction, decision)
      else if (decision.type !== 'taken') this.act(transaction, decision)
    }
  }

  /** An ACK to a 2xx, or a stray one: forwarded without state (§16.11), never answered. */
  acknowledged(ack: Message, from: Hop): void {
    const decision = this.faultIn(ack) === undefined ? this.user.route(ack, from, undefined) : undefined
    if (decision?.type === 'later') decision.when((decided) => this.pass(ack, decided))
    else this.pass(ack, decision)
  }

  /** RFC 6026 §7.3: what belongs to no transaction of ours is not ours to forward. */
  stray(): void {
    this.user.dropped?.('stray-response')
  }

  /** Sends again what waits at these hops: the other end is new and may never have seen it. */
  resend(to: (hop: Hop) => boolean): void {
    for (const fork of this.pending) fork.resend(to)
  }

  /** Ends what waits at these hops as if they had answered so. */
  fail(to: (hop: Hop) => boolean, status: number): void {
    for (const fork of [...this.pending]) fork.fail(to, status)
  }

  /** Resolves when every request has its final response. */
  whenIdle(): Promise<void> {
    return this.pending.length === 0 ? Promise.resolve() : new Promise((resolve) => this.idle.push(resolve))
  }

  /** ForkOwner. */
  repeat(client: ClientTransaction): void {
    this.transport.send(client.request.bytes, client.hop)
  }

  /** ForkOwner. */
  branch(hash: string): string {
    return this.branches.next(hash)
  }

  /** ForkOwner. */
  ended(fork: ForkedRequest): void {
    // The last one takes its place: a set would hash and rehash for each request.
    const last = this.pending.pop()
    if (last !== undefined && last !== fork) {
      this.pending[fork.place] = last
      last.place = fork.place
    }
    if (this.pending.length > 0 || this.idle.length === 0) return
    const waiting = this.idle
    this.idle = []
    for (const resolve of waiting) resolve()
  }

  private act(transaction: ServerTransaction, decision: Forward | Refuse) {
    if (decision.type === 'refuse') refuse(transaction, decision)
    else this.forward(transaction, decision)
  }

  /** A CANCEL does not wait (§16.10). */
  private decideLater(transaction: ServerTransaction, later: Later) {
    transaction.use({ cancelled: () => transaction.respond(487) })
    later.when((decision) => {
      if (!transaction.answered) this.act(transaction, decision)
    })
  }

  private forward(transaction: ServerTransaction, decision: Forward) {
    const fork = new ForkedRequest(this, transaction, decision)
    fork.place = this.pending.push(fork) - 1
    fork.start()
  }

  private faultIn(request: Message): Fault | undefined {
    // §16.10: a CANCEL that found its INVITE never comes here.
    if (request.method === 'CANCEL') return { status: 481 }
    return faultOf(request, []) ?? (this.branches.isLoop(request) ? { status: 482 } : undefined)
  }

  private pass(ack: Message, decision: Forward | Refuse | Taken | undefined) {
    const target = decision?.type === 'forward' ? decision.groups[0]?.[0] : undefined
    if (decision?.type !== 'forward' || target === undefined) this.user.dropped?.('stray-ack')
    else this.transactions.send(copyFor(ack, decision, target), target.hop, this.branches.again(ack))
  }
}

function refuse(transaction: ServerTransaction, refusal: Fault): void {
  transaction.respond(refusal.status, { reason: refusal.reason, fields: refusal.fields })
}

const dropReasons: Readonly<Record<number, DropReason>> = {
  420: 'extension',
  481: 'stray-cancel',
  482: 'loop',
  483: 'max-forwards',
}
