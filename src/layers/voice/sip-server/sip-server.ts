/** A node at work: its modules, put together and taken down in order. */
import type { Context, Health } from '#platform/component/component.ts'
import type { Announcement } from '#platform/coordination/coordination.ts'
import type { Hello } from '#platform/link/link.ts'
import { type LinkListener, listenLinks } from '#platform/link/listen-links.ts'
import type { Address, Listener, Timer } from '#platform/runtime/runtime.ts'
import { openSpool, type Spool } from '#platform/spool/spool.ts'
import { trunkKeys } from '#protocols/model/http/trunks.ts'
import type { NodeEntry } from '#protocols/tlib/location.ts'
import { nodeKey, watchNodes } from '#protocols/tlib/location.ts'
import type { Request } from '#protocols/tlib/requests.ts'
import { createPort, type Port, type Service } from '#protocols/tlib/server.ts'
import { listenTcp } from '#protocols/tlib/tcp-server.ts'
import { proxiesIn } from '../model/kept-sip-links.ts'
import { memberName } from '../model/member-name.ts'
import type { NodeNews } from '../model/overload/feedback.ts'
import { OverloadControl } from '../model/overload/overload-control.ts'
import type { RunningSipServer, SipServerPorts } from './component.ts'
import type { Config } from './config.ts'
import { directoryOf } from './directory.ts'
import { nextEpoch } from './epoch.ts'
import { InteractionProxy } from './interaction-proxy/interaction-proxy.ts'
import { mostAhead } from './interaction-proxy/stream.ts'
import { Mesh, type MeshUser } from './mesh/mesh.ts'
import { Mailboxes } from './notifier/mailboxes.ts'
import { Notifier } from './notifier/notifier.ts'
import { OutsideCalls } from './outside-calls.ts'
import { interactionProxyPort, type PortParts, sessionControllerPort, tControllerPort } from './ports.ts'
import { NodePublisher } from './publisher.ts'
import { Requests } from './requests.ts'
import { RouteRequests } from './route-requests.ts'
import type { CallSettings, SessionController } from './session-controller/ports.ts'
import { SipEnd } from './sip-end.ts'
import { Subscribers } from './subscribers.ts'
import { type NodeName, TController } from './t-controller/t-controller.ts'
import { TrunkLimits } from './trunks/trunk-limits.ts'
import { TrunkServers } from './trunks/trunk-servers.ts'
import { notified, type VoicemailOptions } from './trunks/voicemail.ts'

type Parts = {
  readonly node: NodeName
  readonly spool: Spool
  readonly sip: SipEnd
  readonly mesh: Mesh
  readonly tController: TController
  readonly interactionProxy: InteractionProxy
  readonly calls: SessionController<Request>
  readonly overload: OverloadControl
  readonly notifier: Notifier
  readonly mailboxes: Mailboxes
}

export class SipServer implements RunningSipServer {
  private readonly context: Context<Config>
  private readonly ports: SipServerPorts
  private readonly trunkServers = new TrunkServers()
  private readonly watches: Timer[] = []
  private readonly listeners: { listener: Listener; port: Port }[] = []
  private meshListener: LinkListener | undefined
  private parts: Parts | undefined
  private announcement: Promise<Announcement> | undefined
  private draining = false
  private stopping: Promise<void> | undefined
  entry: NodeEntry = { node: 0, epoch: 0, geoLocation: '', tlib: nowhere }

  constructor(context: Context<Config>, ports: SipServerPorts) {
    this.context = context
    this.ports = ports
  }

  async open(): Promise<void> {
    const { config, coordination, runtime, log } = this.context
    const { dc, number, geoLocation } = config
    const name = memberName(config.name, dc)
    const epoch = await nextEpoch(coordination, dc, name)
    const { directory } = config.spool
    const spool = await openSpool({ runtime, directory, log, leaveOut: 2 * mostAhead })
    const node: NodeName = { name, dc, number, epoch, geoLocation }
    const { parts, services } = this.assemble(node, spool)
    this.parts = parts
    const tlib = await this.listen(services)
    const mesh = await this.listenMesh(node, parts.mesh)
    this.entry = { node: number, epoch, geoLocation, tlib, mesh }
    this.watches.push(
      watchNodes(coordination, (nodes) => parts.mesh.follow(nodes)),
      coordination.watch(proxiesIn(dc), (entries) => parts.sip.proxies.follow(entries)),
      this.ports.configuration.changed(() => parts.mailboxes.sweep()),
      coordination.watch(`${trunkKeys}${dc}/`, (entries) => this.trunkServers.follow(entries)),
    )
    this.linked()
  }

  health(): Health {
    const { parts } = this
    if (!parts || this.stopping) return { status: 'down', reasons: ['stopped'] }
    const { sip, mesh, spool, overload } = parts
    if (this.draining) return { status: 'down', reasons: ['draining'] }
    if (sip.proxies.linked.length === 0) return { status: 'down', reasons: ['linked to no SIP proxy'] }
    const missing = [...sip.proxies.missing, ...mesh.missing]
    const reasons = missing.map((name) => `no link to ${name}`)
    for (const trouble of [overload.trouble, spool.trouble]) if (trouble !== undefined) reasons.push(trouble)
    return { status: reasons.length === 0 ? 'ok' : 'degraded', reasons }
  }

  async drain(): Promise<void> {
    this.draining = true
    await this.parts?.calls.drain()
  }

  stop(): Promise<void> {
    this.stopping ??= this.close()
    return this.stopping
  }

  private async close(): Promise<void> {
    const { parts } = this
    await parts?.calls.stop()
    await (await this.announcement)?.withdraw()
    for (const watch of this.watches) watch.cancel()
    parts?.overload.stop()
    parts?.notifier.close()
    parts?.tController.close()
    parts?.interactionProxy.close()
    for (const { listener, port } of this.listeners) {
      this.ports.local?.remove(listener.local)
      listener.refuse()
      port.close()
    }
    parts?.mesh.close()
    await parts?.sip.close()
    await this.meshListener?.close()
    for (const { listener } of this.listeners) await listener.close()
    await parts?.spool.close()
  }

  private assemble(node: NodeName, spool: Spool): { parts: Parts; services: Service[] } {
    const { runtime, log, metrics } = this.context
    const { configuration, trace, links, createSessionController } = this.ports
    const routers = new Subscribers()
    const desktops = new Subscribers()
    const routeRequests = new RouteRequests(routers)
    const interactionProxy = new InteractionProxy(runtime.clock, metrics, spool)
    const mesh: Mesh = new Mesh({ runtime, log, links, hello: this.hello(node, 'node-mesh'), user: () => meshUser })
    const publisher: NodePublisher = new NodePublisher({
      node: node.name,
      trace,
      peers: mesh,
      tController: () => tController,
      routers,
      desktops,
      routeRequests,
      spool: (published) => interactionProxy.take(published),
    })
    const tController: TController = new TController({
      runtime,
      log,
      metrics,
      node,
      configuration,
      peers: mesh,
      calls: () => calls,
      publish: (event, answers) => publisher.own(event, answers),
      changed: (what, dn) => notifier.changed(what, dn),
    })
    const sip = new SipEnd({
      context: this.context,
      configuration,
      trace,
      links,
      hello: this.hello(node, 'node-proxy'),
      takesCalls: () => !this.draining && this.stopping === undefined,
      registered: (dn, register, lifetime) => tController.registered(dn, register, lifetime),
      notified: (request) => notified(request, voicemail),
      changed: () => this.linked(),
    })
    const directory = directoryOf(() => configuration.current(), this.trunkServers)
    const isDN = (number: string) => configuration.current().dn(number) !== undefined
    const mailboxes = new Mailboxes({
      clock: runtime.clock,
      node: node.name,
      isDN,
      broadcast: (told) => mesh.tellMailboxes(told),
      changed: (dn) => notifier.changed('message-summary', dn),
    })
    const voicemail: VoicemailOptions = {
      configuration: () => configuration.current(),
      uriOf: directory.uriOf,
      told: (dn, summary) => mailboxes.told(dn, summary),
    }
    const notifier: Notifier = new Notifier({
      authenticator: sip.authenticator,
      isDN,
      uriOf: directory.uriOf,
      address: (dn) => tController.address(dn),
      contacts: (dn) => tController.contacts(dn),
      hasVoicemail: () => configuration.current().objects.trunks.some(({ voicemail }) => voicemail),
      messages: (dn) => mailboxes.summary(dn),
      opensMailbox: (dn, subscriber) => configuration.current().dn(subscriber)?.mailboxes?.includes(dn) === true,
      limits: this.context.config.limits,
    })
    sip.userAgent.onSubscribe((request) => notifier.decide(request))
    const overload = new OverloadControl({
      clock: runtime.clock,
      log,
      metrics,
      tell: (feedback) => sip.proxies.tell({ overload: feedback } satisfies NodeNews),
    })
    const calls: SessionController<Request> = createSessionController({
      runtime,
      log,
      metrics,
      trace,
      userAgent: sip.userAgent,
      ports: {
        owners: tController,
        publisher,
        outside: new OutsideCalls(runtime.clock, () => configuration.current()),
        trunks: new TrunkLimits(runtime.clock, () => configuration.current()),
        directory,
        authenticator: sip.authenticator,
      },
      node,
      settings: () => this.settings(),
      admitsCall: (thinned) => overload.admitsCall(thinned),
    })
    sip.userAgent.onInvite((session) => ({ user: calls.invited(session) }))
    const requests = new Requests({
      clock: runtime.clock,
      node,
      configuration,
      tController,
      peers: mesh,
      calls: () => calls,
    })
    const meshUser = meshUserOf({ tController, publisher, requests, calls, mailboxes })
    const common: PortParts = {
      clock: runtime.clock,
      node,
      requests,
      routers,
      desktops,
      routeRequests,
      interactionProxy,
    }
    return {
      parts: { node, spool, sip, mesh, tController, interactionProxy, calls, overload, notifier, mailboxes },
      services: [sessionControllerPort(common), tControllerPort(common), interactionProxyPort(common)],
    }
  }

  private settings(): CallSettings {
    const { offerTimeout, ringTimeout } = this.ports.configuration.current().settings
    return {
      offerTimeout: offerTimeout * 1000,
      ringTimeout: ringTimeout * 1000,
      mostCalls: this.context.config.limits.calls,
    }
  }

  private hello({ name, dc, epoch }: NodeName, kind: string): Hello {
    return { kind, name, dc, epoch, instance: this.instance }
  }
  private get instance(): string {
    this.madeInstance ??= this.context.runtime.random.hex(8)
    return this.madeInstance
  }
  private madeInstance: string | undefined

  private async listen([routers, desktops, concentrators]: Service[]): Promise<NodeEntry['tlib']> {
    const { host, sessionController, tController, interactionProxy } = this.context.config.tlib
    return {
      sessionController: await this.listenPort({ host, port: sessionController }, routers),
      tController: await this.listenPort({ host, port: tController }, desktops),
      interactionProxy: await this.listenPort({ host, port: interactionProxy }, concentrators),
    }
  }

  private async listenPort(local: Address, service: Service | undefined): Promise<Address> {
    if (service === undefined) return nowhere.tController
    const { runtime, config } = this.context
    const port = createPort({ runtime, service, mostClients: config.limits.clients })
    const listener = await listenTcp(runtime, local, port)
    this.listeners.push({ listener, port })
    this.ports.local?.add(listener.local, port)
    return listener.local
  }

  private async listenMesh(node: NodeName, mesh: Mesh): Promise<Address> {
    const { runtime, log, config } = this.context
    const { links } = this.ports
    const hello = this.hello(node, 'node-mesh')
    const local = { host: config.mesh.host, port: config.mesh.port }
    this.meshListener = await listenLinks({
      runtime,
      log,
      hello,
      local,
      kinds: { 'node-mesh': mesh.opened },
      ...(links && { links }),
    })
    return this.meshListener.local
  }

  /** Announced with the first link to a proxy, and from then on, so that others find it while its links come back. */
  private linked(): void {
    const { parts, context } = this
    if (!parts || this.announcement || this.stopping || parts.sip.proxies.linked.length === 0) return
    const key = nodeKey(parts.node.dc, parts.node.name)
    this.announcement = context.coordination.announce(key, JSON.stringify(this.entry))
  }
}

type MeshUserParts = Pick<Parts, 'tController' | 'calls' | 'mailboxes'> & {
  readonly publisher: NodePublisher
  readonly requests: Requests
}

function meshUserOf({ tController, publisher, requests, calls, mailboxes }: MeshUserParts): MeshUser {
  return {
    ownAddresses: () => tController.ownAddresses(),
    joined: (node, addresses) => tController.joined(node, addresses),
    told(address, event, requester) {
      tController.told(address)
      publisher.relayed(event, requester)
    },
    mailboxes: () => mailboxes.all(),
    heard: (told) => mailboxes.heard(told),
    seizeFor: (node, request, reply) => tController.seizeFor(node, request, reply),
    release: (release) => tController.release(release),
    move: (move) => tController.move(move),
    holds: (connID, dn) => calls.holds(connID, dn),
    withdraw: (connID, dn) => calls.withdraw(connID, dn),
    adopt: (dn, seizures) => tController.adopt(dn, seizures),
    request: (request, requester) => requests.request(request, requester),
    relayed: (event, requester) => publisher.relayed(event, requester),
  }
}

const unknown: Address = { host: '0.0.0.0', port: 0 }
const nowhere: NodeEntry['tlib'] = { sessionController: unknown, tController: unknown, interactionProxy: unknown }
