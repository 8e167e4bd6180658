/**
 * SIP to one member of the cluster, over whichever link it opened last. Between two links what is sent is left out: the
 * transactions that wait are sent again, or fail, when it is known which.
 */
import type { Link } from '#platform/link/link.ts'
import type { LinkEnd, SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'

export class SipLink {
  private readonly end: LinkEnd
  private link: Link | undefined

  /** `peer` and `self`: the names both ends have in Via. */
  constructor(transport: SipTransport, peer: string, self: string) {
    this.end = transport.addLink({
      peer: { host: peer, port: 0 },
      sentBy: { host: self, port: 0 },
      write: (bytes) => this.link?.send(bytes),
    })
  }

  get hop(): Hop {
    return this.end.hop
  }

  get connection(): number {
    return this.end.hop.connection ?? 0
  }

  /** The link over which SIP goes from now on; undefined: none until further notice. */
  use(link: Link | undefined): void {
    this.link = link
  }

  received(bytes: Buffer): void {
    this.end.received(bytes)
  }

  /** What is sent from now on fails. */
  close(): void {
    this.link = undefined
    this.end.closed()
  }
}
