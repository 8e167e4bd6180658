/**
 * The media server (blueprint: Media Control Platform): a SIP endpoint that announces, echoes and joins calls
 * (RFC 4240), told what to play by MSML (docs/decisions/0004-msml-subset.md). Audio is in threads of its own.
 */
import { type Context, defineComponent, type Health, type Running } from '#platform/component/component.ts'
import type { Announcement } from '#platform/coordination/coordination.ts'
import type { LocalLinks } from '#platform/link/local-links.ts'
import type { Address, Timer } from '#platform/runtime/runtime.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import { KeptSipLinks, managersIn, proxiesIn } from '../model/kept-sip-links.ts'
import { sipHello } from '../model/taken-sip-links.ts'
import { Calls } from './calls.ts'
import { Config } from './config.ts'
import { countRtp } from './figures.ts'
import { loadPrompts } from './prompts.ts'
import type { OpenRtpWorker } from './rtp/channel.ts'
import { RtpFarm } from './rtp-farm.ts'

export type MediaServerPorts = {
  /** Threads, or the caller's loop under a virtual clock. */
  readonly openWorker: OpenRtpWorker
  /** Proxies and Resource Managers of this process are reached without a socket. */
  readonly links?: LocalLinks
}

export interface RunningMediaServer extends Running {
  /** Where it takes SIP. */
  readonly sip: Address
}

export const mediaServer = (ports: MediaServerPorts) =>
  defineComponent({
    name: 'media-server',
    config: Config,
    async start(context: Context<Config>): Promise<RunningMediaServer> {
      const running = new MediaServer(context, ports)
      try {
        await running.open()
      } catch (error) {
        await running.stop()
        throw error
      }
      return running
    },
  })

/** The one that is of the same version of IP. */
const ofFamily = (addresses: readonly string[], host: string): string | undefined =>
  addresses.find((address) => address.includes(':') === host.includes(':'))

class MediaServer implements RunningMediaServer {
  sip: Address = { host: '', port: 0 }
  private readonly context: Context<Config>
  private readonly ports: MediaServerPorts
  private readonly transport: SipTransport
  private farm: RtpFarm | undefined
  private calls: Calls | undefined
  /** To the proxies and to the Resource Managers. */
  private links: readonly KeptSipLinks[] = []
  private watches: readonly Timer[] = []
  private announcement: Announcement | undefined
  private faults: readonly string[] = []
  private stopping: Promise<void> | undefined

  constructor(context: Context<Config>, ports: MediaServerPorts) {
    this.context = context
    this.ports = ports
    this.transport = new SipTransport(context)
  }

  async open(): Promise<void> {
    const { config, runtime, log, metrics, coordination } = this.context
    const { prompts, faults } = await loadPrompts(runtime.disk, config.prompts, log)
    this.faults = prompts.length === 0 ? [`no prompts in ${config.prompts.join(', ')}`, ...faults] : faults
    const { hosts, first, last } = config.rtp
    const farm = new RtpFarm({
      rtp: { hosts, prompts, silenceMs: config.silenceSeconds * 1000 },
      ports: { first, last },
      workers: config.workers,
      open: this.ports.openWorker,
      clock: runtime.clock,
      log,
    })
    this.farm = farm
    await farm.start()
    countRtp(metrics, farm)
    const { advertise = [] } = config
    const addresses = hosts.map((host) => ofFamily(advertise, host) ?? host)
    const names = new Set(prompts.map(({ name }) => name))
    const capacity = Math.min(config.capacity ?? Math.ceil(farm.ports / 2), farm.ports)
    const local = await this.transport.listenBoth(config.listen)
    this.sip = { host: ofFamily(advertise, local.host) ?? local.host, port: local.port }
    const { transport, sip } = this
    const proxies = this.keepLinks(proxiesIn(config.dc))
    this.keepLinks(managersIn(config.dc))
    this.calls = new Calls(this.context, { transport, proxies, farm, sip, addresses, capacity, prompts: names })
    const key = `media-server/${config.dc}/${config.name}`
    this.announcement = await coordination.announce(key, JSON.stringify({ sip: this.sip, ports: capacity }))
  }

  health(): Health {
    const { missing = 0, fault } = this.farm ?? {}
    const reasons = [
      ...(this.calls?.isDraining ? ['draining'] : []),
      ...(missing > 0 ? [`${missing} of ${this.context.config.workers} RTP threads are not running`] : []),
      ...(fault === undefined ? [] : [`no port for RTP can be bound: ${fault}`]),
      ...this.faults,
    ]
    const isDown = missing === this.context.config.workers
    return { status: isDown ? 'down' : reasons.length > 0 ? 'degraded' : 'ok', reasons }
  }

  /** Conferences that have a leg here still get their others. */
  async drain(): Promise<void> {
    await this.calls?.drain()
  }

  stop(): Promise<void> {
    this.stopping ??= this.close()
    return this.stopping
  }

  /** A link to everybody who announces himself there: SIP for us comes over it. */
  private keepLinks(keys: string): KeptSipLinks {
    const { config, runtime, log, coordination } = this.context
    const { transport, sip: sentBy, ports } = this
    const hello = sipHello(sentBy, config.dc, runtime.random.hex(8))
    const links = new KeptSipLinks({ runtime, log, hello, links: ports.links, transport, sentBy })
    this.links = [...this.links, links]
    this.watches = [...this.watches, coordination.watch(keys, (entries) => links.follow(entries))]
    return links
  }

  private async close() {
    await this.announcement?.withdraw()
    for (const watch of this.watches) watch.cancel()
    await this.calls?.close()
    for (const links of this.links) links.close()
    await this.farm?.close()
    await this.transport.close()
  }
}
