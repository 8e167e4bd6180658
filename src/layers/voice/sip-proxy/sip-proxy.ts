/**
 * One SIP proxy at work: its transport, transactions and proxy core, and what it knows of nodes, peers, bindings and
 * configuration. `route` decides over that; here the decisions are done.
 */
import type { Context } from '#platform/component/component.ts'
import { Recent } from '#platform/recent.ts'
import type { Trace } from '#platform/trace/trace.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { Configuration } from '#protocols/model/configuration.ts'
import type { Trunk } from '#protocols/model/objects.ts'
import { Locator } from '#protocols/sip/core/locating/locator.ts'
import { type Later, type ProxyUser, type Refuse, StatefulProxy, type Taken } from '#protocols/sip/core/proxy.ts'
import type { Forward } from '#protocols/sip/core/proxy-copy.ts'
import type { URI } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { TransactionLayer } from '#protocols/sip/transaction/layer.ts'
import type { ServerTransaction } from '#protocols/sip/transaction/transactions.ts'
import { defaultTransportLimits } from '#protocols/sip/transport/limits.ts'
import { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import type { Hop, SentBy } from '#protocols/sip/transport/transport.ts'
import { memberName } from '../model/member-name.ts'
import { OverloadControl } from '../model/overload/overload-control.ts'
import { TakenSipLinks } from '../model/taken-sip-links.ts'
import { traced } from '../model/traced-transport.ts'
import { sipURI } from '../model/uri-hop.ts'
import { abilitiesOf } from './abilities.ts'
import { Addresses } from './addresses.ts'
import { admission, type Begun } from './admission.ts'
import type { Config } from './config.ts'
import type { Refusal } from './decision.ts'
import { Defence } from './defence/defence.ts'
import { Proof } from './defence/proof.ts'
import { type Figures, figures, gauges, trunkGauges } from './figures.ts'
import { MediaHosts } from './media-hosts.ts'
import { Mesh, type MeshOptions } from './mesh.ts'
import { Nodes } from './nodes.ts'
import { RouteBook } from './own-routes.ts'
import { registered } from './registering.ts'
import { Registrations } from './registrations.ts'
import { route } from './route.ts'
import { createSeal } from './seal.ts'
import { Trunks } from './trunks/trunks.ts'
import type { Origin, View } from './view.ts'

const outside: Origin = { kind: 'outside' }
/** What nobody asks for by mistake, not often. */
const offences = new Set<Refusal>(['malformed', 'forged-route', 'relay', 'not-our-domain'])
/** Somebody outside, by the family of his address. */
const anybody = { 4: '0.0.0.0', 6: '::' } as const
const protocols = { udp: 'UDP', tcp: 'TCP', tls: 'TLS' } as const
const taken = { type: 'taken' } as const
const unresolvable: Refuse = { type: 'refuse', status: 503, reason: 'Unresolvable Host' }

export type SipProxyParts = {
  readonly source: ConfigurationSource
  readonly keep: MeshOptions['keep']
  /** For what passes between us and the outside. */
  readonly trace: Trace | undefined
}

export class SipProxy implements View, ProxyUser {
  readonly self: { readonly name: string; readonly dc: string; readonly run: string }
  readonly addresses = new Addresses()
  readonly media = new MediaHosts((hop) => this.wayTo(hop))
  readonly transport: SipTransport
  readonly registrations: Registrations
  readonly routes: RouteBook
  readonly nodes: Nodes
  readonly mesh: Mesh
  readonly servers: Locator
  /** From Resource Managers and media servers. */
  readonly links: TakenSipLinks
  readonly trunks: Trunks
  readonly overload: OverloadControl
  readonly defence: Defence
  /** More than begin while a phone answers a challenge. */
  readonly begun = new Recent<number, Begun>(4_096)
  draining = false
  /** What is known of trunks has changed. */
  trunksChanged: () => void = () => {}
  bansChanged: () => void = () => {}
  private readonly core: StatefulProxy
  private readonly layer: TransactionLayer
  private readonly source: ConfigurationSource
  private readonly clock: Context<Config>['runtime']['clock']
  private readonly figures: Figures
  private readonly uris = new WeakMap<SentBy, string>()

  constructor(context: Context<Config>, { source, keep, trace }: SipProxyParts) {
    const { runtime, config, log, metrics } = context
    const { clock, random } = runtime
    const { limits } = config
    this.clock = clock
    this.source = source
    this.self = { name: memberName(config.name, config.dc), dc: config.dc, run: random.hex(4) }
    const seal = createSeal(config.sharedKey)
    this.routes = new RouteBook(seal, this.addresses)
    this.registrations = new Registrations(clock, limits)
    this.figures = figures(metrics)
    this.defence = new Defence({
      clock,
      log,
      config: config.defence,
      proof: new Proof({ clock, seal, routes: this.routes }),
      isTrunk: (from) => this.trunkFrom(from) !== undefined,
      changed: () => this.bansChanged(),
      ...this.figures,
    })
    this.transport = new SipTransport({
      runtime,
      guard: this.defence,
      log,
      metrics,
      limits: { ...defaultTransportLimits, ...limits, message: limits },
    })
    const { transport, registrations, self } = this
    this.overload = new OverloadControl({ clock, log, metrics, queue: transport.queueDelay })
    const seen = trace === undefined ? transport : traced(transport, { trace, self: self.name, tells: 'outside' })
    this.layer = new TransactionLayer({
      runtime,
      transport: seen,
      log,
      metrics,
      limit: limits.transactions,
      datagram: limits.datagramBytes,
    })
    const options = { clock, transport: seen, seed: random.hex(4), maxBreadth: limits.breadth }
    this.core = new StatefulProxy(this.layer, this, options)
    const fail = (to: (hop: Hop) => boolean, status: number) => this.core.fail(to, status)
    this.nodes = new Nodes({
      clock,
      random,
      log,
      transport,
      transactions: this.layer,
      self,
      resend: (to) => this.core.resend(to),
      fail,
      changed: () => this.mesh.tellNodes(),
    })
    this.mesh = new Mesh({
      clock,
      log,
      transport,
      self: self.name,
      registrations,
      nodes: () => this.nodes.linked,
      keep,
      fail,
    })
    this.servers = new Locator({ runtime, abilities: abilitiesOf(config.listen) })
    this.trunks = new Trunks({
      clock,
      random,
      log,
      transactions: this.layer,
      servers: this.servers,
      self: self.name,
      facing: (transport, family) => this.facing({ host: anybody[family], port: 0, protocol: protocols[transport] }),
      changed: () => this.trunksChanged(),
    })
    transport.whenLost((hop) => this.trunks.lost(hop))
    trunkGauges(metrics, this.trunks)
    gauges(metrics, this.nodes, registrations, this.defence)
    // As good as not answered: a Resource Manager that is gone has others beside it, a media server none (§16.9).
    const lost = ({ connection }: Hop) => fail((hop) => hop.connection === connection, 408)
    this.links = new TakenSipLinks({ transport, lost })
  }

  get configuration(): Configuration {
    return this.source.current()
  }

  origin(from: Hop): Origin {
    if (from.connection === undefined) return outside
    const node = this.nodes.ofConnection(from.connection)
    if (node !== undefined) return { kind: 'node', name: node }
    const proxy = this.mesh.ofConnection(from.connection)
    return proxy === undefined ? outside : { kind: 'proxy', name: proxy }
  }

  facing(hop: Hop): string {
    const sentBy = this.transport.sentBy(hop)
    const known = this.uris.get(sentBy)
    if (known !== undefined) return known
    const uri = sipURI(sentBy.protocol, sentBy.host, sentBy.port)
    this.uris.set(sentBy, uri)
    return uri
  }

  wayTo(hop: Hop): Hop {
    return this.links.wayTo(hop)
  }

  trunkFrom(from: Hop): Trunk | undefined {
    const { configuration, trunks } = this
    // Carriers don't: it may be a page in the browser of somebody whose address is a trunk's.
    if (from.protocol === 'WS' || from.protocol === 'WSS') return undefined
    return (
      configuration.trunkFrom(from.host) ??
      trunks.registeringAt(from.host) ??
      configuration.trunkOfDomains(this.domainsOf(from))
    )
  }

  isOpen(connection: number): boolean {
    return this.transport.isOpen(connection)
  }

  domainsOf({ connection }: Hop): readonly string[] {
    return connection === undefined ? [] : (this.transport.peerOf(connection)?.domains ?? [])
  }

  /** ProxyUser. */
  route(request: Message, from: Hop, transaction: ServerTransaction | undefined): Forward | Refuse | Later | Taken {
    const comes = transaction !== undefined && this.origin(from) === outside
    const begins = comes && request.toTag === ''
    const verdict = begins ? admission(request, from, this) : undefined
    if (begins && verdict?.type === 'refuse') {
      this.figures.refused(verdict.because)
      // Where there is too much already, timer G only makes more of it; who sends his INVITE again is answered again.
      transaction.answerOnce()
    }
    const decided = verdict?.type === 'refuse' ? verdict : this.decide(request, from, transaction, verdict?.node)
    if (!comes || !this.defence.watches(from)) return decided
    if (begins && this.defence.mayBeForged(from)) transaction.answerOnce()
    return decided.type === 'forward' ? this.judged(request, from, decided) : decided
  }

  /** What becomes of a request says who sent it. */
  private judged(request: Message, from: Hop, { answered, ...forward }: Forward): Forward {
    return {
      ...forward,
      answered: (response) => this.defence.answered(request, from, answered?.(response) ?? response),
    }
  }

  private decide(
    request: Message,
    from: Hop,
    transaction: ServerTransaction | undefined,
    node: string | undefined,
  ): Forward | Refuse | Later | Taken {
    const decision = route(request, from, this, node)
    switch (decision.type) {
      case 'forward':
        return decision
      case 'refuse':
        this.figures.refused(decision.because)
        if (offences.has(decision.because) && this.origin(from) === outside) this.defence.refused(request, from)
        return decision
      case 'register': {
        const { self, registrations, clock } = this
        const options = { clock, self, registrations, bound: this.mesh.bound.bind(this.mesh) }
        const answered = (response: Message) => registered(options, decision, from, response)
        return { ...decision.forward, answered }
      }
      case 'locate':
        return { type: 'later', when: (decide) => this.routeLater(request, from, decision.uris, decide) }
      case 'ours':
        // What trunks and load balancers ask before they send us calls.
        transaction?.respond(this.takesCalls ? 200 : 503, { fields: [['Supported', 'path']] })
        return taken
    }
  }

  /** Once the servers are known, or known not to be. */
  private routeLater(request: Message, from: Hop, uris: readonly URI[], decide: (decision: Forward | Refuse) => void) {
    let left = uris.length
    const looked = () => {
      left--
      if (left > 0) return
      const decision = this.route(request, from, undefined)
      decide(decision.type === 'forward' || decision.type === 'refuse' ? decision : unresolvable)
    }
    for (const uri of uris) this.servers.look(uri, looked)
  }

  /** ProxyUser. */
  dropped: NonNullable<ProxyUser['dropped']> = (reason) => this.figures.dropped(reason)

  get takesCalls(): boolean {
    return !this.draining && this.nodes.ready.length > 0
  }

  /** Takes no new calls; resolves when no request waits for its answer. */
  async drain(): Promise<void> {
    this.draining = true
    this.transport.refuse()
    await this.core.whenIdle()
  }

  async stop(): Promise<void> {
    await this.trunks.stop()
    this.overload.stop()
    this.servers.close()
    this.nodes.stop()
    this.mesh.stop()
    this.registrations.stop()
    this.layer.close()
    await this.transport.close()
  }
}
