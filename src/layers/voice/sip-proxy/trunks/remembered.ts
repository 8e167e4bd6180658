/**
 * The addresses of a provider's name: those that the DNS says now, and those that it said lately. Many a provider has
 * more servers than one answer names, another few each time, and calls come from all of them. What was not named for
 * an hour is the provider's no longer, and nobody's we trust.
 */

/** ms after an address was named last. */
const keptFor = 3_600_000
/** Addresses of one name, where its answers never repeat themselves. */
const most = 64

export class Remembered {
  /** When each was named last (monotonic ms), the longest ago first. */
  private readonly hosts = new Map<string, number>()

  has(host: string): boolean {
    return this.hosts.has(host)
  }

  /** An answer of the DNS; the hosts in it are all kept, however many. */
  named(hosts: readonly string[], now: number): void {
    for (const host of hosts) {
      this.hosts.delete(host)
      this.hosts.set(host, now)
    }
    for (const [host, at] of this.hosts) {
      if (at === now || (this.hosts.size <= most && now - at < keptFor)) return
      this.hosts.delete(host)
    }
  }
}
