/** The listening side of links. */
import type { Log } from '../log/log.ts'
import type { Address, Listener, Runtime } from '../runtime/runtime.ts'
import { helloFrame } from './hello.ts'
import type { Hello, LinkUser, Opened } from './link.ts'
import { defaultMostQueued, LinkEnd } from './link-end.ts'
import type { LocalLinks } from './local-links.ts'
import { Newest } from './newest.ts'
import { tcpWire, type Wire } from './wire.ts'

export type ListenOptions = {
  readonly runtime: Runtime
  readonly log: Log
  /** Where to listen; port 0 takes a free one. */
  readonly local: Address
  /** Where links of the same process come without a socket. */
  readonly links?: LocalLinks
  /** Who listens. */
  readonly hello: Omit<Hello, 'kind'>
  /** Who uses the links of each kind; a peer of another kind is refused. */
  readonly kinds: Readonly<Record<string, Opened>>
  /** Bytes a peer may leave unread. */
  readonly mostQueued?: number
  /** Connections at once. */
  readonly most?: number
}

export interface LinkListener {
  readonly local: Address
  /** Closes the port and all links; their users are told. */
  close(): Promise<void>
}

/** Throws `AddressInUse`, `CannotListen`. */
export async function listenLinks(options: ListenOptions): Promise<LinkListener> {
  const links = new AcceptedLinks(options)
  const listener = await options.runtime.net.listen(options.local, (connection) => links.accept(tcpWire(connection)))
  return links.at(listener)
}

class AcceptedLinks {
  private readonly options: ListenOptions
  private readonly newest = new Newest()
  private readonly ends = new Set<LinkEnd>()

  constructor(options: ListenOptions) {
    this.options = options
  }

  at(listener: Listener): LinkListener {
    const { runtime, links } = this.options
    const { local } = listener
    links?.add(local, { runtime, accept: (wire) => this.accept(wire) })
    return {
      local,
      close: async () => {
        links?.remove(local)
        listener.refuse()
        for (const end of this.ends) end.close()
        await listener.close()
      },
    }
  }

  accept(wire: Wire) {
    const { runtime, mostQueued = defaultMostQueued, most = 1000 } = this.options
    if (this.ends.size >= most) return wire.destroy()
    const greeted = (peer: Hello, end: LinkEnd) => this.greeted(peer, end, wire)
    this.ends.add(new LinkEnd({ runtime, wire, mostQueued, greeted, ended: (end, reason) => this.ended(end, reason) }))
  }

  private greeted(peer: Hello, end: LinkEnd, wire: Wire): LinkUser | string {
    const { hello, kinds, log } = this.options
    const { kind } = peer
    const opened = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
    if (opened === undefined) return `this port takes ${Object.keys(kinds).join(', ')}, not ${kind}`
    const refusal = this.newest.admit(peer, end)
    if (refusal) return refusal
    // Before the user is told: its frames come after our hello.
    wire.send(helloFrame({ ...hello, kind }))
    const user = opened(end)
    if (user) log.debug({ peer }, 'link open')
    return user ?? 'refused'
  }

  private ended(end: LinkEnd, reason: string): void {
    this.ends.delete(end)
    this.newest.forget(end)
    this.options.log.info(
      { name: this.options.hello.name, ...(end.hasPeer && { peer: end.peer }), reason },
      'link over',
    )
  }
}
