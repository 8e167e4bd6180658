/**
 * Requests too large for one packet go over TCP instead of UDP (RFC 3261 §18.1.1): in pieces they would press on when the
 * network is congested, and many a NAT drops the pieces. Who does not take TCP gets them over UDP after all.
 */
import type { Clock } from '#platform/runtime/runtime.ts'
import type { Hop } from '../transport/transport.ts'

/** What fits into a packet of an Ethernet when its path is not known, by §18.1.1. */
export const largestDatagram = 1300
/** ms until somebody who took no TCP is asked again whether he does: beside what is sent to him, which waits for nothing. */
const memory = 300_000
const mostRemembered = 1_024

/** `ask`: whether he answers over TCP, by a request that nobody waits for. */
export type LargeRequestsOptions = {
  readonly clock: Clock
  /** Bytes of the largest datagram. */
  readonly largest: number
  readonly ask: (hop: Hop, answer: (takes: boolean) => void) => void
}

export class LargeRequests {
  private readonly options: LargeRequestsOptions
  /** When each who is known to take no TCP is to be asked again. */
  private readonly refusing = new Map<string, number>()

  constructor(options: LargeRequestsOptions) {
    this.options = options
  }

  /** The hop a request of so many bytes goes to instead of `hop`; undefined: it stays. */
  insteadOf(hop: Hop, bytes: number): Hop | undefined {
    if (bytes <= this.options.largest || hop.protocol !== 'UDP' || hop.pinned === true) return undefined
    const instead: Hop = { protocol: 'TCP', host: hop.host, port: hop.port }
    const again = this.refusing.get(keyOf(hop))
    if (again === undefined) return instead
    if (again <= this.options.clock.monotonic()) this.askAgain(instead)
    return undefined
  }

  /** No connection could be made. */
  refused(hop: Hop): void {
    if (this.refusing.size >= mostRemembered) this.refusing.clear()
    this.refusing.set(keyOf(hop), this.options.clock.monotonic() + memory)
  }

  private askAgain(hop: Hop) {
    this.refused(hop)
    this.options.ask(hop, (takes) => {
      if (takes) this.refusing.delete(keyOf(hop))
    })
  }
}

const keyOf = ({ host, port }: Hop): string => `${host} ${port}`
