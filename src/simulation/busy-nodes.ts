/** Callers of two proxies whose nodes are on hosts of their own and have work with each call; refusing one is work, too. */
import type { SessionControllerOptions } from '#layers/voice/sip-server/session-controller/ports.ts'
import type { IncomingSession, SessionUser } from '#protocols/sip/core/session.ts'
import type { Event } from '#protocols/tlib/events.ts'
import { NodeWorld } from './node-world.ts'
import { requestText } from './proxy-world.ts'
import { ScriptedCalls } from './scripted-calls.ts'
import { UdpPeer } from './sip-peers.ts'

/** ms */
const refusal = 2
const proxies = ['10.0.0.1', '10.0.0.2']

/** What became of calls in one second; `byNodes`: how many of those refused had come to a node. */
export type Second = { readonly done: number; readonly refused: number; readonly byNodes: number }

/** Ends each call at once with 486, when it has done the work of it. */
class BusyCalls extends ScriptedCalls {
  done = 0
  refused = 0
  private readonly perCall: number
  private readonly work: (ms: number) => void
  private due = 0

  constructor(options: SessionControllerOptions<Event>, perCall: number, work: (ms: number) => void) {
    super(options)
    this.perCall = perCall
    this.work = work
  }

  override invited(session: IncomingSession): SessionUser {
    const admitted = this.options.admitsCall(true)
    if (admitted) this.done++
    else this.refused++
    session.reject(admitted ? 486 : 503)
    this.take(admitted ? this.perCall : refusal)
    return { ended() {} }
  }

  /** A call that no proxy has seen: a dialler asks for it. */
  dialled(): void {
    this.take(this.options.admitsCall(false) ? this.perCall : refusal)
  }

  /** All that a loop reads at a turn it does in that turn: no timer comes between. */
  private take(ms: number): void {
    if (this.due === 0)
      this.options.runtime.clock.turn(() => {
        this.work(this.due)
        this.due = 0
      })
    this.due += ms
  }
}

/** Who calls one proxy; `read`: so many of what it heard are dealt with. */
type Carrier = { readonly peer: UdpPeer; readonly at: string; read: number }

export class NodeCallers {
  readonly cluster = new NodeWorld()
  private readonly nodes: BusyCalls[] = []
  private readonly carriers: Carrier[] = []
  private refused = 0

  /** With nodes that can do so many calls a second. */
  static async start(...nodes: readonly number[]): Promise<NodeCallers> {
    const callers = new NodeCallers()
    const { cluster } = callers
    for (const [index, host] of proxies.entries()) await cluster.proxy(`proxy${index + 1}`, host)
    for (const [index, perSecond] of nodes.entries()) await callers.addNode(index + 1, 1000 / perSecond)
    for (const [index, host] of proxies.entries()) {
      const local = { host: `10.9.0.${index + 1}`, port: 5060 }
      const peer = await UdpPeer.at(cluster.world, `carrier${index + 1}`, local, { host, port: 5060 })
      callers.carriers.push({ peer, at: `${local.host}:${local.port}`, read: 0 })
    }
    return callers
  }

  /** So many calls a second, by both proxies in turn; `dialled`: for each of them a dialler asks each node for so many. */
  async call(seconds: number, perSecond: number, dialled = 0): Promise<Second[]> {
    const all: Second[] = []
    for (let second = 0; second < seconds; second++) {
      const before = this.sums()
      for (let call = 0; call < perSecond; call++) {
        const { peer, at } = this.carriers[call % this.carriers.length] as Carrier
        peer.say(requestText('INVITE', { at }))
        for (let dial = 0; dial < dialled; dial++) for (const node of this.nodes) node.dialled()
        await this.cluster.world.run(1000 / perSecond)
        for (const carrier of this.carriers) this.acknowledge(carrier)
      }
      const { done, refused, byNodes } = this.sums()
      all.push({ done: done - before.done, refused: refused - before.refused, byNodes: byNodes - before.byNodes })
    }
    return all
  }

  private async addNode(number: number, perCall: number): Promise<void> {
    const name = `node${number}`
    const { cluster } = this
    const createSessionController = (options: SessionControllerOptions<Event>) => {
      const calls = new BusyCalls(options, perCall, (ms) => cluster.world.work(name, ms))
      this.nodes.push(calls)
      return calls
    }
    await cluster.node(name, `10.0.0.${10 + number}`, { number, createSessionController })
  }

  private sums(): Second {
    const sum = (of: (node: BusyCalls) => number) => this.nodes.reduce((all, node) => all + of(node), 0)
    return { done: sum(({ done }) => done), refused: this.refused, byNodes: sum(({ refused }) => refused) }
  }

  private acknowledge(carrier: Carrier): void {
    const { peer, at } = carrier
    for (; carrier.read < peer.heard.length; carrier.read++) {
      const response = peer.heard[carrier.read]
      if (response === undefined || response.status < 200) continue
      const { callID, toTag, branch, status } = response
      peer.say(requestText('ACK', { at, callID, toTag, branch }))
      if (status === 503) this.refused++
    }
  }
}
