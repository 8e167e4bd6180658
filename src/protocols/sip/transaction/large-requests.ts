/**
 * Requests too large for one packet go over TCP instead of UDP (RFC 3261 §18.1.1): in pieces they would press on when the
 * network is congested, and many a NAT drops the pieces. Who does not take TCP gets them over UDP after all.
 */
import type { Clock } from '#platform/runtime/runtime.ts'
import type { Hop } from '../transport/transport.ts'

/** What fits into a packet of an Ethernet when its path is not known, by §18.1.1. */
export const largestDatagram = 1300
/** ms that somebody is not asked again whether he takes TCP. */
const memory = 300_000
const mostRemembered = 1_024

export class LargeRequests {
  private readonly clock: Clock
  private readonly largest: number
  /** Until when each is known to take no TCP. */
  private readonly refusing = new Map<string, number>()

  constructor(clock: Clock, largest: number) {
    this.clock = clock
    this.largest = largest
  }

  /** The hop a request of so many bytes goes to instead of `hop`; undefined: it stays. */
  insteadOf(hop: Hop, bytes: number): Hop | undefined {
    if (bytes <= this.largest || hop.protocol !== 'UDP' || hop.pinned === true) return undefined
    if ((this.refusing.get(keyOf(hop)) ?? 0) > this.clock.monotonic()) return undefined
    return { protocol: 'TCP', host: hop.host, port: hop.port }
  }

  /** No connection could be made. */
  refused(hop: Hop): void {
    if (this.refusing.size >= mostRemembered) this.refusing.clear()
    this.refusing.set(keyOf(hop), this.clock.monotonic() + memory)
  }
}

const keyOf = ({ host, port }: Hop): string => `${host} ${port}`
