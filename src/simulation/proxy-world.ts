/** A world of real SIP proxies, one host each, with scripted nodes and endpoints at the other ends of the wire. */

import { Value } from 'typebox/value'
import { sipHello } from '#layers/voice/model/taken-sip-links.ts'
import { type RunningSipProxy, sipProxy } from '#layers/voice/sip-proxy/component.ts'
import { Config } from '#layers/voice/sip-proxy/config.ts'
import { InProcessCoordination, type Member } from '#platform/coordination/in-process.ts'
import { type Log, silentLog } from '#platform/log/log.ts'
import { type Exposition, prometheus } from '#platform/metrics/prometheus.ts'
import type { Address, TlsPem } from '#platform/runtime/runtime.ts'
import { type Configuration, configurationFrom } from '#protocols/model/configuration.ts'
import { ChangingConfiguration } from './changing-configuration.ts'
import { Leftovers } from './leftovers.ts'
import { LinkedPeer, type NodeOptions, ScriptedNode, TcpPeer, UdpPeer } from './sip-peers.ts'
import { WebSocketPeer } from './web-socket-peer.ts'
import { World } from './world.ts'

const sharedKey = 'the key all proxies share'

const demoObjects: Configuration = configurationFrom({
  settings: { domains: ['ringmain'] },
  dns: [{ number: '1001' }, { number: '1002' }],
  trunks: [{ name: 'carrier', sources: ['10.9.0.0/16'], destination: '10.9.0.1:5060', numbers: ['XXXXX!'] }],
})

export type StartedProxy = {
  readonly running: RunningSipProxy
  readonly member: Member
  /** Where endpoints reach it over UDP and TCP; TLS, WebSocket and secure WebSocket are at the next three ports. */
  readonly sip: Address
  /** Messages and connections that it has dropped for this reason. */
  dropped(reason: string): Promise<number>
  /** What it tells Prometheus. */
  figures(): Promise<string>
}

export type ProxyOptions = {
  dc?: string
  listen?: Config['listen']
  advertise?: Config['advertise']
  limits?: object
  defence?: object
  /** Put on its disk, and shown over TLS. */
  tls?: TlsPem
  log?: Log
}

export class ProxyWorld {
  readonly world: World
  private readonly configuration: ChangingConfiguration
  private readonly coordination = new InProcessCoordination()
  private readonly leftovers: Leftovers

  constructor(seed = 1, configuration = demoObjects) {
    this.world = new World(seed)
    this.configuration = new ChangingConfiguration(configuration)
    this.leftovers = new Leftovers(this.world, () => this.configuration.withoutTrunks())
  }

  /** Starts a proxy on the host of its own name, at `host`:5060. */
  async proxy(name: string, host: string, options: ProxyOptions = {}): Promise<StartedProxy> {
    const { dc = 'dc1', listen = portsAt(host, options.tls !== undefined), advertise } = options
    const { limits = {}, defence = {}, log = silentLog } = options
    const runtime = this.world.host(name)
    const tls = options.tls && (await this.putCertificate(name, options.tls))
    const member = this.coordination.member(runtime.clock)
    const inside = { host, port: 0 }
    const own = { name, dc, listen, linkListen: inside, meshListen: inside, sharedKey, limits, defence }
    const given = { ...own, ...(tls && { tls }) }
    const config = Value.Parse(Config, Value.Default(Config, { ...given, ...(advertise && { advertise }) }))
    const exposition = prometheus()
    const metrics = this.leftovers.watch(name, exposition.scope({ name }).metrics)
    const context = { runtime, coordination: member, config, log, metrics }
    const component = sipProxy({ configuration: this.configuration })
    const running = await this.world.complete(component.start(context))
    this.leftovers.started(name, () => running.stop())
    const dropped = (reason: string) => droppedFor(exposition, reason)
    return { running, member, sip: { host, port: 5060 }, dropped, figures: () => exposition.text() }
  }

  configure(configuration: Configuration): void {
    this.configuration.set(configuration)
  }

  /** Ends a proxy as a power cut does. */
  crash(name: string, proxy: StartedProxy): void {
    this.world.crash(name)
    this.leftovers.crashed(name)
    proxy.member.leave()
  }

  /** Announces something, as the component that owns the key would. */
  announce(key: string, value: object): Promise<unknown> {
    const member = this.coordination.member(this.world.host('announcer').clock)
    return this.world.complete(member.announce(key, JSON.stringify(value)))
  }

  /** A node with a link to this proxy; it is ready when this resolves. */
  async node(name: string, proxy: StartedProxy, options: Partial<NodeOptions> & { host?: string } = {}) {
    const { host = name, ...more } = options
    const node = new ScriptedNode(this.world, host, { name, link: proxy.running.addresses.link, ...more })
    await this.world.run(100)
    return node
  }

  /** Somebody who takes SIP at `sip`, and over a link to this proxy, which is open when this resolves. */
  async linked(host: string, sip: Address, proxy: StartedProxy): Promise<LinkedPeer> {
    const { link } = proxy.running.addresses
    const peer = new LinkedPeer(this.world, host, sipHello(sip, 'dc1', `${host}-1`), link)
    await this.world.run(100)
    return peer
  }

  /** What the proxy of this name reads at its next look: a certificate, its key, and whom to believe. */
  async putCertificate(name: string, { certificate, key, authorities }: TlsPem): Promise<NonNullable<Config['tls']>> {
    const { disk } = this.world.host(name)
    const put = (path: string, text: string) => this.world.complete(disk.replace(path, Buffer.from(text)))
    await put('tls/certificate.pem', certificate)
    await put('tls/key.pem', key)
    const files = { certificate: 'tls/certificate.pem', key: 'tls/key.pem' }
    if (authorities === undefined) return files
    await put('tls/authorities.pem', authorities)
    return { ...files, authorities: 'tls/authorities.pem' }
  }

  udp(host: string, local: Address, proxy: StartedProxy): Promise<UdpPeer> {
    return UdpPeer.at(this.world, host, local, proxy.sip)
  }

  tcp(host: string, proxy: StartedProxy): Promise<TcpPeer> {
    return TcpPeer.to(this.world, host, proxy.sip)
  }

  webSocket(host: string, proxy: StartedProxy): Promise<WebSocketPeer> {
    return WebSocketPeer.to(this.world, host, { ...proxy.sip, port: proxy.sip.port + 2 })
  }

  /** `pem`: what it shows, and believes. */
  tls(host: string, proxy: StartedProxy, pem: TlsPem): Promise<TcpPeer> {
    const credentials = this.world.host(host).net.credentials(pem)
    return TcpPeer.to(this.world, host, { ...proxy.sip, port: proxy.sip.port + 1 }, credentials)
  }
}

/** As the demo has them: with a certificate TLS and WebSocket, too. */
function portsAt(host: string, secure: boolean): Config['listen'] {
  const plain: Config['listen'] = [{ host, port: 5060, transports: ['udp', 'tcp'] }]
  const more = (['tls', 'ws', 'wss'] as const).map((transport, index) => ({
    ...{ host, port: 5061 + index, transports: [transport] },
  }))
  return secure ? [...plain, ...more] : plain
}

async function droppedFor(exposition: Exposition, reason: string): Promise<number> {
  const text = await exposition.text()
  return Number(new RegExp(`^ringmain_sip_dropped_total{.*reason="${reason}".*} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
}

type RequestOptions = {
  uri?: string
  user?: string
  callID?: string
  cseq?: number
  branch?: string
  /** Where Via and Contact say the sender is. */
  at?: string
  transport?: string
  /** More header lines. */
  fields?: readonly string[]
  to?: string
  toTag?: string
  contact?: string
}

let made = 0

/** The text of a request of an endpoint. */
export function requestText(method: string, options: RequestOptions = {}): string {
  made++
  const { user = '1001', at = '10.0.1.1:5060', transport = 'UDP', cseq = 1, fields = [], toTag } = options
  const { uri = 'sip:1002@ringmain', callID = `call-${made}`, branch = `z9hG4bK${made}`, to = uri } = options
  const { contact = `<sip:${user}@${at}${transport === 'UDP' ? '' : `;transport=${transport.toLowerCase()}`}>` } =
    options
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/${transport} ${at};rport;branch=${branch}`,
    'Max-Forwards: 70',
    `From: <sip:${user}@ringmain>;tag=from-${callID}`,
    `To: <${to}>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callID}`,
    `CSeq: ${cseq} ${method}`,
    ...(contact === '' ? [] : [`Contact: ${contact}`]),
    ...fields,
    'Content-Length: 0',
  ]
  return `${lines.join('\n')}\n\n`
}

export const registerText = (user: string, options: RequestOptions & { expires?: number } = {}): string =>
  requestText('REGISTER', {
    uri: 'sip:ringmain',
    to: `sip:${user}@ringmain`,
    user,
    ...options,
    fields: [`Expires: ${options.expires ?? 60}`, ...(options.fields ?? [])],
  })
