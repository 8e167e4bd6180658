/**
 * The SIP Server nodes of this data centre, as their links and their answers to OPTIONS show them (architecture §11):
 * which of them take new calls, and where to reach each.
 */
import type { Link, LinkUser, Opened } from '#platform/link/link.ts'
import type { Log } from '#platform/log/log.ts'
import type { Clock, Random, Timer } from '#platform/runtime/runtime.ts'
import { buildRequest } from '#protocols/sip/message/build-request.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { ClientTransaction, Transactions } from '#protocols/sip/transaction/transactions.ts'
import type { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { isSip, readNews } from '../model/link-news.ts'
import { memberName } from '../model/member-name.ts'
import { Actuator } from '../model/overload/actuator.ts'
import { isFeedback, type NodeNews } from '../model/overload/feedback.ts'
import { ranked, rendezvous } from '../model/rendezvous.ts'
import { SipLink } from './sip-link.ts'

/**
 * `new`: has not answered yet; `draining`: answers 503, keeps its dialogs; `silent`: does not answer; `away`: its link is
 * gone, another may come.
 */
type State = 'new' | 'ready' | 'draining' | 'silent' | 'away'

const probeEvery = 1000
const silentAfter = 2000
/** How long what waits for a node may wait for its next link: a standby takes over within (architecture §5). */
const takeover = 2000

export type NodesOptions = {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly transport: SipTransport
  readonly transactions: Transactions
  /** Our name, and the data centre whose nodes these are. */
  readonly self: { readonly name: string; readonly dc: string }
  /** The node is reached over a new link: what waits for it is to be sent again. */
  resend(to: (hop: Hop) => boolean): void
  /** No link came in time: what waits for it gets this answer. */
  fail(to: (hop: Hop) => boolean, status: number): void
  /** Which nodes are linked has changed. */
  changed(): void
}

type Node = {
  readonly name: string
  readonly sip: SipLink
  readonly actuator: Actuator
  link: Link | undefined
  state: State
  /** When the oldest OPTIONS without an answer was sent; undefined: all are answered. */
  waitingSince: number | undefined
  probes: ClientTransaction[]
  grace: Timer | undefined
}

export class Nodes {
  private readonly options: NodesOptions
  private readonly byName = new Map<string, Node>()
  private readonly byConnection = new Map<number, string>()
  private ticking: Timer | undefined
  private stopped = false
  private probed = 0
  /** Those that take new calls. */
  ready: readonly string[] = []

  constructor(options: NodesOptions) {
    this.options = options
    this.tickLater()
  }

  /** A node has opened a link; its hello's epoch is no lower than those before. */
  readonly opened: Opened = (link) => {
    const { peer } = link
    if (peer.dc !== this.options.self.dc) {
      this.options.log.warn({ node: peer.name, dc: peer.dc }, 'refused a node of another data centre')
      return undefined
    }
    return this.attach(memberName(peer.name, peer.dc), link)
  }

  /** All that have a link. */
  get linked(): string[] {
    return [...this.byName.values()].filter(({ link }) => link !== undefined).map(({ name }) => name)
  }

  hopOf(name: string): Hop | undefined {
    return this.byName.get(name)?.sip.hop
  }

  /**
   * The node that takes one more new call: the one that `key` leads to, or the next that has less to do. Undefined: none.
   * Asked once a call.
   */
  taker(key: string): string | undefined {
    const first = rendezvous(key, this.ready)
    if (first === undefined || this.takes(first)) return first
    return ranked(key, this.ready).find((name) => name !== first && this.takes(name))
  }

  /** The share of new calls that each keeps away, of 1. */
  get reductions(): { node: string; reduction: number }[] {
    return [...this.byName.values()].map(({ name, actuator }) => ({ node: name, reduction: actuator.reduction }))
  }

  /** The node a message came from. */
  ofConnection(connection: number): string | undefined {
    return this.byConnection.get(connection)
  }

  count(state: State): number {
    let count = 0
    for (const node of this.byName.values()) if (node.state === state) count++
    return count
  }

  /** What keeps nodes from taking calls. */
  get faults(): string[] {
    const words = { new: 'has not answered yet', draining: 'is draining', silent: 'does not answer', away: 'has gone' }
    return [...this.byName.values()].flatMap(({ name, state }) =>
      state === 'ready' ? [] : [`${name} ${words[state]}`],
    )
  }

  stop(): void {
    this.stopped = true
    this.ticking?.cancel()
    for (const node of this.byName.values()) node.grace?.cancel()
  }

  private attach(name: string, link: Link): LinkUser {
    const node = this.byName.get(name) ?? this.add(name)
    const known = node.link !== undefined || node.grace !== undefined
    const replaced = node.link
    node.grace?.cancel()
    node.grace = undefined
    node.link = link
    node.sip.use(link)
    node.actuator.forget()
    node.waitingSince = undefined
    for (const probe of node.probes.splice(0)) probe.abandon()
    this.enter(node, 'new')
    replaced?.close()
    this.options.changed()
    this.probe(node)
    if (known) this.options.resend((hop) => hop.connection === node.sip.connection)
    return {
      frame: (bytes) => node.link === link && this.received(node, bytes),
      closed: () => node.link === link && this.lost(node),
    }
  }

  private received(node: Node, frame: Buffer) {
    if (isSip(frame)) return node.sip.received(frame)
    const news = readNews<NodeNews>(frame)
    if (isFeedback(news?.overload)) node.actuator.hear(news.overload)
    // A node of a later version may tell more than is known here.
    else if (news === undefined || news.overload !== undefined)
      this.options.log.warn({ node: node.name }, 'a frame of a node that cannot be read')
  }

  private takes(name: string): boolean {
    return this.byName.get(name)?.actuator.takes() ?? false
  }

  private add(name: string): Node {
    const { transport, self, clock } = this.options
    const sip = new SipLink(transport, name, self.name)
    const node: Node = {
      name,
      sip,
      actuator: new Actuator(clock),
      link: undefined,
      state: 'new',
      waitingSince: undefined,
      probes: [],
      grace: undefined,
    }
    this.byName.set(name, node)
    this.byConnection.set(sip.connection, name)
    return node
  }

  private lost(node: Node) {
    node.link = undefined
    node.sip.use(undefined)
    this.enter(node, 'away')
    if (this.stopped) return
    node.grace = this.options.clock.after(takeover, () => this.forget(node))
    this.options.changed()
  }

  private forget(node: Node) {
    this.byName.delete(node.name)
    this.byConnection.delete(node.sip.connection)
    node.sip.close()
    for (const probe of node.probes) probe.abandon()
    this.options.fail((hop) => hop.connection === node.sip.connection, 503)
  }

  private enter(node: Node, state: State) {
    if (node.state !== state) this.options.log.info({ node: node.name, state }, 'node')
    node.state = state
    this.ready = [...this.byName.values()].filter((one) => one.state === 'ready').map(({ name }) => name)
  }

  private tickLater() {
    this.ticking = this.options.clock.after(probeEvery, () => {
      this.tickLater()
      for (const node of this.byName.values()) if (node.link !== undefined) this.probe(node)
    })
  }

  private probe(node: Node) {
    const { clock, transactions } = this.options
    const now = clock.monotonic()
    if (node.waitingSince === undefined) node.waitingSince = now
    else if (now - node.waitingSince >= silentAfter) this.enter(node, 'silent')
    // What has not answered by now will not: its transaction need not wait for timer F.
    if (node.probes.length > silentAfter / probeEvery) node.probes.shift()?.abandon()
    node.probes.push(
      transactions.request(this.question(node.name), node.sip.hop, {
        response: (response) => this.answered(node, response),
        failed: () => {},
      }),
    )
  }

  private answered(node: Node, { status }: Message) {
    if (status < 200 || node.link === undefined) return
    node.waitingSince = undefined
    node.probes = []
    const state = status === 503 ? 'draining' : 'ready'
    if (node.state !== state) this.enter(node, state)
  }

  private question(node: string) {
    const { random, self } = this.options
    this.probed++
    return buildRequest({
      method: 'OPTIONS',
      requestURI: `sip:${node}`,
      from: `<sip:${self.name}>;tag=${random.hex(4)}`,
      to: `<sip:${node}>`,
      callID: `${random.hex(8)}@${self.name}`,
      cseq: this.probed,
    })
  }
}
