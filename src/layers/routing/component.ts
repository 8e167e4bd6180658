/**
 * The router of a data centre: orchestration runs the strategies, universal routing finds the agents, StatServer tells
 * how they are. It speaks T-Library to the session controllers of its data centre and the T-Controllers of all.
 */
import { Type } from 'typebox'
import { type Context, defineComponent, type Running } from '#platform/component/component.ts'
import type { Timer } from '#platform/runtime/runtime.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { Configuration } from '#protocols/model/configuration.ts'
import { type Asked, connectTLib, type TLibClient } from '#protocols/tlib/client.ts'
import type { Event } from '#protocols/tlib/events.ts'
import type { LocalPorts } from '#protocols/tlib/local.ts'
import type { RoutingRecord } from './model/decision.ts'
import { type NodeEntry, nodesOf } from './model/nodes.ts'
import type { StatisticsSource } from './model/statistics-source.ts'
import { Orchestrator } from './orchestration/orchestrator.ts'
import type { OpenSandbox, Sandbox } from './orchestration/sandbox/sandbox.ts'
import { parseStrategy } from './orchestration/scxml/parse.ts'
import { UniversalRouting } from './universal-routing/universal-routing.ts'

const Config = Type.Object(
  {
    dc: Type.String({ minLength: 1, description: 'the data centre whose calls it routes' }),
    name: Type.String({ default: 'router', minLength: 1, description: 'how it introduces itself to nodes' }),
  },
  { additionalProperties: false },
)
type Config = { dc: string; name: string }

export type RouterPorts = {
  readonly configuration: ConfigurationSource
  readonly statistics: StatisticsSource
  readonly openSandbox: OpenSandbox
  /** Each decision, for the call's ladder. */
  record(record: RoutingRecord): void
  readonly local?: LocalPorts
}

export const router = (ports: RouterPorts) =>
  defineComponent({
    name: 'router',
    config: Config,
    async start(context: Context<Config>): Promise<Running> {
      const running = new Router(context, ports)
      await running.open()
      return running
    },
  })

type Link = { entry: NodeEntry; readonly toOwner: TLibClient; readonly toCalls: TLibClient | undefined }

class Router implements Running {
  private readonly context: Context<Config>
  private readonly ports: RouterPorts
  private readonly links = new Map<string, Link>()
  private readonly published = new Map<string, string>()
  private readonly routing: UniversalRouting
  private orchestrator: Orchestrator | undefined
  private sandbox: Sandbox | undefined
  private readonly watches: Timer[] = []

  constructor(context: Context<Config>, ports: RouterPorts) {
    this.context = context
    this.ports = ports
    const { runtime, metrics } = context
    this.routing = new UniversalRouting({
      clock: runtime.clock,
      random: runtime.random,
      dc: context.config.dc,
      statistics: ports.statistics,
      configuration: () => ports.configuration.current(),
      toCall: (node, request, answered) => this.ask(node, 'toCalls', request, answered),
      toOwner: (node, request, answered) => this.ask(node, 'toOwner', request, answered),
      record: (record) => this.record(record),
      idleWhileWaiting: metrics.histogram(
        'agent_idle_while_waiting_seconds',
        'How long a ready agent and a call that waited for him were not brought together',
        [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
      ),
    })
    metrics.gauge('calls_waiting', 'Calls that wait for an agent', () => this.routing.waiting)
  }

  async open(): Promise<void> {
    const { runtime, coordination, log } = this.context
    this.sandbox = await this.ports.openSandbox((outcome) => this.orchestrator?.outcome(outcome))
    this.orchestrator = new Orchestrator(
      {
        clock: runtime.clock,
        log,
        queueing: this.routing,
        configuration: () => this.ports.configuration.current(),
        toCall: (node, request, answered) => this.ask(node, 'toCalls', request, answered),
        record: (record) => this.record(record),
      },
      this.sandbox,
    )
    this.publish(this.ports.configuration.current())
    this.watches.push(
      this.ports.configuration.changed((configuration) => this.publish(configuration)),
      coordination.watch('sip-server/', (entries) => this.follow(nodesOf(entries))),
    )
  }

  health() {
    const away = [...this.links.values()].filter((link) => !link.toOwner.isConnected)
    const reasons = away.map((link) => `${link.entry.name} does not answer`)
    return { status: reasons.length === 0 ? ('ok' as const) : ('degraded' as const), reasons }
  }
  async drain(): Promise<void> {}
  async stop(): Promise<void> {
    for (const watch of this.watches.splice(0)) watch.cancel()
    this.orchestrator?.close()
    this.routing.close()
    for (const link of this.links.values()) {
      link.toOwner.close()
      link.toCalls?.close()
    }
    this.links.clear()
    await this.sandbox?.close()
  }

  private record(record: Omit<RoutingRecord, 'at'>): void {
    this.ports.record({ ...record, at: this.context.runtime.clock.wall() })
  }

  /** A strategy with an error stays as it was; a new one with an error leaves its calls to the default route. */
  private publish(configuration: Configuration): void {
    for (const { name, scxml } of configuration.objects.strategies) {
      if (this.published.get(name) === scxml) continue
      this.published.set(name, scxml)
      try {
        this.sandbox?.run({ type: 'publish', document: parseStrategy(name, scxml) })
      } catch (error) {
        this.context.log.error({ strategy: name, error: String(error) }, 'strategy not published')
      }
    }
    this.routing.refresh()
  }

  private follow(nodes: readonly NodeEntry[]): void {
    for (const entry of nodes) {
      const known = this.links.get(entry.name)
      if (known) known.entry = entry
      else this.connect(entry)
    }
  }

  private connect(entry: NodeEntry): void {
    const near = entry.dc === this.context.config.dc
    const toOwner = this.client(entry, 'tController', () => {})
    const toCalls = near
      ? this.client(entry, 'sessionController', (event) => this.orchestrator?.event(entry.name, event))
      : undefined
    this.links.set(entry.name, { entry, toOwner, toCalls })
    toCalls?.registerAddress('*')
  }

  private client(
    entry: NodeEntry,
    port: 'tController' | 'sessionController',
    event: (event: Event) => void,
  ): TLibClient {
    return connectTLib({
      runtime: this.context.runtime,
      log: this.context.log.with({ node: entry.name, port }),
      locate: () => (this.links.get(entry.name)?.entry ?? entry).tlib[port],
      ...(this.ports.local ? { local: this.ports.local } : {}),
      applicationName: this.context.config.name,
      event,
      connected: event,
    })
  }

  private ask(node: string, to: 'toOwner' | 'toCalls', request: Asked, answered: (answer: Event) => void): void {
    const client = this.links.get(node)?.[to]
    if (client) client.request(request, answered)
    else this.context.log.warn({ node, request: request.name }, 'no such node')
  }
}
