/**
 * A world with one whole data centre, composed as the product composes it: the same parts in one process, but media,
 * strategies and the database in the loop. Phones, desktops and callers are on hosts of their own around it.
 */
import { newQuickJSWASMModule } from 'quickjs-emscripten'
import { type DataCentre, startDataCentre } from '#cluster/data-centre.ts'
import { defaultPorts, demoAddresses } from '#cluster/demo/addresses.ts'
import type { Shared } from '#cluster/shared.ts'
import { configServer } from '#layers/framework/config-server/component.ts'
import { memoryStore as configurationStore } from '#layers/framework/config-server/memory-store.ts'
import { memoryStore as interactionStore } from '#layers/reporting/model/memory-store.ts'
import type { InteractionStore } from '#layers/reporting/model/store.ts'
import { records } from '#layers/reporting/records.ts'
import { type OpenSandbox, inLoop as sandboxInLoop } from '#layers/routing/orchestration/sandbox/sandbox.ts'
import { inLoop as rtpInLoop } from '#layers/voice/media-server/rtp/in-loop.ts'
import { Supervisor } from '#platform/component/supervisor.ts'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { LocalLinks } from '#platform/link/local-links.ts'
import { type Log, silentLog } from '#platform/log/log.ts'
import { type Exposition, prometheus } from '#platform/metrics/prometheus.ts'
import type { Address, Runtime } from '#platform/runtime/runtime.ts'
import { noTrace } from '#platform/trace/trace.ts'
import type { Entries } from '#protocols/model/entries.ts'
import { LocalPorts } from '#protocols/tlib/local.ts'
import { wav } from './wav.ts'
import { World } from './world.ts'

/** The host that the data centre is on, in the names of links and faults. */
export const dataCentreHost = 'dc1'
const directories = { spool: 'spool', prompts: ['prompts'], tokenFile: 'token' }
const secrets = { routes: '01'.repeat(32), digest: '02'.repeat(32), sessions: '03'.repeat(32) }
const [addresses] = demoAddresses(defaultPorts)

export type DataCentreWorldOptions = {
  readonly seed: number
  readonly objects: Entries
  /** Seconds of silence in each prompt. */
  readonly prompts: Readonly<Record<string, number>>
  readonly log?: Log
}

export class DataCentreWorld {
  readonly world: World
  readonly store: InteractionStore = interactionStore()
  private readonly exposition: Exposition = prometheus()
  private readonly supervisor: Supervisor
  private dataCentre: DataCentre | undefined

  private constructor({ seed, log = silentLog }: DataCentreWorldOptions) {
    this.world = new World(seed)
    const runtime = this.world.host(dataCentreHost)
    const coordination = new InProcessCoordination().member(runtime.clock)
    this.supervisor = new Supervisor({ runtime, coordination, log, exposition: this.exposition })
  }

  /** Resolves when calls can be taken. */
  static async start(options: DataCentreWorldOptions): Promise<DataCentreWorld> {
    const made = new DataCentreWorld(options)
    const { world, supervisor } = made
    // Compiled by threads of the engine, in real time: before the world begins to run.
    const sandbox = sandboxInLoop(await newQuickJSWASMModule())
    await world.complete(made.open(options, sandbox))
    await world.runUntil(() => supervisor.health().status === 'ok')
    return made
  }

  /** Where phones and trunks reach it. */
  get proxies(): readonly Address[] {
    return addresses.proxies.map(({ port }) => ({ host: '127.0.0.1', port }))
  }

  /** Where desktops reach it. */
  get desktops(): Address {
    return this.running.node.entry.tlib.tController
  }

  health() {
    return this.supervisor.health()
  }

  /** A figure of the whole data centre, as Prometheus reads it: the sum over its components. */
  async figure(name: string): Promise<number> {
    const text = await this.exposition.text()
    const values = text.split('\n').filter((line) => line.startsWith(`ringmain_${name}{`))
    return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }

  stop(): Promise<void> {
    return this.world.complete(this.supervisor.stop())
  }

  private get running(): DataCentre {
    if (this.dataCentre === undefined) throw new Error('the data centre has not started')
    return this.dataCentre
  }

  private async open({ objects, prompts }: DataCentreWorldOptions, openSandbox: OpenSandbox): Promise<void> {
    const runtime = this.world.host(dataCentreHost)
    for (const [name, seconds] of Object.entries(prompts))
      await runtime.disk.replace(`prompts/${name}.wav`, wav(seconds))
    this.dataCentre = await startDataCentre(await this.shared(runtime, objects), {
      addresses,
      secrets,
      directories,
      records: records(this.store),
      openRtpWorker: rtpInLoop(runtime),
      openSandbox,
      verifyPassword: async () => false,
    })
  }

  private async shared(runtime: Runtime, initial: Entries): Promise<Shared> {
    const { supervisor, exposition } = this
    const links = new LocalLinks()
    const server = configServer({ store: configurationStore(), initial, links })
    const configuration = await supervisor.start(
      server,
      { dc: 'dc1', passwordCost: 'light' },
      { name: 'config', dc: 'dc1' },
    )
    const trace = { ...noTrace, read: async () => [] }
    return { runtime, supervisor, exposition, links, tlib: new LocalPorts(), configuration, trace }
  }
}
