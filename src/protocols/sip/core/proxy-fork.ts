/**
 * One forwarded request: its server transaction, the client transactions of its branches, and the response context
 * that decides between them (RFC 3261 §16.2).
 */
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import type { Fields } from '../message/draft.ts'
import { edit } from '../message/edit.ts'
import { formatReason } from '../message/headers/reason.ts'
import { Message } from '../message/message.ts'
import { reasonPhrase } from '../message/reason-phrase.ts'
import { own } from '../message/scan.ts'
import {
  type ClientTransaction,
  type ClientUser,
  nobody,
  type ServerTransaction,
  type ServerUser,
  type Transactions,
} from '../transaction/transactions.ts'
import type { Hop } from '../transport/transport.ts'
import { routingHash } from './proxy-branch.ts'
import { copyFor, type Forward, type Target } from './proxy-copy.ts'
import { maxBreadth } from './proxy-request.ts'
import {
  type ContextBranch,
  type Response,
  ResponseContext,
  type ResponseContextUser,
} from './proxy-response-context.ts'

/** What a fork needs of its proxy. */
export interface ForkOwner {
  readonly transactions: Transactions
  readonly clock: Clock
  readonly timerC: number
  readonly maxBreadth: number
  /** A branch of ours for this request. */
  branch(hash: string): string
  /** Sends the request again as it left. */
  repeat(client: ClientTransaction): void
  /** The fork has its final response. */
  ended(fork: ForkedRequest): void
}

export class ForkedRequest implements ServerUser, ResponseContextUser<Branch> {
  /** Where its proxy keeps it while it is open. */
  place = 0
  private readonly proxy: ForkOwner
  private readonly server: ServerTransaction
  private readonly context: ResponseContext<Branch>
  private decision: Forward
  /** Groups of targets not tried yet. */
  private groups: readonly (readonly Target[])[]
  private branches: readonly Branch[] = none
  private over = false
  /** Of the CANCEL that goes to what is still pending (RFC 3326). */
  private why: Fields | undefined

  constructor(proxy: ForkOwner, server: ServerTransaction, decision: Forward) {
    this.proxy = proxy
    this.server = server
    this.decision = decision
    this.groups = decision.groups
    this.context = new ResponseContext(server.request.method === 'INVITE', this)
  }

  start(): void {
    const { server } = this
    server.use(this)
    // No 100 of our own: the transaction says it where nothing better has come within 200 ms (§17.2.1).
    const breadth = maxBreadth(server.request, this.proxy.maxBreadth)
    if (breadth > 0) {
      this.groups = withinBreadth(this.groups, breadth)
      this.next()
    } else {
      server.respond(440)
      this.end()
    }
  }

  /** ServerUser: the caller's CANCEL; why he sends it is passed on. */
  cancelled(cancel: Message): void {
    this.why = cancel.headers('Reason').map((reason) => ['Reason', own(reason)])
    this.context.cancel()
    this.settled()
  }

  arrived(branch: Branch, response: Response): void {
    const { goesOn, told } = this.decision
    if (response.status >= 200) told?.(branch.target, response)
    const last = response.status >= 300 && goesOn?.(response) === false
    // Which ends the others, where there are any.
    if (response.status >= 200 && this.branches.length > 1) this.why = [['Reason', elsewhere(response.status)]]
    this.context.arrived(branch, response, last)
    this.settled()
  }

  expired(branch: Branch): void {
    this.context.expired(branch)
    this.settled()
  }

  /** RFC 3263 §4.3, long before timer B: the next server is tried, and this one shall not go on ringing. */
  silent(branch: Branch): void {
    if (branch.phase !== 'calling' || this.over || this.groups.length === 0) return
    branch.client?.cancel()
    this.arrived(branch, { status: 408 })
  }

  resend(to: (hop: Hop) => boolean): void {
    for (const { phase, target, client } of this.branches)
      if (phase !== 'final' && client !== undefined && to(target.hop)) this.proxy.repeat(client)
  }

  fail(to: (hop: Hop) => boolean, status: number): void {
    for (const branch of this.branches) {
      if (branch.phase === 'final' || !to(branch.target.hop)) continue
      branch.client?.abandon()
      this.arrived(branch, { status })
    }
  }

  /** ResponseContextUser: §16.7 steps 3, 7–9. */
  forward(response: Response, others: readonly Response[]): void {
    if (!(response instanceof Message)) {
      this.server.respond(response.status)
      return
    }
    const final = response.status >= 200 ? (this.decision.answered?.(response) ?? response) : response
    const copy = edit(final).pop('Via')
    for (const other of others) {
      if (!(other instanceof Message)) continue
      for (const name of ['WWW-Authenticate', 'Proxy-Authenticate'])
        for (const challenge of other.headers(name)) copy.add(name, challenge)
    }
    this.server.send(copy.finish())
  }

  /** ResponseContextUser. */
  giveUp(): void {
    this.server.giveUp()
  }

  /** ResponseContextUser. */
  cancel(branch: Branch): void {
    branch.client?.cancel(this.why)
  }

  /** ResponseContextUser. */
  startC(branch: Branch): void {
    branch.startC(this.proxy)
  }

  /** ResponseContextUser. */
  finished(branch: Branch): void {
    branch.end()
  }

  /** ResponseContextUser. */
  abandon(branch: Branch): void {
    branch.client?.abandon()
  }

  /** ResponseContextUser: §16.6 item 10, for each target of the next group. */
  next(): void {
    const [group = [], ...rest] = this.groups
    this.groups = rest
    const added = group.map((target) => new Branch(this, target))
    this.branches = this.branches.length === 0 ? added : [...this.branches, ...added]
    this.context.fork(added, rest.length)
    for (const branch of added) this.send(branch, added.length)
  }

  private send(branch: Branch, siblings: number) {
    const { request } = this.server
    const copy = copyFor(request, this.decision, branch.target)
    // RFC 5393 §5.3.3: what is left is shared by the branches; a request that never forks needs no field.
    if (siblings > 1 || request.cellOf('Max-Breadth', 0) >= 0) {
      const breadth = maxBreadth(request, this.proxy.maxBreadth)
      copy.set('Max-Breadth', String(Math.max(1, Math.floor(breadth / siblings))))
    }
    const options = { branch: this.proxy.branch(routingHash(request)) }
    branch.client = this.proxy.transactions.request(copy, branch.target.hop, branch, options)
    const { patience } = this.decision
    if (patience !== undefined && this.groups.length > 0) branch.listen(this.proxy.clock, patience)
  }

  /** After each input: the first final response that went upstream is the end of most of it. */
  private settled() {
    if (!this.over && !this.context.isOpen) this.end()
  }

  /** What is left for 32 s is little: later 2xx of an INVITE, and no more of anything else. */
  private end() {
    this.over = true
    this.server.use(nobody)
    this.server.release()
    this.decision = decided
    this.groups = none
    this.proxy.ended(this)
  }
}

/** A phone that rang shows no missed call where another one took it. */
const elsewhere = (status: number): string =>
  status < 300
    ? formatReason({ protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' })
    : formatReason({ protocol: 'SIP', cause: status, text: reasonPhrase(status) })

const none: readonly never[] = []
const decided: Forward = { type: 'forward', groups: [] }
const nowhere: Target = { hop: { protocol: 'UDP', host: '', port: 0 } }

/** One target, its client transaction and its timer C. */
class Branch implements ClientUser, ContextBranch {
  target: Target
  phase: ContextBranch['phase'] = 'calling'
  cancelled = false
  client: ClientTransaction | undefined
  private readonly fork: ForkedRequest
  private timer: Timer | undefined
  /** Runs until anything is heard. */
  private patience: Timer | undefined
  /** When timer C was last started. */
  private heardAt = 0

  constructor(fork: ForkedRequest, target: Target) {
    this.fork = fork
    this.target = target
  }

  response(response: Message): void {
    this.patience?.cancel()
    this.fork.arrived(this, response)
  }

  failed(cause: 'timeout' | 'transport'): void {
    // §16.9, §16.7: no answer is 408, a next hop that cannot be reached is 503.
    this.fork.arrived(this, { status: cause === 'timeout' ? 408 : 503 })
  }

  /** Waits so many ms for anything. */
  listen(clock: Clock, ms: number): void {
    this.patience = clock.after(ms, () => this.fork.silent(this))
  }

  /** Starting it anew is noting the time: it runs for minutes, and nearly every branch answers at once. */
  startC(proxy: ForkOwner): void {
    this.heardAt = proxy.clock.monotonic()
    if (this.timer === undefined) this.waitC(proxy, proxy.timerC)
  }

  private waitC(proxy: ForkOwner, ms: number) {
    this.timer = proxy.clock.after(ms, () => {
      this.timer = undefined
      const left = this.heardAt + proxy.timerC - proxy.clock.monotonic()
      if (left > 0) this.waitC(proxy, left)
      else this.fork.expired(this)
    })
  }

  /** It may live for 32 s more, for later 2xx: what is left is its fork. */
  end(): void {
    this.timer?.cancel()
    this.timer = undefined
    this.patience?.cancel()
    this.patience = undefined
    this.client = undefined
    this.target = nowhere
  }
}

/** RFC 5393 §5.3.3: no more branches at once than allowed; the others are tried after them. */
function withinBreadth(groups: readonly (readonly Target[])[], breadth: number): readonly (readonly Target[])[] {
  if (groups.every((group) => group.length <= breadth)) return groups
  return groups.flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / breadth) }, (_, index) =>
      group.slice(index * breadth, (index + 1) * breadth),
    ),
  )
}
