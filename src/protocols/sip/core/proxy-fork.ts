/**
 * One forwarded request: its server transaction, the client transactions of its branches, and the response context
 * that decides between them (RFC 3261 §16.2).
 */
import { step } from '#platform/machine/machine.ts'
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import { edit } from '../message/edit.ts'
import { Message } from '../message/message.ts'
import type {
  ClientTransaction,
  ClientUser,
  ServerTransaction,
  ServerUser,
  Transactions,
} from '../transaction/transactions.ts'
import type { Hop } from '../transport/transport.ts'
import { copyFor, type Forward, type Target } from './proxy-copy.ts'
import { maxBreadth } from './proxy-request.ts'
import {
  type Effect,
  type Input,
  inputOf,
  newResponseContext,
  proxyResponseContext,
  type Response,
  type State,
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

export class ForkedRequest implements ServerUser {
  private readonly proxy: ForkOwner
  private readonly server: ServerTransaction
  private decision: Forward
  private readonly hash: string
  private groups: readonly (readonly Target[])[]
  private readonly branches: Branch[] = []
  private state: State = 'Open'
  private context = newResponseContext(false)

  constructor(proxy: ForkOwner, server: ServerTransaction, decision: Forward, hash: string) {
    this.proxy = proxy
    this.server = server
    this.decision = decision
    this.hash = hash
    this.groups = decision.groups
  }

  start(): void {
    const { server } = this
    const invite = server.request.method === 'INVITE'
    this.context = newResponseContext(invite)
    server.use(this)
    // §16.2: at once, since the branches may be silent for long, and each hop's 100 ends there.
    if (invite) server.respond(100)
    const breadth = maxBreadth(server.request, this.proxy.maxBreadth)
    this.groups = breadth > 0 ? withinBreadth(this.groups, breadth) : []
    if (breadth > 0) this.next()
    else this.refuse(440)
  }

  /** ServerUser: the caller's CANCEL. */
  cancelled(): void {
    this.apply({ type: 'cancel' })
  }

  arrived(branch: Branch, response: Message): void {
    const type = inputOf(response.status)
    if (type === '300-699') this.refused(branch, response)
    else this.apply({ type, branch: branch.id, response })
  }

  broke(branch: Branch, status: number): void {
    this.refused(branch, { status })
  }

  expired(branch: Branch): void {
    this.apply({ type: 'timerC', branch: branch.id })
  }

  resend(to: (hop: Hop) => boolean): void {
    for (const { ended, target, client } of this.branches)
      if (!ended && client !== undefined && to(target.hop)) this.proxy.repeat(client)
  }

  fail(to: (hop: Hop) => boolean, status: number): void {
    for (const branch of this.branches) {
      if (branch.ended || !to(branch.target.hop)) continue
      branch.client?.abandon()
      this.broke(branch, status)
    }
  }

  private refused(branch: Branch, response: Response) {
    const last = this.decision.goesOn?.(response.status) === false
    this.apply({ type: '300-699', branch: branch.id, response, last })
  }

  private refuse(status: number) {
    this.state = 'Completed'
    this.respond({ status })
    this.proxy.ended(this)
  }

  private apply(input: Input) {
    const next = step(proxyResponseContext, this.state, this.context, input)
    if (next === undefined) return
    const wasOpen = this.isOpen()
    this.state = next.state
    this.context = next.data
    if ('branch' in input && input.type !== '100' && input.type !== '101-199') this.settled(input.branch)
    for (const effect of next.effects) this.perform(effect)
    if (wasOpen && !this.isOpen()) this.end()
  }

  /** What is left for 32 s is little: later 2xx of an INVITE, and no more of anything else. */
  private end() {
    this.server.use(nobody)
    this.server.request.shrink()
    this.decision = decided
    this.groups = []
    for (const branch of this.branches) if (branch.ended) branch.client = undefined
    this.proxy.ended(this)
  }

  private isOpen() {
    return this.state === 'Open' || this.state === 'Closing'
  }

  /** A branch that has had its say needs no timer. */
  private settled(id: number) {
    const branch = this.branches[id]
    if (branch !== undefined && this.context.branches[id]?.phase === 'final') branch.end()
  }

  private perform(effect: Effect) {
    switch (effect.type) {
      case 'forward':
        return this.respond(effect.response, effect.others)
      case 'cancel':
        return this.branches[effect.branch]?.client?.cancel()
      case 'startC':
        return this.branches[effect.branch]?.startC(this.proxy)
      case 'abandon':
        return this.branches[effect.branch]?.client?.abandon()
      case 'next':
        return this.next()
    }
  }

  /** §16.6 item 10, for each target of the next group. */
  private next() {
    const [group = [], ...rest] = this.groups
    this.groups = rest
    const added = group.map((target, index) => new Branch(this, this.branches.length + index, target))
    this.branches.push(...added)
    this.apply({ type: 'fork', branches: added.map(({ id }) => id), groups: rest.length })
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
    const { transactions } = this.proxy
    branch.client = transactions.request(copy, branch.target.hop, branch, { branch: this.proxy.branch(this.hash) })
  }

  /** §16.7 steps 3, 7–9. */
  private respond(response: Response, others: readonly Response[] = []) {
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
}

const nobody: ServerUser = {}
const decided: Forward = { type: 'forward', groups: [] }

/** One target, its client transaction and its timer C. */
class Branch implements ClientUser {
  readonly id: number
  readonly target: Target
  client: ClientTransaction | undefined
  ended = false
  private readonly fork: ForkedRequest
  private timer: Timer | undefined

  constructor(fork: ForkedRequest, id: number, target: Target) {
    this.fork = fork
    this.id = id
    this.target = target
  }

  response(response: Message): void {
    this.fork.arrived(this, response)
  }

  failed(cause: 'timeout' | 'transport'): void {
    // §16.9, §16.7: no answer is 408, a next hop that cannot be reached is 503.
    this.fork.broke(this, cause === 'timeout' ? 408 : 503)
  }

  startC(proxy: ForkOwner): void {
    this.timer?.cancel()
    this.timer = proxy.clock.after(proxy.timerC, () => this.fork.expired(this))
  }

  end(): void {
    this.ended = true
    this.timer?.cancel()
    this.timer = undefined
  }
}

/** RFC 5393 §5.3.3.2: no more branches at once than allowed; the others are tried after them. */
function withinBreadth(groups: readonly (readonly Target[])[], breadth: number): readonly (readonly Target[])[] {
  if (groups.every((group) => group.length <= breadth)) return groups
  return groups.flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / breadth) }, (_, index) =>
      group.slice(index * breadth, (index + 1) * breadth),
    ),
  )
}
