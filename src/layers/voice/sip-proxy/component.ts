/**
 * The SIP Proxy and registrar of the cluster (blueprint §4.1.1, architecture §5, §11): it takes SIP from endpoints and
 * trunks to the nodes of its data centre, and back.
 */
import { type Context, defineComponent, type Health, type Running } from '#platform/component/component.ts'
import type { Announcement } from '#platform/coordination/coordination.ts'
import { keepLink } from '#platform/link/keep-link.ts'
import type { Hello, Opened } from '#platform/link/link.ts'
import { type LinkListener, listenLinks } from '#platform/link/listen-links.ts'
import type { LocalLinks } from '#platform/link/local-links.ts'
import type { Address, Timer } from '#platform/runtime/runtime.ts'
import type { Trace } from '#platform/trace/trace.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import { type BanOrders, banKeys, banOrdersKey, noOrders } from '#protocols/model/http/bans.ts'
import { trunkKeys, trunkTestKeys } from '#protocols/model/http/trunks.ts'
import { isIPv4, isIPv6, unbracketed } from '#protocols/sip/message/headers/host.ts'
import type { Advertised } from '#protocols/sip/transport/sip-transport.ts'
import type { Protocol } from '#protocols/sip/transport/transport.ts'
import { sipLinks } from '../model/taken-sip-links.ts'
import { sipURI } from '../model/uri-hop.ts'
import { managerKeys, managersOf, type ProxyValue, proxiesOf, proxyKeys } from './announcements.ts'
import { Certificate } from './certificate.ts'
import { Config } from './config.ts'
import { ToldBans } from './defence/told-bans.ts'
import { NoCertificate } from './errors.ts'
import { SipProxy } from './sip-proxy.ts'

export type SipProxyPorts = {
  readonly configuration: ConfigurationSource
  /** Nodes and proxies of this process are reached without a socket. */
  readonly links?: LocalLinks
  /** For the ladders of calls: what passes between this proxy and the outside. */
  readonly trace?: Trace
}

export interface RunningSipProxy extends Running {
  /** What others find it by: where it really listens. */
  readonly addresses: ProxyValue
}

export const sipProxy = (ports: SipProxyPorts) =>
  defineComponent({
    name: 'sip-proxy',
    config: Config,
    async start(context: Context<Config>): Promise<RunningSipProxy> {
      const running = new Component(context, ports)
      try {
        await running.open()
      } catch (error) {
        await running.stop()
        throw error
      }
      return running
    },
  })

class Component implements RunningSipProxy {
  private readonly context: Context<Config>
  private readonly ports: SipProxyPorts
  private readonly proxy: SipProxy
  private readonly instance: string
  private readonly listeners: LinkListener[] = []
  private readonly watches: Timer[] = []
  private readonly certificate: Certificate | undefined
  private readonly bans: ToldBans
  private announcement: Announcement | undefined
  private trunksAnnounced: Announcement | undefined
  private telling = false
  private stopped = false
  private stopping: Promise<void> | undefined
  addresses: ProxyValue = { listen: [], link: nowhere, mesh: nowhere }

  constructor(context: Context<Config>, ports: SipProxyPorts) {
    this.context = context
    this.ports = ports
    this.instance = context.runtime.random.hex(8)
    this.proxy = new SipProxy(context, {
      source: ports.configuration,
      keep: (locate) => this.keep(locate),
      trace: ports.trace,
    })
    const { runtime, coordination, config } = context
    const { proxy } = this
    const key = `${banKeys}${config.dc}/${config.name}`
    this.bans = new ToldBans({ clock: runtime.clock, coordination, key, list: () => proxy.defence.list })
    const { tls: files } = config
    const show = proxy.transport.show.bind(proxy.transport)
    this.certificate = files === undefined ? undefined : new Certificate({ ...context, files, show })
  }

  async open(): Promise<void> {
    const { config, coordination } = this.context
    const { proxy, ports } = this
    proxy.addresses.setDomains(ports.configuration.current().settings.domains)
    this.watches.push(ports.configuration.changed(({ settings }) => proxy.addresses.setDomains(settings.domains)))
    await this.certificate?.open()
    const listen = await this.listen()
    const inside = { 'node-proxy': proxy.nodes.opened, [sipLinks]: proxy.links.opened }
    const link = await this.listenLinks(config.linkListen, inside)
    const mesh = await this.listenLinks(config.meshListen, { [meshLinks]: proxy.mesh.opened })
    this.addresses = { listen, link, mesh }
    proxy.addresses.setProxy(proxy.self.name, listen)
    proxy.bansChanged = () => this.bans.changed()
    proxy.trunksChanged = () => this.tellTrunks()
    proxy.trunks.follow(ports.configuration.current().objects.trunks)
    this.watches.push(ports.configuration.changed(({ objects }) => proxy.trunks.follow(objects.trunks)))
    this.watches.push(
      coordination.watch(proxyKeys, (entries) => this.followProxies(entries)),
      coordination.watch(trunkTestKeys, (tests) => {
        for (const [key, id] of tests) proxy.trunks.named(key.slice(trunkTestKeys.length))?.test(id)
      }),
      coordination.watch(banOrdersKey, (entries) => this.obey(entries.get(banOrdersKey))),
      coordination.watch(managerKeys, (entries) => proxy.media.set(managersOf(entries))),
    )
    const key = `${proxyKeys}${config.dc}/${config.name}`
    this.announcement = await coordination.announce(key, JSON.stringify(this.addresses))
  }

  health(): Health {
    const { nodes, mesh, draining, takesCalls, overload } = this.proxy
    const none = nodes.linked.length === 0 ? ['no SIP Server node has a link to this proxy'] : []
    const secure = this.certificate?.faults ?? []
    const busy = overload.trouble === undefined ? [] : [overload.trouble]
    const reasons = [...(draining ? ['draining'] : []), ...busy, ...none, ...nodes.faults, ...mesh.faults, ...secure]
    return { status: reasons.length === 0 ? 'ok' : takesCalls ? 'degraded' : 'down', reasons }
  }

  drain(): Promise<void> {
    return this.proxy.drain()
  }

  stop(): Promise<void> {
    this.stopping ??= this.close()
    return this.stopping
  }

  private async close() {
    await this.announcement?.withdraw()
    this.certificate?.stop()
    this.stopped = true
    for (const watch of this.watches) watch.cancel()
    await this.trunksAnnounced?.withdraw()
    await this.bans.stop()
    await this.proxy.stop()
    for (const listener of this.listeners) await listener.close()
  }

  /** Opens every port; gives the URIs under which others know them, the advertised ones first. */
  private async listen(): Promise<string[]> {
    const advertised: string[] = []
    const real: string[] = []
    for (const { host, port, transports } of this.context.config.listen) {
      let local: Address = { host: unbracketed(host), port }
      for (const transport of transports) {
        const protocol = protocols[transport]
        const named = this.advertised(local, protocol)
        const bound = await this.bind(protocol, local, named)
        // All transports of an entry share its port, also one that was free.
        local = { host: local.host, port: bound.port }
        real.push(told(protocol, bound))
        if (named !== undefined) advertised.push(told(protocol, named))
      }
    }
    return [...new Set([...advertised, ...real])]
  }

  private bind(protocol: Protocol, local: Address, named: Advertised | undefined): Promise<Address> {
    const { transport } = this.proxy
    if (protocol === 'UDP') return transport.listenUdp(local, named)
    if ((protocol === 'TLS' || protocol === 'WSS') && this.certificate === undefined)
      throw new NoCertificate(this.context.config.name, protocol)
    return transport.listen(protocol, local, named)
  }

  /**
   * A name stands without a port, so that its SRV records count (RFC 3263 §4); they know nothing of WebSocket. An address
   * stands for ports of its own version of IP alone.
   */
  private advertised({ host: bound, port }: Address, protocol: Protocol): Advertised | undefined {
    const { advertise } = this.context.config
    if (advertise === undefined) return undefined
    const host = unbracketed(advertise.host)
    if (isIPv4(host) ? isIPv6(bound) : isIPv6(host) && isIPv4(bound)) return undefined
    if (protocol === 'WS' || protocol === 'WSS') return { host, port }
    const plain = protocol === 'UDP' || protocol === 'TCP'
    return { host, port: (plain ? advertise.port : undefined) ?? (isIPv4(host) || isIPv6(host) ? port : 0) }
  }

  /** Once for all that changes in a turn. */
  private tellTrunks() {
    if (this.telling) return
    this.telling = true
    this.context.runtime.clock.turn(() => {
      this.telling = false
      if (!this.stopped) void this.announceTrunks()
    })
  }

  private async announceTrunks() {
    const { config, coordination } = this.context
    const key = `${trunkKeys}${config.dc}/${config.name}`
    this.trunksAnnounced = await coordination.announce(key, JSON.stringify(this.proxy.trunks.status))
    if (this.stopped) await this.trunksAnnounced.withdraw()
  }

  private async listenLinks(local: Address, kinds: Readonly<Record<string, Opened>>): Promise<Address> {
    const { runtime, log } = this.context
    const listener = await listenLinks({ runtime, log, local, hello: this.hello, kinds, ...this.local })
    this.listeners.push(listener)
    return listener.local
  }

  private keep(locate: () => Address | undefined) {
    const { runtime, log } = this.context
    const { opened } = this.proxy.mesh
    return keepLink({ runtime, log, hello: { ...this.hello, kind: meshLinks }, locate, opened, ...this.local })
  }

  private get local() {
    return this.ports.links === undefined ? {} : { links: this.ports.links }
  }

  private get hello(): Omit<Hello, 'kind'> {
    const { name, dc } = this.context.config
    // Proxies share nothing that an older one could spoil: the newest link counts, whatever its epoch.
    return { name, dc, instance: this.instance, epoch: 0 }
  }

  private obey(orders: string | undefined) {
    this.proxy.defence.obey(orders === undefined ? noOrders : (JSON.parse(orders) as BanOrders))
  }

  private followProxies(entries: ReadonlyMap<string, string>) {
    const { proxy } = this
    const others = proxiesOf(entries).filter(({ name }) => name !== proxy.self.name)
    const gone = this.known.filter((name) => !others.some((one) => one.name === name))
    for (const name of gone) proxy.addresses.setProxy(name, [])
    for (const { name, listen } of others) proxy.addresses.setProxy(name, listen)
    this.known = others.map(({ name }) => name)
    proxy.mesh.follow(others)
    proxy.trunks.among(new Map(others.map(({ name, listen }) => [name, listen])))
  }
  private known: readonly string[] = []
}

const meshLinks = 'proxy-mesh'
const protocols = { udp: 'UDP', tcp: 'TCP', tls: 'TLS', ws: 'WS', wss: 'WSS' } as const

/** As pages and other proxies are told: a secure WebSocket is `sips:…;transport=ws`, else nobody could tell it apart. */
function told(protocol: Protocol, { host, port }: Address): string {
  const uri = sipURI(protocol, host, port)
  return protocol === 'WSS' ? uri.replace(/^sip:/, 'sips:') : uri
}

const nowhere: Address = { host: '0.0.0.0', port: 0 }
