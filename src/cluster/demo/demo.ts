/** The demo contact centre: two data centres in one process, on embedded defaults, over real SIP, RTP and HTTP. */
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configServer } from '#layers/framework/config-server/component.ts'
import { embeddedStore } from '#layers/framework/config-server/kysely-store.ts'
import { embeddedRecords } from '#layers/reporting/embedded-records.ts'
import type { Records } from '#layers/reporting/records.ts'
import { threaded as sandboxThread } from '#layers/routing/orchestration/sandbox/threaded.ts'
import { threaded as rtpThread } from '#layers/voice/media-server/rtp/threaded.ts'
import { argon2Passwords } from '#layers/workspace/web-services/passwords.ts'
import { Supervisor } from '#platform/component/supervisor.ts'
import { openKept } from '#platform/coordination/kept.ts'
import { ClusterError } from '#platform/errors.ts'
import { LocalLinks } from '#platform/link/local-links.ts'
import { type LogLevel, openLog } from '#platform/log/pino.ts'
import { prometheus } from '#platform/metrics/prometheus.ts'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { type EmbeddedDatabase, openEmbedded } from '#platform/store/embedded.ts'
import { readObjects } from '#protocols/model/file/read-objects.ts'
import { LocalPorts } from '#protocols/tlib/local.ts'
import { startDataCentre } from '../data-centre.ts'
import type { Shared } from '../shared.ts'
import { diskTrace } from '../trace.ts'
import { type DataCentreAddresses, type DemoPorts, demoAddresses } from './addresses.ts'
import { type DemoCertificate, openCertificate } from './certificate.ts'
import { refuseTakenPorts } from './free-ports.ts'
import { openSecrets, type Secrets } from './secrets.ts'
import { startTraffic } from './start-traffic.ts'
import { startWith } from './start-with.ts'

export type DemoOptions = {
  readonly ports: DemoPorts
  /** The data directory. */
  readonly data: string
  /** SIMULATED callers and robot agents. */
  readonly traffic: boolean
  /** SIP and RTP at ::1 beside 127.0.0.1. */
  readonly ipv6?: boolean
  readonly logLevel: LogLevel
  /** As `address` or `address:port`; none: those of the host. */
  readonly nameServers?: readonly string[]
}

/** Its parts did not find each other. */
class NotHealthy extends ClusterError {
  constructor(reasons: readonly string[]) {
    super('NOT_HEALTHY', `not ready after 10 s: ${reasons.join('; ')}`)
  }
}

export interface RunningDemo {
  readonly certificate: DemoCertificate
  /** BYE to all, records complete, everything closed. Harmless when called twice. */
  stop(): Promise<void>
}

/** Where examples/ and assets/ are: the root of the package, from this file's place in the build. */
const packageRoot = fileURLToPath(new URL('../../../../', import.meta.url))

const demoSupervisor = { username: '1001', password: 'demo' }

/**
 * Resolves when calls can be taken. Throws `BadPorts`, `AddressInUse`, `DataDirectoryInUse`, `DirectoryNotWritable`,
 * `SecretsDamaged`, `CoordinationDamaged`.
 */
export async function startDemo(options: DemoOptions): Promise<RunningDemo> {
  const opened: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (let close = opened.pop(); close; close = opened.pop()) await close()
  }
  const certificate = await open(options, opened).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  let stopping: Promise<void> | undefined
  return {
    certificate,
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

/** What was opened is put on `opened`, to be closed in reverse. */
async function open(options: DemoOptions, opened: (() => Promise<unknown>)[]): Promise<DemoCertificate> {
  const { data } = options
  const addresses = demoAddresses(options.ports, options.ipv6)
  const { log, close: closeLog } = openLog({ level: options.logLevel })
  opened.push(closeLog)
  const runtime = nodeRuntime({ nameServers: options.nameServers ?? [] })
  opened.push(() => runtime.close())
  await refuseTakenPorts(runtime.net, addresses)
  const secrets = await openSecrets(runtime, join(data, 'secrets.json'))
  const certificate = await openCertificate(runtime, join(data, 'tls'))
  const database = await openEmbedded({ directory: data, option: startWith('--data ./elsewhere') })
  opened.push(() => database.close())
  const exposition = prometheus({ process: true })
  const coordination = (await openKept(runtime, join(data, 'coordination.json'))).member(runtime.clock)
  const supervisor = new Supervisor({ runtime, coordination, log, exposition })
  opened.push(() => supervisor.stop())
  const links = new LocalLinks()
  const configuration = await startConfiguration(supervisor, database, links, options.ports)
  const tracing = await supervisor.start(
    diskTrace(configuration),
    { directory: join(data, 'trace') },
    everywhere('trace'),
  )
  const { trace } = tracing
  const shared: Shared = { runtime, supervisor, exposition, links, tlib: new LocalPorts(), configuration, trace }
  const records = await embeddedRecords(database)
  await startDataCentres(shared, { options, addresses, secrets, certificate, records })
  await untilHealthy(runtime, supervisor)
  if (options.traffic) await startTraffic(shared, addresses)
  return certificate
}

const everywhere = (name: string) => ({ name, dc: 'all' })

/** The objects of the first start are those of examples/demo.yaml, with the carrier where the options say. */
async function startConfiguration(
  supervisor: Supervisor,
  database: EmbeddedDatabase,
  links: LocalLinks,
  ports: DemoPorts,
) {
  const file = join(packageRoot, 'examples/demo.yaml')
  const beside = (path: string) => readFile(resolve(dirname(file), path), 'utf8')
  const { entries } = await readObjects(file, await readFile(file, 'utf8'), beside)
  const trunks = entries.trunks?.map((trunk) => ({ ...trunk, destination: `127.0.0.1:${ports.carrier}` }))
  const initial = trunks === undefined ? entries : { ...entries, trunks }
  const store = await embeddedStore(database)
  const config = { dc: 'dc1', passwordCost: 'light' }
  return supervisor.start(configServer({ store, initial, links }), config, everywhere('config-server'))
}

type Parts = {
  readonly options: DemoOptions
  readonly addresses: readonly DataCentreAddresses[]
  readonly secrets: Secrets
  readonly certificate: DemoCertificate
  readonly records: Records
}

async function startDataCentres(shared: Shared, parts: Parts): Promise<void> {
  const { options, addresses, secrets, records } = parts
  const { selfSigned: _, ...tls } = parts.certificate
  const { clock } = shared.runtime
  const verifyPassword = argon2Passwords()
  for (const each of addresses) {
    await startDataCentre(shared, {
      addresses: each,
      secrets,
      tls,
      directories: {
        spool: join(options.data, 'spool', each.node),
        prompts: [join(packageRoot, 'assets/prompts'), join(packageRoot, 'assets/music')],
        tokenFile: join(options.data, 'token'),
      },
      records,
      openRtpWorker: rtpThread(clock),
      openSandbox: sandboxThread(clock),
      verifyPassword,
      demo: demoSupervisor,
    })
  }
}

/** The components find each other a moment after they have started. */
async function untilHealthy({ clock }: Runtime, supervisor: Supervisor): Promise<void> {
  const end = clock.monotonic() + 10_000
  while (supervisor.health().status !== 'ok') {
    if (clock.monotonic() > end) throw new NotHealthy(supervisor.health().reasons)
    await new Promise<void>((resolve) => clock.after(20, resolve))
  }
}
