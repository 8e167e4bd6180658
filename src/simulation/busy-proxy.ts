/**
 * Callers of a proxy that shares its processor with a node: they talk for a second and hang up. A call is 20 ms of work,
 * 12 when it begins and 8 when it ends, so fifty a second can be done; refusing one is work, too.
 */
import type { Message } from '#protocols/sip/message/message.ts'
import { ProxyWorld, requestText } from './proxy-world.ts'
import type { UdpPeer } from './sip-peers.ts'

const at = '10.9.0.1:5060'
const work = { begin: 12, end: 8, refuse: 0.75 }
const talk = 1000

/** What became of calls in one second. */
export type Second = { readonly done: number; readonly refused: number }

export class Callers {
  readonly world: ProxyWorld['world']
  private readonly node: Awaited<ReturnType<ProxyWorld['node']>>
  private readonly phones: UdpPeer
  private readonly read = { node: 0, phones: 0 }
  private readonly hangUps: { readonly at: number; readonly bye: string }[] = []
  private done = 0
  private refused = 0

  private constructor(cluster: ProxyWorld, node: Callers['node'], phones: UdpPeer) {
    this.world = cluster.world
    this.node = node
    this.phones = phones
  }

  static async start(): Promise<Callers> {
    const cluster = new ProxyWorld()
    const proxy = await cluster.proxy('proxy1', '10.0.0.1')
    const node = await cluster.node('node1', proxy)
    return new Callers(cluster, node, await cluster.udp('callers', { host: '10.9.0.1', port: 5060 }, proxy))
  }

  async call(seconds: number, perSecond: number): Promise<Second[]> {
    const all: Second[] = []
    for (let second = 0; second < seconds; second++) {
      const { done, refused } = this
      for (let call = 0; call < perSecond; call++) {
        this.phones.say(requestText('INVITE', { at }))
        await this.world.run(1000 / perSecond)
        this.goOn()
      }
      all.push({ done: this.done - done, refused: this.refused - refused })
    }
    return all
  }

  private goOn() {
    const { node, phones, hangUps, read, world } = this
    for (; read.node < node.heard.length; read.node++) this.asked(node.heard[read.node])
    for (; read.phones < phones.heard.length; read.phones++) this.answered(phones.heard[read.phones])
    for (; (hangUps[0]?.at ?? Number.POSITIVE_INFINITY) <= world.now; hangUps.shift()) phones.say(hangUps[0]?.bye ?? '')
  }

  private asked(request: Message | undefined) {
    if (request?.method !== 'INVITE' && request?.method !== 'BYE') return
    const begins = request.method === 'INVITE'
    this.world.work('proxy1', begins ? work.begin : work.end)
    const route = request.headers('Record-Route').map((value) => ['Record-Route', value] as const)
    this.node.answer(request, 200, route, begins ? '<sip:c@node1.dc1>' : undefined)
  }

  private answered(response: Message | undefined) {
    if (response === undefined || response.status < 200) return
    const { callID, toTag, branch, method } = response
    if (method === 'BYE') this.done++
    else if (response.status === 200) {
      const fields = response.headers('Record-Route').map((route) => `Route: ${route}`)
      const inDialog = { at, callID, uri: 'sip:c@node1.dc1', toTag, fields }
      this.phones.say(requestText('ACK', inDialog))
      this.hangUps.push({ at: this.world.now + talk, bye: requestText('BYE', { ...inDialog, cseq: 2 }) })
    } else {
      this.phones.say(requestText('ACK', { at, callID, toTag, branch }))
      this.world.work('proxy1', work.refuse)
      this.refused++
    }
  }
}
