/** The Resource Managers of this cluster by data centre: what the host `media.<dc>` stands for (architecture §11). */
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { rendezvous } from '../model/rendezvous.ts'

const prefix = 'media.'

export class MediaHosts {
  /** By data centre, then by name. */
  private readonly managers = new Map<string, Map<string, Hop>>()

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

  /** The Resource Managers to try for `host`, one after the other; `key` spreads the load. */
  of(host: string, key: string): Hop[] {
    const managers = this.managers.get(host.slice(prefix.length).toLowerCase()) ?? new Map<string, Hop>()
    const first = rendezvous(key, managers.keys())
    const names = [...managers.keys()].sort((one) => (one === first ? -1 : 1))
    return names.flatMap((name) => managers.get(name) ?? [])
  }
}
