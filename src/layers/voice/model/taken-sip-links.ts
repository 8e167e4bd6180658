/**
 * Links that Resource Managers and media servers opened to take SIP over them (architecture §11): what would leave for
 * one's address over UDP goes over its link while it has one.
 */
import type { Hello, Link, Opened } from '#platform/link/link.ts'
import type { Address } from '#platform/runtime/runtime.ts'
import type { LinkEnd, SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'

/** The kind of these links. */
export const sipLinks = 'sip'

/** Who opens one is known by the address at which he takes SIP without it: that is what routes and URIs name. */
export const sipHello = ({ host, port }: Address, dc: string, instance: string): Hello => ({
  kind: sipLinks,
  name: keyOf(host, port),
  dc,
  instance,
  epoch: 0,
})

const keyOf = (host: string, port: number): string => `${host}:${port}`

export type TakenSipLinksOptions = {
  readonly transport: SipTransport
  /** A link has gone: what waits there gets no answer over it. */
  lost(hop: Hop): void
}

export class TakenSipLinks {
  private readonly options: TakenSipLinksOptions
  private readonly byAddress = new Map<string, LinkEnd>()

  constructor(options: TakenSipLinksOptions) {
    this.options = options
  }

  readonly opened: Opened = (link) => {
    const peer = addressIn(link.peer.name)
    if (peer === undefined) return undefined
    const end = this.add(peer, link)
    return { frame: (bytes) => end.received(bytes), closed: () => this.lost(link.peer.name, end) }
  }

  /** The link to whoever is at this address; the hop itself where there is none. */
  wayTo(hop: Hop): Hop {
    return this.byAddress.get(keyOf(hop.host, hop.port))?.hop ?? hop
  }

  private add(peer: Address, link: Link): LinkEnd {
    const { transport } = this.options
    const { host, port } = transport.sentBy({ protocol: 'TCP', ...peer })
    const end = transport.addLink({ peer, sentBy: { host, port }, write: (bytes) => link.send(bytes) })
    this.byAddress.set(link.peer.name, end)
    return end
  }

  private lost(name: string, end: LinkEnd) {
    end.closed()
    // It may have opened another one already.
    if (this.byAddress.get(name) === end) this.byAddress.delete(name)
    this.options.lost(end.hop)
  }
}

/** `undefined` where a name is no address. */
function addressIn(name: string): Address | undefined {
  const end = name.lastIndexOf(':')
  const port = Number(name.slice(end + 1))
  return end > 0 && Number.isInteger(port) && port > 0 ? { host: name.slice(0, end), port } : undefined
}
