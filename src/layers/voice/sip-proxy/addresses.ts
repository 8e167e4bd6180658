/** Which hosts are ours: the domains, and the addresses of every proxy of the cluster. */
import { bracketed, isIPv4, isIPv6, unbracketed } from '#protocols/sip/message/headers/host.ts'
import { parseURI, type URI, uriParameter } from '#protocols/sip/message/headers/uri.ts'
import type { Hop, Protocol } from '#protocols/sip/transport/transport.ts'

export class Addresses {
  private domains = new Set<string>()
  private readonly proxies = new Map<string, readonly string[]>()
  private hosts = new Set<string>()
  private exact = new Set<string>()
  /** Grows with each change: what was concluded before may be wrong. */
  version = 0

  setDomains(domains: readonly string[]): void {
    this.domains = new Set(domains.map((domain) => domain.toLowerCase()))
    this.version++
  }

  /** The SIP URIs at which a proxy listens or is advertised; none when it is gone. */
  setProxy(name: string, uris: readonly string[]): void {
    if (uris.length === 0) this.proxies.delete(name)
    else this.proxies.set(name, uris)
    const all = [...this.proxies.values()].flat().map(parseURI)
    this.hosts = new Set(all.map(hostOf))
    this.exact = new Set(all.map(hostPort))
    this.version++
  }

  isDomain(uri: URI): boolean {
    return this.domains.has(uri.host.toLowerCase())
  }

  /** A proxy of ours, by host and port. */
  isProxy(uri: URI): boolean {
    return this.exact.has(hostPort(uri))
  }

  /** A domain or the host of a proxy, whatever the port: what people dial. */
  isOurs(uri: URI): boolean {
    return this.isDomain(uri) || this.hosts.has(hostOf(uri))
  }
}

const protocols: Readonly<Record<string, Protocol>> = { udp: 'UDP', tcp: 'TCP', tls: 'TLS', ws: 'WS', wss: 'WSS' }

export const protocolOf = (uri: URI): Protocol | undefined =>
  uri.scheme === 'sips' ? 'TLS' : protocols[(uriParameter(uri, 'transport') ?? 'udp').toLowerCase()]

/** RFC 3263 §4.2: without a port it is the transport's. */
export const portOf = (uri: URI): number => uri.port || (/^(TLS|WSS)$/.test(protocolOf(uri) ?? '') ? 5061 : 5060)

/** In lower case, and the one name that needs no look-up as the address it is. */
function hostOf({ host }: URI): string {
  const lower = host.toLowerCase()
  return lower === 'localhost' ? '127.0.0.1' : lower
}

const hostPort = (uri: URI) => `${hostOf(uri)}:${portOf(uri)}`

/** Where a request to this URI leaves (RFC 3263 §4 without DNS): `undefined` where the host is no address. */
export function hopOf(uri: URI): Hop | undefined {
  const protocol = protocolOf(uri)
  const host = unbracketed(hostOf(uri))
  if (protocol === undefined || !(isIPv4(host) || isIPv6(host))) return undefined
  return { protocol, host, port: portOf(uri) }
}

/** `sip:host:port;transport=…`; UDP needs no parameter. Port 0: none is named, as for a name that SRV records explain. */
export function sipURI(protocol: Protocol, host: string, port: number): string {
  return `sip:${bracketed(host)}${port === 0 ? '' : `:${port}`}${protocol === 'UDP' ? '' : `;transport=${protocol.toLowerCase()}`}`
}
