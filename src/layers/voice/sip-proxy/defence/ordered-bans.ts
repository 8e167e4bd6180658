/** Whom operators have banned: addresses and ranges, over whatever transport, each until its time. */
import { Recent } from '#platform/recent.ts'
import { millisecondsOf } from '#platform/time.ts'
import { type AddressRange, addressRange } from '#protocols/model/address-range.ts'
import type { OrderedBan } from '#protocols/model/http/bans.ts'

type Row = { readonly range: AddressRange; readonly until: number }

const mostHosts = 10_000

export class OrderedBans {
  private rows: readonly Row[] = []
  /** Until when each host is banned (ms since 1970), 0: it is not; ranges are compared once a host. */
  private hosts = new Recent<string, number>(mostHosts)

  set(bans: readonly OrderedBan[]): void {
    this.rows = bans.flatMap(({ source, until }) => {
      const range = addressRange(source)
      return range === undefined ? [] : [{ range, until: millisecondsOf(until) }]
    })
    this.hosts = new Recent(mostHosts)
  }

  holds(host: string, wall: number): boolean {
    if (this.rows.length === 0) return false
    const known = this.hosts.get(host)
    const until = known ?? Math.max(0, ...this.rows.map((row) => (row.range.contains(host) ? row.until : 0)))
    if (known === undefined) this.hosts.set(host, until)
    return until > wall
  }

  /** How many there are at present. */
  count(wall: number): number {
    return this.rows.filter(({ until }) => until > wall).length
  }
}
