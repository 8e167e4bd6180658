/**
 * Reporting of a data centre: the Interaction Concentrator stores what its nodes tell, the Info Mart makes of it the
 * history of calls.
 */
import { Type } from 'typebox'
import { type Context, defineComponent, type Running } from '#platform/component/component.ts'
import type { Announcement } from '#platform/coordination/coordination.ts'
import type { Timer } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import type { LocalPorts } from '#protocols/tlib/local.ts'
import { type FoundNode, watchNodes } from '#protocols/tlib/location.ts'
import { type Figures, figures } from './interaction-concentrator/figures.ts'
import { NodeReader } from './interaction-concentrator/node-reader.ts'
import type { History } from './model/store.ts'
import type { Records } from './records.ts'

const Config = Type.Object(
  {
    dc: Type.String({ minLength: 1, description: 'the data centre whose nodes it reads' }),
    name: Type.String({ default: 'reporting', minLength: 1, description: 'under which it keeps its positions' }),
    pool: Type.String({ default: 'reporting', minLength: 1, description: 'clients of one pool share the calls' }),
    eventDays: Type.Integer({ default: 3, minimum: 1, description: 'so long events are kept; interactions stay' }),
  },
  { additionalProperties: false },
)
type Config = { dc: string; name: string; pool: string; eventDays: number }

export type ReportingPorts = { readonly records: Records; readonly local?: LocalPorts }

export interface Reporting extends Running {
  /** Calls that have ended, of every data centre that shares the records. */
  readonly history: History
}

export const reporting = (ports: ReportingPorts) =>
  defineComponent({
    name: 'reporting',
    config: Config,
    async start(context: Context<Config>): Promise<Reporting> {
      const running = new RunningReporting(context, ports)
      await running.open()
      return running
    },
  })

const hour = 3_600_000
const day = 24 * hour

class RunningReporting implements Reporting {
  readonly history: History
  private readonly context: Context<Config>
  private readonly ports: ReportingPorts
  private readonly readers = new Map<string, NodeReader>()
  private readonly figures: Figures
  private nodes: readonly FoundNode[] = []
  private watch: Timer | undefined
  private forgetting: Timer | undefined
  private announcement: Announcement | undefined

  constructor(context: Context<Config>, ports: ReportingPorts) {
    this.context = context
    this.ports = ports
    this.history = ports.records
    this.figures = figures(context.metrics, () => this.behind())
  }

  async open(): Promise<void> {
    const { coordination, config } = this.context
    await this.forgetOld()
    this.watch = watchNodes(coordination, (nodes) => this.follow(nodes), config.dc)
    this.announcement = await coordination.announce(`reporting/${config.dc}/${config.name}`, '{}')
  }

  health() {
    const reasons = [...this.readers.values()].flatMap(({ trouble }) => (trouble === undefined ? [] : [trouble]))
    return { status: reasons.length === 0 ? ('ok' as const) : ('degraded' as const), reasons }
  }

  async drain(): Promise<void> {
    await Promise.all([...this.readers.values()].map((reader) => reader.flush()))
  }

  async stop(): Promise<void> {
    this.watch?.cancel()
    this.forgetting?.cancel()
    await this.announcement?.withdraw()
    await Promise.all([...this.readers.values()].map((reader) => reader.stop()))
  }

  private behind(): number {
    return [...this.readers.values()].reduce((sum, reader) => sum + reader.behind, 0)
  }

  /** A node that is announced no more may come back: its reader goes on trying. */
  private follow(nodes: readonly FoundNode[]): void {
    this.nodes = [...this.nodes.filter(({ name }) => !nodes.some((node) => node.name === name)), ...nodes]
    for (const { name } of nodes) if (!this.readers.has(name)) this.read(name)
  }

  private read(node: string): void {
    const { runtime, config, log } = this.context
    const { records, local } = this.ports
    const reader = new NodeReader({
      runtime,
      log: log.with({ node }),
      figures: this.figures,
      records,
      node,
      reader: config.name,
      pool: config.pool,
      locate: () => this.nodes.find(({ name }) => name === node)?.entry.tlib.interactionProxy,
      ...(local && { local }),
    })
    this.readers.set(node, reader)
    void reader.open()
  }

  private async forgetOld(): Promise<void> {
    const { runtime, config, log } = this.context
    this.forgetting = runtime.clock.after(hour, () => void this.forgetOld())
    const before = timestamp(runtime.clock.wall() - config.eventDays * day)
    try {
      await this.ports.records.forgetEvents(before)
    } catch (error) {
      log.error({ error: String(error) }, 'old events cannot be deleted')
    }
  }
}
