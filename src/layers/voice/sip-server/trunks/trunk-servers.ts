/** Where the servers of trunks are, as the proxies of this data centre have found them: a name tells it to the DNS alone. */
import type { TrunkAtProxy } from '#protocols/model/http/trunks.ts'
import { type IPVersion, ipVersionOf } from '../../model/ip-version.ts'

export class TrunkServers {
  private versions: ReadonlyMap<string, IPVersion | undefined> = new Map()

  /** `announced`: by proxy, JSON of what it knows, by trunk. */
  follow(announced: ReadonlyMap<string, string>): void {
    const servers = new Map<string, string[]>()
    for (const text of announced.values()) {
      const known: Readonly<Record<string, TrunkAtProxy>> = JSON.parse(text)
      for (const [trunk, status] of Object.entries(known))
        servers.set(trunk, [...(servers.get(trunk) ?? []), ...status.servers])
    }
    this.versions = new Map([...servers].map(([trunk, found]) => [trunk, common(found)]))
  }

  /** Of all its servers; none while nothing is known, and where they are on both. */
  ipVersionOf(trunk: string): IPVersion | undefined {
    return this.versions.get(trunk)
  }
}

function common(servers: readonly string[]): IPVersion | undefined {
  const [first, ...others] = servers.map((server) => ipVersionOf(`sip:${server}`))
  return others.every((version) => version === first) ? first : undefined
}
