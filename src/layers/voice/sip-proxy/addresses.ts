/** Which hosts are ours: the domains, and the addresses of every proxy of the cluster. */
import { parseURI, type URI } from '#protocols/sip/message/headers/uri.ts'
import { hostOf, portOf } from '../model/uri-hop.ts'

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

const hostPort = (uri: URI) => `${hostOf(uri)}:${portOf(uri)}`
