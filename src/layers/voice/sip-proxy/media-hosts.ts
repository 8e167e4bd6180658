/** The Resource Managers of this cluster by data centre: what the host `media.<dc>` stands for (architecture §11). */
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { ranked } from '../model/rendezvous.ts'

const prefix = 'media.'

export class MediaHosts {
  /** By data centre, then by name. */
  private readonly managers = new Map<string, Map<string, Hop>>()
  private readonly wayTo: (hop: Hop) => Hop

  /** `wayTo`: the link to a Resource Manager, where there is one. */
  constructor(wayTo: (hop: Hop) => Hop) {
    this.wayTo = wayTo
  }

  static isMedia(host: string): boolean {
    return host.toLowerCase().startsWith(prefix)
  }

  /** Everything announced, by data centre and name. */
  set(found: Iterable<{ dc: string; name: string; hop: Hop }>): void {
    this.managers.clear()
    for (const { dc, name, hop } of found) {
      const ofDC = this.managers.get(dc) ?? new Map<string, Hop>()
      this.managers.set(dc, ofDC.set(name, hop))
    }
  }

  /**
   * The Resource Managers to try for `host`, one after the other; `key` spreads the load. Those with a link come first:
   * of the others nobody knows whether they are still there.
   */
  of(host: string, key: string): Hop[] {
    const managers = this.managers.get(host.slice(prefix.length).toLowerCase())
    if (managers === undefined) return []
    const ways = ranked(key, managers.keys()).map((name) => this.wayTo(managers.get(name) as Hop))
    return [...ways.filter(isLink), ...ways.filter((hop) => !isLink(hop))]
  }
}

const isLink = ({ connection }: Hop): boolean => connection !== undefined
