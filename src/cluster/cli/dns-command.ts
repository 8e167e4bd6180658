/** `ringmain dns`: the SRV records that lead phones to the proxies, one zone for each data centre (blueprint table 4). */
import type { Command } from 'commander'
import { json, jsonCommand } from './client-command.ts'
import { WrongUsage } from './errors.ts'
import type { Terminal } from './terminal.ts'

type ProxyRecord = {
  readonly name: string
  readonly dc: string
  readonly address: string
  readonly port: number
}
type SRVRecord = {
  readonly name: string
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: string
}

/** Proxies of the asker's data centre first, the others when none of them answers; evenly within each (RFC 3263 §4.2). */
function srvRecords(domain: string, dc: string, proxies: readonly ProxyRecord[]): SRVRecord[] {
  const secure = (port: number) => port + 1
  const services = [
    { name: `_sip._udp.${domain}.`, port: (port: number) => port },
    { name: `_sip._tcp.${domain}.`, port: (port: number) => port },
    { name: `_sips._tcp.${domain}.`, port: secure },
  ]
  const ordered = [...proxies].sort((a, b) => Number(a.dc !== dc) - Number(b.dc !== dc))
  return services.flatMap(({ name, port }) =>
    ordered.map((proxy) => ({
      name,
      priority: proxy.dc === dc ? 1 : 2,
      weight: 50,
      port: port(proxy.port),
      target: `${proxy.name}.${domain}.`,
    })),
  )
}

const timeToLive = 60

function zone(domain: string, dc: string, proxies: readonly ProxyRecord[]): string {
  const records = srvRecords(domain, dc, proxies).map(
    ({ name, priority, weight, port, target }) =>
      `${name} ${timeToLive} IN SRV ${priority} ${weight} ${port} ${target}`,
  )
  const type = (address: string) => (address.includes(':') ? 'AAAA' : 'A')
  const addresses = proxies.map(
    ({ name, address }) => `${name}.${domain}. ${timeToLive} IN ${type(address)} ${address}`,
  )
  return [`; for resolvers in ${dc}`, ...records, ...addresses].join('\n')
}

type Options = { readonly domain: string; readonly proxy: readonly string[]; readonly json?: boolean }

export function dnsCommand(program: Command, terminal: Terminal): void {
  jsonCommand(program, 'dns', 'prints the zone that leads phones to the SIP Proxies, for each data centre')
    .requiredOption('--domain <name>', 'the domain of the addresses of record, e.g. sip.example.com')
    .requiredOption('--proxy <proxy...>', 'DC/NAME=ADDRESS[:PORT], e.g. dc1/proxy1=192.0.2.1:5060; all of them')
    .action(({ domain, proxy, json: asJSON }: Options) => {
      const proxies = proxy.map(proxyOf)
      const dcs = [...new Set(proxies.map(({ dc }) => dc))]
      if (asJSON) terminal.out(json(Object.fromEntries(dcs.map((dc) => [dc, srvRecords(domain, dc, proxies)]))))
      else terminal.out(dcs.map((dc) => zone(domain, dc, proxies)).join('\n\n'))
    })
}

function proxyOf(text: string): ProxyRecord {
  const match = text.match(/^([a-z0-9-]+)\/([a-z0-9-]+)=(?:\[([0-9a-f:]+)\]|([0-9.]+))(?::(\d{1,5}))?$/i)
  const [, dc, name, v6, v4, port] = match ?? []
  const address = v6 ?? v4
  if (dc === undefined || name === undefined || address === undefined)
    throw new WrongUsage(`--proxy ${text} is not DC/NAME=ADDRESS[:PORT], such as dc1/proxy1=192.0.2.1:5060`)
  return { dc, name, address, port: Number(port ?? 5060) }
}
