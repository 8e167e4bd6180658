/**
 * The Resource Manager (blueprint: in front of the media farm): it picks the media server for each INVITE, so that all
 * legs of a conference meet on one, and stays out of the dialog. Any number of them agree without talking.
 */
import { type Static, Type } from 'typebox'
import { type Context, defineComponent, type Health, type Running } from '#platform/component/component.ts'
import type { Announcement } from '#platform/coordination/coordination.ts'
import { type LinkListener, listenLinks } from '#platform/link/listen-links.ts'
import type { LocalLinks } from '#platform/link/local-links.ts'
import type { Address, Timer } from '#platform/runtime/runtime.ts'
import { type ProxyUser, type Refuse, StatefulProxy, type Taken } from '#protocols/sip/core/proxy.ts'
import type { Forward } from '#protocols/sip/core/proxy-copy.ts'
import { parseURI, type URI, unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { TransactionLayer } from '#protocols/sip/transaction/layer.ts'
import type { ServerTransaction } from '#protocols/sip/transaction/transactions.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { KeptSipLinks, managersIn, proxiesIn } from '../model/kept-sip-links.ts'
import { sipHello, sipLinks, TakenSipLinks } from '../model/taken-sip-links.ts'
import { hopOf } from '../model/uri-hop.ts'
import { announcedServers } from './announced-servers.ts'
import { MediaServers } from './media-servers.ts'

const Config = Type.Object(
  {
    name: Type.String({ default: 'resources1', minLength: 1, description: 'unique in its data centre' }),
    dc: Type.String({ minLength: 1, description: 'its data centre' }),
    listen: Type.Object(
      {
        host: Type.String({ default: '127.0.0.1', description: 'numeric address for SIP over UDP and TCP' }),
        port: Type.Integer({ default: 0, minimum: 0, maximum: 65_535, description: '0 takes a free one' }),
      },
      { additionalProperties: false, default: {} },
    ),
    advertise: Type.Optional(
      Type.String({ description: 'numeric address under which others reach it, where that is not the one it binds' }),
    ),
    linkListen: Type.Object(
      {
        host: Type.String({ default: '127.0.0.1', description: 'an address the media servers reach' }),
        port: Type.Integer({ default: 0, minimum: 0, maximum: 65_535, description: '0 takes a free one' }),
      },
      { additionalProperties: false, default: {} },
    ),
  },
  { additionalProperties: false },
)
type Config = Static<typeof Config>

export type ResourceManagerPorts = {
  /** Proxies and media servers of this process are reached without a socket. */
  readonly links?: LocalLinks
}

export interface RunningResourceManager extends Running {
  /** Where it takes SIP. */
  readonly sip: Address
}

export const resourceManager = (ports: ResourceManagerPorts = {}) =>
  defineComponent({
    name: 'resource-manager',
    config: Config,
    async start(context: Context<Config>): Promise<RunningResourceManager> {
      const running = new ResourceManager(context, ports)
      try {
        await running.open()
      } catch (error) {
        await running.stop()
        throw error
      }
      return running
    },
  })

class ResourceManager implements RunningResourceManager, ProxyUser {
  sip: Address = { host: '', port: 0 }
  private readonly context: Context<Config>
  private readonly ports: ResourceManagerPorts
  private readonly transport: SipTransport
  private readonly transactions: TransactionLayer
  private readonly proxy: StatefulProxy
  private readonly servers: MediaServers
  private readonly refused
  /** From the media servers, and to the proxies. */
  private readonly taken: TakenSipLinks
  private listener: LinkListener | undefined
  private kept: KeptSipLinks | undefined
  private watches: readonly Timer[] = []
  private announcement: Announcement | undefined
  private stopping: Promise<void> | undefined

  constructor(context: Context<Config>, ports: ResourceManagerPorts) {
    const { runtime, log, metrics } = context
    const { clock, random } = runtime
    this.context = context
    this.ports = ports
    this.transport = new SipTransport(context)
    this.transactions = new TransactionLayer({ ...context, transport: this.transport })
    this.proxy = new StatefulProxy(this.transactions, this, { clock, transport: this.transport, seed: random.hex(4) })
    const { transport, transactions } = this
    this.taken = new TakenSipLinks({ transport, lost: (hop) => this.servers.doubt(hop) })
    const silent = (hop: Hop) => this.proxy.fail((to) => to.host === hop.host && to.port === hop.port, 408)
    const wayTo = (hop: Hop) => this.taken.wayTo(hop)
    this.servers = new MediaServers({ clock, random, log, transactions, wayTo, silent })
    this.refused = metrics.counter('media_unplaced_total', 'INVITEs for which there was no media server').of({})
    metrics.gauge('media_servers', 'Media servers of this data centre that answer', () => this.there)
  }

  async open(): Promise<void> {
    const { config, coordination, runtime, log } = this.context
    const { ports, transport } = this
    const local = await this.transport.listenBoth(config.listen)
    this.sip = { host: config.advertise ?? local.host, port: local.port }
    const sentBy = this.sip
    const hello = sipHello(sentBy, config.dc, runtime.random.hex(8))
    const kept = new KeptSipLinks({ runtime, log, hello, links: ports.links, transport, sentBy })
    this.kept = kept
    this.listener = await listenLinks({
      runtime,
      log,
      hello,
      local: config.linkListen,
      kinds: { [sipLinks]: this.taken.opened },
      ...(ports.links && { links: ports.links }),
    })
    this.watches = [
      coordination.watch(`media-server/${config.dc}/`, (entries) => this.servers.set(announcedServers(entries))),
      coordination.watch(proxiesIn(config.dc), (entries) => kept.follow(entries)),
    ]
    const announced = JSON.stringify({ sip: this.sip, link: this.listener.local })
    this.announcement = await coordination.announce(`${managersIn(config.dc)}${config.name}`, announced)
  }

  health(): Health {
    const { there, servers } = this
    const reasons = servers.missing.map((name) => `${name} does not answer`)
    if (there === 0) return { status: 'down', reasons: ['no media server is there', ...reasons] }
    return { status: reasons.length === 0 ? 'ok' : 'degraded', reasons }
  }

  /** Proxies take the others from now on; what is on its way gets its answer. */
  async drain(): Promise<void> {
    await this.announcement?.withdraw()
    await this.proxy.whenIdle()
  }

  stop(): Promise<void> {
    this.stopping ??= this.close()
    return this.stopping
  }

  /** ProxyUser. */
  route(request: Message, _from: Hop, transaction: ServerTransaction | undefined): Forward | Refuse | Taken {
    const uri = parseURI(request.requestURI)
    if (request.method === 'OPTIONS' && uri.user === '') return this.answer(transaction)
    const hop = hopOf(uri)
    // A request inside a dialog that somebody sent through us: it names its media server.
    if (hop !== undefined && this.servers.isAt(hop))
      return { type: 'forward', groups: [[{ hop: this.taken.wayTo(hop) }]] }
    if (request.toTag !== '') return { type: 'refuse', status: 481 }
    if (request.method !== 'INVITE') return { type: 'refuse', status: 405, fields: [['Allow', 'INVITE, OPTIONS']] }
    return this.place(request, uri)
  }

  private get there(): number {
    return this.servers.size - this.servers.missing.length
  }

  private answer(transaction: ServerTransaction | undefined): Taken {
    transaction?.respond(200, { fields: [['Allow', 'INVITE, OPTIONS']] })
    return { type: 'taken' }
  }

  /** One media server after the other, where one is full or does not answer; any other answer is the answer. */
  private place(request: Message, uri: URI): Forward | Refuse {
    const hops = this.servers.inOrder(keyOf(request, uri))
    if (hops.length > 0) return { type: 'forward', groups: hops.map((hop) => [{ hop }]), goesOn: isElsewhere }
    this.refused.inc()
    return { type: 'refuse', status: 503, reason: 'No Media Server' }
  }

  private async close() {
    await this.announcement?.withdraw()
    for (const watch of this.watches) watch.cancel()
    this.servers.stop()
    this.transactions.close()
    this.kept?.close()
    await this.listener?.close()
    await this.transport.close()
  }
}

const isElsewhere = ({ status }: { readonly status: number }): boolean => status === 503 || status === 408

/** What decides the media server: the conference, or the call where there is none. */
function keyOf(request: Message, uri: URI): string {
  const user = unescapeText(uri.user)
  return user.toLowerCase().startsWith('conf=') ? user.slice('conf='.length) : request.callID
}
