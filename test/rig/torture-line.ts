/**
 * One line of layers for messages that are hard to read: a real SIP proxy and behind it a user agent, on a virtual
 * network. Tells which layer objects first, and what the sender hears.
 */
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import type { UdpPort } from '#platform/runtime/runtime.ts'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { createUserAgent } from '#protocols/sip/core/create-user-agent.ts'
import type { UserAgent } from '#protocols/sip/core/user-agent.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { parseMessage } from '#protocols/sip/message/parse-message.ts'
import { TransactionLayer } from '#protocols/sip/transaction/layer.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import { ProxyWorld } from '#simulation/proxy-world.ts'
import type { ScriptedNode } from '#simulation/sip-peers.ts'
import type { World } from '#simulation/world.ts'

/** `parser`: the bytes are no message. `nobody`: whoever takes calls and requests has it. */
type Layer = 'parser' | 'proxy' | 'user agent' | 'nobody'
/** Who objects, and the status the sender hears; 0: the message is dropped, or somebody's to answer. */
export type Verdict = readonly [Layer, number]

/** A trunk, so that nobody objects to the sender rather than to what he says. */
const sender = '10.9.0.1'
/** The ports that the messages' topmost Vias name. */
const senderPorts = [5060, 5050, 6050, 19_823]
const proxyAddress = { host: '10.0.0.1', port: 5060 }
const agentAddress = { host: '10.0.2.1', port: 5060 }
const objects = configurationFrom({
  settings: { domains: ['example.com', 'example.org', 'example.net'] },
  trunks: [{ name: 'carrier', sources: [sender] }],
})

type Behind = {
  readonly agent: UserAgent
  readonly transactions: TransactionLayer
  /** What the user agent handed on. */
  readonly taken: readonly Message[]
}

export class TortureLine {
  private readonly world: World
  private readonly node: ScriptedNode
  private readonly behind: Behind
  /** Of what came back; the answer to what cannot be read repeats it, and cannot be read. */
  private readonly statuses: number[] = []
  private outside: UdpPort | undefined
  private inside: UdpPort | undefined

  private constructor(world: World, node: ScriptedNode, behind: Behind) {
    this.world = world
    this.node = node
    this.behind = behind
  }

  static async open(): Promise<TortureLine> {
    const cluster = new ProxyWorld(1, objects)
    const proxy = await cluster.proxy('proxy1', proxyAddress.host)
    const node = await cluster.node('node1', proxy)
    const line = new TortureLine(cluster.world, node, await behind(cluster.world))
    for (const port of senderPorts) line.outside = await line.port('sender', { host: sender, port })
    line.inside = await line.port('proxy1', { host: proxyAddress.host, port: 0 })
    return line
  }

  /** What the proxy passed on, as it left. */
  get passedOn(): readonly Message[] {
    return this.node.heard
  }

  /** Of one datagram. */
  async verdict(bytes: Buffer): Promise<Verdict> {
    const { node, behind } = this
    const passedOn = node.heard.length
    const taken = behind.taken.length
    const answer = await this.answerTo(() => this.outside?.send(bytes, proxyAddress))
    const request = node.heard[passedOn]
    if (request === undefined) return [isMessage(bytes) ? 'proxy' : 'parser', answer]
    const final = await this.answerTo(() => this.inside?.send(request.bytes, agentAddress))
    return behind.taken.length > taken ? ['nobody', 0] : ['user agent', final]
  }

  /** What is left of the user agent's sessions and transactions when nothing more can come. */
  async remains() {
    await this.world.run(64_000)
    return { ...this.behind.agent.counts(), ...this.behind.transactions.open }
  }

  private async answerTo(send: () => void): Promise<number> {
    const before = this.statuses.length
    send()
    await this.world.run(100)
    return this.statuses.slice(before).find((status) => status >= 200) ?? 0
  }

  private port(name: string, local: { host: string; port: number }): Promise<UdpPort> {
    const take = (bytes: Buffer) => void this.statuses.push(Number(bytes.toString('latin1', 8, 11)))
    return this.world.complete(this.world.host(name).net.udp(local, take))
  }
}

function isMessage(bytes: Buffer): boolean {
  try {
    parseMessage(bytes)
    return true
  } catch (error) {
    if (error instanceof MalformedMessage) return false
    throw error
  }
}

/** A user agent that takes every call and request, and ends it. */
async function behind(world: World): Promise<Behind> {
  const ports = { runtime: world.host('agent'), log: silentLog, metrics: noMetrics }
  const transport = new SipTransport(ports)
  await world.complete(transport.listenUdp(agentAddress))
  const transactions = new TransactionLayer({ ...ports, transport })
  const options = { product: 'Test/1', nextHop: () => undefined, methods: ['REGISTER'] }
  const agent = createUserAgent({ ...ports, transactions, transport }, options)
  const taken: Message[] = []
  agent.onInvite((incoming) => {
    taken.push(incoming.invite)
    incoming.reject(480)
    return { user: { ended() {} } }
  })
  agent.onRequest((request, respond) => {
    taken.push(request)
    respond(200)
  })
  return { agent, transactions, taken }
}
