/** StatServer: a T-Library client on the t-controller port of every node of every data centre. */
import { Type } from 'typebox'
import { type Context, defineComponent, type Running } from '#platform/component/component.ts'
import type { Timer } from '#platform/runtime/runtime.ts'
import { connectTLib, type TLibClient } from '#protocols/tlib/client.ts'
import type { Event } from '#protocols/tlib/events.ts'
import type { LocalPorts } from '#protocols/tlib/local.ts'
import { type NodeEntry, nodesOf } from '../model/nodes.ts'
import type { StatisticsSource } from '../model/statistics-source.ts'
import type { AgentView, QueueView } from '../model/status.ts'
import { Statistics } from './statistics.ts'

const Config = Type.Object(
  {
    dc: Type.String({ minLength: 1, description: 'the data centre whose agents it counts; it knows those of all' }),
    name: Type.String({ default: 'stat-server', minLength: 1, description: 'how it introduces itself to nodes' }),
  },
  { additionalProperties: false },
)
type Config = { dc: string; name: string }

type Listener = Parameters<StatisticsSource['watch']>[0]
export interface StatServer extends Running, StatisticsSource {}
type Link = { readonly entry: NodeEntry; readonly client: TLibClient }

export const statServer = (ports: { local?: LocalPorts } = {}) =>
  defineComponent({
    name: 'stat-server',
    config: Config,
    async start(context: Context<Config>): Promise<StatServer> {
      const server = new Server(context, ports.local)
      server.watchNodes()
      return server
    },
  })

class Server implements StatServer {
  private readonly context: Context<Config>
  private readonly local: LocalPorts | undefined
  private readonly links = new Map<string, Link>()
  private readonly listeners = new Set<Listener>()
  private readonly statistics = new Statistics({
    agent: (view) => this.tell((listener) => listener.agent?.(view)),
    queue: (view) => this.tell((listener) => listener.queue?.(view)),
  })
  private nodes: Timer | undefined

  constructor(context: Context<Config>, local: LocalPorts | undefined) {
    this.context = context
    this.local = local
    context.metrics.gauge<'state'>('agents', 'Agents by the state they show', () => this.agentsByState())
  }

  watchNodes(): void {
    this.nodes = this.context.coordination.watch('sip-server/', (entries) => this.follow(nodesOf(entries)))
  }

  agents(): readonly AgentView[] {
    return this.statistics.agents()
  }
  agent(agentID: string): AgentView | undefined {
    return this.statistics.agent(agentID)
  }
  queues(): readonly QueueView[] {
    return this.statistics.allQueues()
  }
  watch(listener: Listener): Timer {
    this.listeners.add(listener)
    return { cancel: () => this.listeners.delete(listener) }
  }

  health() {
    const away = [...this.links.values()].filter(({ client }) => !client.isConnected)
    if (away.length === 0) return { status: 'ok' as const, reasons: [] }
    return { status: 'degraded' as const, reasons: away.map(({ entry }) => `${entry.name} does not answer`) }
  }
  async drain(): Promise<void> {}
  async stop(): Promise<void> {
    this.nodes?.cancel()
    for (const { client } of this.links.values()) client.close()
    this.links.clear()
  }

  private tell(run: (listener: Listener) => void): void {
    for (const listener of this.listeners) run(listener)
  }

  private agentsByState() {
    const counts = new Map<string, number>()
    // Each data centre counts its own, so that the sum over all is the number of agents.
    for (const { status, dc } of this.statistics.agents())
      if (dc === this.context.config.dc) counts.set(status, (counts.get(status) ?? 0) + 1)
    return [...counts].map(([state, value]) => ({ labels: { state }, value }))
  }

  /** A node that is not announced any more keeps its figures until its connection is lost. */
  private follow(nodes: readonly NodeEntry[]): void {
    for (const entry of nodes) {
      const known = this.links.get(entry.name)
      if (known) this.links.set(entry.name, { entry, client: known.client })
      else this.connect(entry)
    }
  }

  private connect(entry: NodeEntry): void {
    const client = connectTLib({
      runtime: this.context.runtime,
      log: this.context.log.with({ node: entry.name }),
      locate: () => this.links.get(entry.name)?.entry.tlib.tController ?? entry.tlib.tController,
      ...(this.local ? { local: this.local } : {}),
      applicationName: this.context.config.name,
      event: (event) => this.received(entry, event),
    })
    this.links.set(entry.name, { entry, client })
    client.startCallMonitoring()
  }

  private received({ name: node, dc }: NodeEntry, event: Event): void {
    const now = this.context.runtime.clock.wall()
    const source = { node, dc }
    if (event.name === 'EventServerDisconnected') this.statistics.lost(source, now)
    else if (event.name === 'EventCallMonitoringStarted') this.statistics.snapshot(source, event.addresses ?? [], now)
    else this.statistics.apply(source, event, now)
  }
}
