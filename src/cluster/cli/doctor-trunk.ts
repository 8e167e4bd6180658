/** `ringmain doctor --trunk`: what is wrong with a trunk, in plain words, from a test by every proxy and its last calls. */
import { connect as connectTLS } from 'node:tls'
import type { Interaction } from '#protocols/model/http/calls.ts'
import type { Trunk } from '#protocols/model/objects.ts'
import { domainOf } from '#protocols/model/trunk.ts'
import type { ClientOptions } from './client-command.ts'
import type { Finding } from './doctor-command.ts'
import { CommandFailed } from './errors.ts'
import { connect } from './server.ts'
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
  const tls = trunk.transport === 'tls' ? await Promise.all(servers.map((one) => handshake(one, domainOf(trunk)))) : []
  return trunkFindings({ trunk, proxies: Object.values(status.proxies), tls, calls: items })
}

const patience = 5_000

/** What keeps this host from a TLS connection to the server; '' where nothing does. */
function handshake(server: string, name: string): Promise<string> {
  const colon = server.lastIndexOf(':')
  const host = server.slice(0, colon).replace(/^\[|\]$/g, '')
  return new Promise((resolve) => {
    const isName = !/^[\d.]+$|:/.test(name)
    const port = Number(server.slice(colon + 1))
    const socket = connectTLS({ host, port, minVersion: 'TLSv1.2', ...(isName && { servername: name }) })
    const done = (fault: string) => {
      socket.destroy()
      resolve(fault === '' ? '' : `${server}: ${fault}`)
    }
    socket.setTimeout(patience, () => done(`no answer in ${patience / 1000} s`))
    socket.once('error', (error) => done(error.message))
    socket.once('secureConnect', () => done(''))
  })
}
