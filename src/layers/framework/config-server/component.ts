/**
 * The Config Server: it holds the configuration objects, is the only one who changes them, and tells everybody. A
 * change is checked, stored, then published; the components go on with what they have when it is lost.
 */
import { Type } from 'typebox'
import { type Context, defineComponent, type Health, type Running } from '#platform/component/component.ts'
import type { Announcement } from '#platform/coordination/coordination.ts'
import { type LinkListener, listenLinks } from '#platform/link/listen-links.ts'
import type { LocalLinks } from '#platform/link/local-links.ts'
import type { Timer } from '#platform/runtime/runtime.ts'
import { summaryOf } from '#protocols/model/changes.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import { type Configuration, configuration } from '#protocols/model/configuration.ts'
import { complete, type Entries } from '#protocols/model/entries.ts'
import {
  type ConfigServerEntry,
  configServerKeys,
  configurationLinks,
} from '#protocols/model/link/follow-configuration.ts'
import {
  type Applied,
  type ApplyOptions,
  ConfigurationRefused,
  type ConfigurationWriter,
} from '#protocols/model/writer.ts'
import { type PasswordCost, withPasswordHashes } from './passwords.ts'
import { type Plan, plan } from './plan.ts'
import { Publisher } from './publisher.ts'
import type { ConfigurationStore } from './store.ts'

const Config = Type.Object(
  {
    name: Type.String({ default: 'config-server', minLength: 1, description: 'how it announces itself' }),
    dc: Type.String({ minLength: 1, description: 'the data centre it runs in' }),
    link: Type.Object(
      {
        host: Type.String({ default: '127.0.0.1', description: 'address on which components follow it' }),
        port: Type.Integer({ default: 0, minimum: 0, maximum: 65_535, description: '0 takes a free one' }),
      },
      { additionalProperties: false, default: {} },
    ),
    passwordCost: Type.Enum(['strong', 'light'], {
      default: 'strong',
      description: 'what hashing a password costs; light only where passwords are no secrets, as in the demo',
    }),
  },
  { additionalProperties: false },
)
type Config = { name: string; dc: string; link: { host: string; port: number }; passwordCost: PasswordCost }

export type ConfigServerPorts = {
  readonly store: ConfigurationStore
  /** Applied when the store holds nothing yet. */
  readonly initial?: Entries
  readonly links?: LocalLinks
}

/** It is also the source and the writer of its own process. */
export interface ConfigServer extends Running, ConfigurationSource, ConfigurationWriter {}

export const configServer = (ports: ConfigServerPorts) =>
  defineComponent({
    name: 'config-server',
    config: Config,
    async start(context: Context<Config>): Promise<ConfigServer> {
      const server = new Server(context, ports)
      await server.open()
      return server
    },
  })

class Server implements ConfigServer {
  private readonly context: Context<Config>
  private readonly ports: ConfigServerPorts
  private readonly publisher = new Publisher()
  private readonly listeners = new Set<(configuration: Configuration) => void>()
  private latest: Configuration = configuration(complete({}), 0)
  /** The last change asked for: each begins when the one before it has been stored. */
  private writing: Promise<unknown> = Promise.resolve()
  private refusing = false
  private trouble: string | undefined
  private listener: LinkListener | undefined
  private announcement: Announcement | undefined

  constructor(context: Context<Config>, ports: ConfigServerPorts) {
    this.context = context
    this.ports = ports
    const { metrics } = context
    metrics.gauge('configuration_revision', 'Revision of the configuration objects', () => this.latest.revision)
    metrics.gauge('configuration_followers', 'Components that follow the Config Server', () => this.publisher.count)
  }

  async open(): Promise<void> {
    await this.load()
    if (this.latest.revision === 0) await this.apply(this.ports.initial ?? {})
    try {
      await this.listen()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  current(): Configuration {
    return this.latest
  }

  changed(run: (configuration: Configuration) => void): Timer {
    this.listeners.add(run)
    return { cancel: () => this.listeners.delete(run) }
  }

  apply(entries: Entries, options: ApplyOptions = {}): Promise<Applied> {
    const applying = this.writing.then(async () => this.store(await this.planned(entries, options)))
    this.writing = applying.catch(() => {})
    return applying
  }

  async preview(entries: Entries, options: ApplyOptions = {}): Promise<Applied> {
    const { changes } = await this.planned(entries, options)
    return { revision: this.latest.revision, changes: summaryOf(this.latest.objects, changes) }
  }

  health(): Health {
    return this.trouble === undefined
      ? { status: 'ok', reasons: [] }
      : { status: 'degraded', reasons: [`the last change of the configuration was not stored: ${this.trouble}`] }
  }

  async drain(): Promise<void> {
    this.refusing = true
    await this.writing
  }

  async stop(): Promise<void> {
    await this.drain()
    await this.announcement?.withdraw()
    await this.listener?.close()
    this.announcement = undefined
    this.listener = undefined
  }

  private async listen(): Promise<void> {
    const { runtime, coordination, log, config } = this.context
    const { links } = this.ports
    this.listener = await listenLinks({
      runtime,
      log,
      local: config.link,
      hello: { name: config.name, dc: config.dc, instance: runtime.random.hex(8), epoch: 0 },
      kinds: { [configurationLinks]: (link) => this.publisher.opened(link, this.latest) },
      ...(links && { links }),
    })
    const entry: ConfigServerEntry = { link: this.listener.local }
    this.announcement = await coordination.announce(`${configServerKeys}${config.name}`, JSON.stringify(entry))
  }

  private async load(): Promise<void> {
    const stored = await this.ports.store.load()
    if (stored !== undefined) this.latest = configuration(stored.objects, stored.revision)
  }

  /** Throws `ConfigurationRefused`. */
  private async planned(entries: Entries, options: ApplyOptions): Promise<Plan> {
    const { objects } = this.latest
    // What is wrong is told before any time is spent on hashes.
    this.refuseFaults(plan(objects, withoutPasswords(entries), options))
    const hashed = await withPasswordHashes(entries, objects, this.context.config.passwordCost)
    return this.refuseFaults(plan(this.latest.objects, hashed, options))
  }

  private refuseFaults(planned: Plan): Plan {
    if (planned.faults.length > 0) throw new ConfigurationRefused(planned.faults)
    return planned
  }

  private async store({ objects, changes }: Plan): Promise<Applied> {
    const before = this.latest
    if (this.refusing) throw new ConfigurationRefused([{ kind: 'settings', message: 'the Config Server is stopping' }])
    if (changes.length === 0 && before.revision > 0) return { revision: before.revision, changes: [] }
    const revision = before.revision + 1
    await this.ports.store.apply(revision, changes).catch((error: Error) => this.notStored(error))
    this.trouble = undefined
    this.publisher.publish(revision, changes)
    this.take(configuration(objects, revision))
    const summary = summaryOf(before.objects, changes)
    this.context.log.info({ revision, changes: summary.length }, 'configuration changed')
    return { revision, changes: summary }
  }

  /** What is stored counts, whoever wrote it: it is what the next change must start from. */
  private async notStored(error: Error): Promise<never> {
    this.trouble = error.message
    const before = this.latest
    await this.load().catch(() => {})
    if (this.latest !== before && this.latest.revision !== before.revision) {
      this.publisher.publishAnew(this.latest)
      this.take(this.latest)
    }
    throw error
  }

  private take(next: Configuration): void {
    this.latest = next
    for (const tell of [...this.listeners]) tell(next)
  }
}

function withoutPasswords(entries: Entries): Entries {
  if (entries.persons === undefined) return entries
  return { ...entries, persons: entries.persons.map(({ password: _, ...person }) => person) }
}
