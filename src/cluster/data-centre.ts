/**
 * One data centre in one process: proxies, a Resource Manager with a media server, reporting, a node, its routing and
 * Web Services, started in the order in which they need each other.
 */

import { reporting } from '#layers/reporting/component.ts'
import type { Records } from '#layers/reporting/records.ts'
import { router } from '#layers/routing/component.ts'
import type { RoutingRecord } from '#layers/routing/model/decision.ts'
import type { OpenSandbox } from '#layers/routing/orchestration/sandbox/sandbox.ts'
import { statServer } from '#layers/routing/stat-server/component.ts'
import { mediaServer, type RunningMediaServer } from '#layers/voice/media-server/component.ts'
import type { OpenRtpWorker } from '#layers/voice/media-server/rtp/channel.ts'
import { resourceManager } from '#layers/voice/resource-manager/component.ts'
import { sipProxy } from '#layers/voice/sip-proxy/component.ts'
import { type RunningSipServer, sipServer } from '#layers/voice/sip-server/component.ts'
import { createSessionController } from '#layers/voice/sip-server/session-controller/session-controller.ts'
import { webServices } from '#layers/workspace/web-services/component.ts'
import type { WebServicesPorts } from '#layers/workspace/web-services/ports.ts'
import { couldTake } from './could-take.ts'
import type { DataCentreAddresses } from './demo/addresses.ts'
import type { Shared } from './shared.ts'

export type DataCentreParts = {
  readonly addresses: DataCentreAddresses
  /** Keys that all data centres share, hex. */
  readonly secrets: { readonly routes: string; readonly digest: string; readonly sessions: string }
  readonly directories: { readonly spool: string; readonly prompts: readonly string[]; readonly tokenFile: string }
  /** PEM files; without them the proxies speak no TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly authorities?: string }
  readonly records: Records
  readonly openRtpWorker: OpenRtpWorker
  readonly openSandbox: OpenSandbox
  readonly verifyPassword: (hash: string, password: string) => Promise<boolean>
  /** Who may sign in by one click. */
  readonly demo?: { readonly username: string; readonly password: string }
}

export type DataCentre = { readonly media: RunningMediaServer; readonly node: RunningSipServer }

/** Inside, and for HTTP and T-Library. */
const host = '127.0.0.1'

export async function startDataCentre(shared: Shared, parts: DataCentreParts): Promise<DataCentre> {
  await startProxies(shared, parts)
  const media = await startMedia(shared, parts)
  const { history } = await startReporting(shared, parts)
  const node = await startNode(shared, parts)
  const statistics = await startRouting(shared, parts)
  await startWorkspace(shared, parts, { statistics, history })
  return { media, node }
}

async function startProxies(shared: Shared, { addresses, secrets, tls }: DataCentreParts) {
  const { supervisor, configuration, links, trace } = shared
  for (const { name, port } of addresses.proxies) {
    const listen = addresses.hosts.flatMap((host) => portsAt(host, port, tls !== undefined))
    const config = { name, dc: addresses.dc, listen, sharedKey: secrets.routes, ...(tls && { tls }) }
    await supervisor.start(sipProxy({ configuration, links, trace }), config, { name, dc: addresses.dc })
  }
}

const portsAt = (host: string, port: number, secure: boolean) => [
  { host, port, transports: ['udp', 'tcp'] },
  { host, port: port + 2, transports: ['ws'] },
  ...(secure
    ? [
        { host, port: port + 1, transports: ['tls'] },
        { host, port: port + 3, transports: ['wss'] },
      ]
    : []),
]

async function startMedia({ supervisor, links }: Shared, { addresses, directories, openRtpWorker }: DataCentreParts) {
  const { dc, hosts, rtp } = addresses
  const config = {
    name: 'media1',
    dc,
    listen: { host, port: 0 },
    rtp: { hosts, ...rtp },
    prompts: directories.prompts,
  }
  const media = await supervisor.start(mediaServer({ openWorker: openRtpWorker, links }), config, {
    name: 'media1',
    dc,
  })
  const manager = { name: 'rm1', dc, listen: { host, port: 0 } }
  await supervisor.start(resourceManager({ links }), manager, { name: 'rm1', dc })
  return media
}

/** Before the node, so that it ends after it: what the node's end makes of its calls is stored, too. */
function startReporting({ supervisor, tlib }: Shared, { addresses, records }: DataCentreParts) {
  const { dc } = addresses
  return supervisor.start(reporting({ records, local: tlib }), { dc }, { name: 'reporting', dc })
}

function startNode(shared: Shared, { addresses, secrets, directories }: DataCentreParts) {
  const { supervisor, configuration, trace, links, tlib } = shared
  const { dc, node: name, number } = addresses
  const ports = { configuration, trace, createSessionController, links, local: tlib }
  const config = {
    name,
    dc,
    number,
    geoLocation: dc,
    tlib: { host, ...addresses.tlib },
    spool: { directory: directories.spool },
    digestKey: secrets.digest,
  }
  return supervisor.start(sipServer(ports), config, { name, dc })
}

async function startRouting(shared: Shared, { addresses, openSandbox }: DataCentreParts) {
  const { supervisor, configuration, tlib, trace } = shared
  const { dc } = addresses
  const statistics = await supervisor.start(statServer({ local: tlib }), { dc }, { name: 'stat-server', dc })
  const record = ({ callUUID, kind, text, details, queue }: RoutingRecord) =>
    trace.note(callUUID, 'routing', `router.${dc}`, queue, JSON.stringify({ kind, text, ...details }))
  const ports = { configuration, statistics, openSandbox, record, local: tlib }
  await supervisor.start(router(ports), { dc, name: `router.${dc}` }, { name: 'router', dc })
  return statistics
}

async function startWorkspace(
  shared: Shared,
  parts: DataCentreParts,
  sources: Pick<WebServicesPorts, 'statistics' | 'history'>,
) {
  const { supervisor, configuration, exposition, tlib, trace } = shared
  const { addresses, secrets, directories, verifyPassword, demo } = parts
  const { dc } = addresses
  const ports = {
    configuration,
    writer: configuration,
    ...sources,
    ladder: trace,
    verifyPassword,
    couldTake: couldTake(configuration),
    exposition,
    local: tlib,
    health: () => ({ ...supervisor.health(), components: supervisor.components() }),
  }
  const config = {
    dc,
    http: { host, port: addresses.http },
    tokenFile: directories.tokenFile,
    sessionSecret: secrets.sessions,
    ...(demo === undefined ? {} : { demo }),
  }
  await supervisor.start(webServices(ports), config, { name: 'web-services', dc })
}
