/**
 * Web Services: the HTTP API, the event stream and the pages of a data centre. Any of them serves anybody: it is a
 * T-Library client of every node and owns nothing but its connections.
 */
import { type Context, defineComponent, type Health, type Running } from '#platform/component/component.ts'
import type { Announcement } from '#platform/coordination/coordination.ts'
import { type HttpApp, type HttpServer, listenHttp } from '#platform/http/server.ts'
import type { Address } from '#platform/runtime/runtime.ts'
import type { Event } from '#protocols/tlib/events.ts'
import { Access } from './access.ts'
import { Bans } from './bans.ts'
import { Config } from './config.ts'
import { Announcer } from './events/announcer.ts'
import { serveEvents } from './events/socket.ts'
import { EventStream } from './events/stream.ts'
import { LiveCalls, type Source } from './live/live-calls.ts'
import { NeededAddresses } from './needed-addresses.ts'
import { Nodes } from './nodes.ts'
import { pagesDirectory } from './pages-directory.ts'
import type { WebServicesPorts } from './ports.ts'
import { agentStateRoutes } from './routes/agent-state.ts'
import { banRoutes } from './routes/bans.ts'
import { clusterRoutes } from './routes/cluster.ts'
import { configurationRoutes } from './routes/configuration.ts'
import { historyRoutes } from './routes/history.ts'
import { myCallRoutes } from './routes/my-calls.ts'
import { notYetRoutes } from './routes/not-yet.ts'
import { type Page, pageRoutes, readPages } from './routes/pages.ts'
import { sessionRoutes } from './routes/session.ts'
import { trunkRoutes } from './routes/trunks.ts'
import { SignIn } from './sign-in.ts'
import { serveTLib, type TLibModule, tlibModules } from './tlib-socket.ts'
import { openTokenFile } from './token-file.ts'
import { Tokens } from './tokens.ts'
import { TrunkStatuses } from './trunk-statuses.ts'
import { View } from './view.ts'

export interface WebServices extends Running {
  /** Where it listens. */
  readonly local: Address
}

export const webServices = (ports: WebServicesPorts) =>
  defineComponent({
    name: 'web-services',
    config: Config,
    async start(context: Context<Config>): Promise<WebServices> {
      const server = new Server(context, ports)
      await server.open()
      return server
    },
  })

class Server implements WebServices {
  private readonly context: Context<Config>
  private readonly ports: WebServicesPorts
  private readonly calls: LiveCalls
  private readonly nodes: Nodes
  private readonly view: View
  private readonly trunks: TrunkStatuses
  private readonly needed: NeededAddresses
  private readonly bans: Bans
  private readonly stream: EventStream
  private readonly announcer: Announcer
  private http: HttpServer | undefined
  private announcement: Announcement | undefined
  private readonly clients: { count: number } = { count: 0 }
  private draining = false

  constructor(context: Context<Config>, ports: WebServicesPorts) {
    this.context = context
    this.ports = ports
    const { runtime, config, metrics, coordination } = context
    this.calls = new LiveCalls((number) => this.nodes.numbered(number))
    this.nodes = new Nodes(context, ports.local, {
      event: (source, event) => this.heard(source, event),
      connection: (source, isConnected) => this.announcer.connection(source, isConnected),
    })
    this.view = new View({ context, ports, nodes: this.nodes, calls: this.calls })
    this.trunks = new TrunkStatuses({ runtime, coordination, configuration: ports.configuration })
    this.needed = new NeededAddresses({ coordination, configuration: ports.configuration, trunks: this.trunks })
    this.bans = new Bans({ runtime, log: context.log, coordination, needed: this.needed })
    this.stream = new EventStream(runtime.clock, config.dc, config.events)
    this.announcer = new Announcer({ clock: runtime.clock, stream: this.stream, view: this.view, ports })
    metrics.gauge('web_clients', 'Browsers and programs that follow the events', () => this.clients.count)
  }

  get local(): Address {
    return this.http?.local ?? this.context.config.http
  }

  async open(): Promise<void> {
    const { runtime, log, config, coordination } = this.context
    const pages = await readPages(runtime.disk, pagesDirectory)
    const operatorToken = config.tokenFile === undefined ? undefined : await openTokenFile(runtime, config.tokenFile)
    this.view.open()
    this.nodes.open()
    this.trunks.open()
    this.needed.open()
    this.bans.open()
    this.announcer.open()
    try {
      this.http = await listenHttp({
        runtime,
        log,
        local: config.http,
        title: 'Ringmain',
        version: '1',
        openapi: '/api/v1/openapi.json',
        health: this.ports.health ?? (() => this.health()),
        ...(this.ports.exposition && { metrics: this.ports.exposition }),
        limits: { requestsPerMinute: config.requestsPerMinute },
        routes: (app) => this.routes(app, pages, operatorToken),
      })
      const key = `web-services/${config.dc}/${config.name}`
      this.announcement = await coordination.announce(key, JSON.stringify({ http: this.http.local }))
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  health(): Health {
    const away = this.nodes.all().filter(({ isConnected }) => !isConnected)
    const reasons = away.map(({ name }) => `${name} does not answer`)
    if (this.draining) reasons.push('it is being drained')
    return { status: reasons.length === 0 ? 'ok' : 'degraded', reasons }
  }

  async drain(): Promise<void> {
    this.draining = true
    await this.announcement?.withdraw()
    this.announcement = undefined
  }

  async stop(): Promise<void> {
    await this.drain()
    this.announcer.close()
    this.view.close()
    this.nodes.close()
    this.trunks.close()
    this.needed.close()
    this.bans.close()
    const { http } = this
    this.http = undefined
    await http?.close()
  }

  private heard(source: Source, event: Event): void {
    const now = this.context.runtime.clock.wall()
    if (event.name === 'EventCallMonitoringStarted') this.calls.snapshot(source, event.addresses ?? [], now)
    else this.announcer.heard(event, this.calls.apply(source, event, now))
  }

  private routes(app: HttpApp, pages: readonly Page[], operatorToken: string | undefined): void {
    const { ports, view, nodes, calls, stream } = this
    const { runtime, config } = this.context
    const { clock } = runtime
    const { configuration, history, ladder, writer, verifyPassword } = ports
    // Without a secret shared with others, tokens are valid here, until the end of this process.
    const tokens = new Tokens(config.sessionSecret ?? operatorToken ?? runtime.random.hex(32))
    const access = new Access({ clock, configuration, tokens, ...(operatorToken !== undefined && { operatorToken }) })
    const services = { access, view, nodes, calls, stream, runtime, clock, tokens, history, ladder, configuration }
    const signIn = new SignIn({ clock, configuration, verifyPassword })
    sessionRoutes(app, { ...services, signIn, sessionHours: config.sessionHours })
    agentStateRoutes(app, services)
    myCallRoutes(app, services)
    clusterRoutes(app, services)
    trunkRoutes(app, { access, trunks: this.trunks })
    banRoutes(app, { access, bans: this.bans })
    historyRoutes(app, services)
    configurationRoutes(app, { ...services, writer })
    notYetRoutes(app, access)
    pageRoutes(app, pages)
    app.get('/api/v1/events', { websocket: true, schema: { hide: true } }, (socket) => {
      this.clients.count += 1
      socket.once('close', () => {
        this.clients.count -= 1
      })
      serveEvents(socket, services)
    })
    for (const module of Object.keys(tlibModules) as TLibModule[])
      app.get<{ Params: { node: string } }>(
        `/tlib/:node/${module}`,
        { websocket: true, schema: { hide: true } },
        (socket, request) => serveTLib(socket, services, request.params.node, module),
      )
  }
}
