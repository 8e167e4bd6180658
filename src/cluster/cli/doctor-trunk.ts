/** `ringmain doctor --trunk`: what is wrong with a trunk, in plain words, from a test by every proxy and its last calls. */
import { join } from 'node:path'
import { hopOf } from '#layers/voice/model/uri-hop.ts'
import { serverURIs } from '#layers/voice/sip-proxy/trunks/server-uris.ts'
import { FileNotFound } from '#platform/runtime/errors.ts'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import type { Runtime, TlsCredentials } from '#platform/runtime/runtime.ts'
import type { Interaction } from '#protocols/model/http/calls.ts'
import type { Trunk } from '#protocols/model/objects.ts'
import { registrarsOf, serversOf } from '#protocols/model/trunk.ts'
import { dial } from '#protocols/sip/transport/dial.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import type { ClientOptions } from './client-command.ts'
import type { Finding } from './doctor-command.ts'
import { CommandFailed } from './errors.ts'
import { connect, dataOf } from './server.ts'
import type { Terminal } from './terminal.ts'
import { trunkFindings } from './trunk-findings.ts'
import { testTrunk } from './trunk-test.ts'

export async function examineTrunk(name: string, options: ClientOptions, terminal: Terminal): Promise<Finding[]> {
  const server = await connect(options, terminal)
  const { objects } = await server.get<{ objects: { trunks: Trunk[] } }>('/api/v1/config')
  const trunk = objects.trunks.find((one) => one.name === name)
  if (trunk === undefined) {
    const names = objects.trunks.map((one) => one.name).join(', ') || 'none'
    throw new CommandFailed(`there is no trunk ${name}`, `known are ${names}`)
  }
  const { status } = await testTrunk(server, name, terminal)
  const { items } = await server.get<{ items: Interaction[] }>('/api/v1/interactions')
  const servers = [...new Set(Object.values(status.proxies).flatMap((proxy) => proxy.servers))]
  const tls = trunk.transport === 'tls' ? await handshakes(trunk, servers, dataOf(options, terminal)) : []
  return trunkFindings({ trunk, proxies: Object.values(status.proxies), tls, calls: items })
}

/** For each server what keeps this host from a TLS connection to it, '' where nothing does: judged as the proxies do. */
async function handshakes(trunk: Trunk, servers: readonly string[], data: string): Promise<string[]> {
  const runtime = nodeRuntime()
  try {
    const credentials = await credentialsIn(runtime, join(data, 'tls'))
    return await Promise.all(servers.map((server) => handshake(runtime, hopsTo(server, trunk), credentials)))
  } finally {
    await runtime.close()
  }
}

/** What the proxies of a data directory show and whom they believe; where there is nothing, the well-known authorities. */
async function credentialsIn({ disk, net }: Runtime, directory: string): Promise<TlsCredentials | undefined> {
  const text = (name: string) =>
    disk.read(join(directory, name)).then(String, (error: unknown) => {
      if (error instanceof FileNotFound) return undefined
      throw error
    })
  const [certificate, key, authorities] = await Promise.all(['certificate.pem', 'key.pem', 'authorities.pem'].map(text))
  return certificate === undefined || key === undefined ? undefined : net.credentials({ certificate, key, authorities })
}

/** By each name that may have led there, which its certificate has to bear, or by its address. */
function hopsTo(server: string, trunk: Trunk): readonly Hop[] {
  const [at] = serverURIs(trunk, [server]).flatMap((uri) => hopOf(uri) ?? [])
  if (at === undefined) return []
  const named = serverURIs(trunk, [...new Set([...serversOf(trunk), ...registrarsOf(trunk)])])
  return named.map((uri) => (hopOf(uri) === undefined ? { ...at, domain: uri.host } : at))
}

/** The first fault, where there is one by each of the names. */
async function handshake({ net }: Runtime, hops: readonly Hop[], credentials?: TlsCredentials): Promise<string> {
  const faults = await Promise.all(
    hops.map((hop) =>
      dial(net, hop, credentials).then(
        (connection) => {
          connection.destroy()
          return ''
        },
        (error: Error) => error.message,
      ),
    ),
  )
  return faults.includes('') ? '' : (faults[0] ?? '')
}
