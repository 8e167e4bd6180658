/**
 * The node's way to the outside: one link to every proxy of its data centre (architecture §11). A request goes to the
 * proxy that its route set names, else to any linked one, the same for the same URI.
 */
import { type KeptLink, keepLink } from '#platform/link/keep-link.ts'
import type { Hello, Link, LinkUser } from '#platform/link/link.ts'
import type { LocalLinks } from '#platform/link/local-links.ts'
import type { Log } from '#platform/log/log.ts'
import type { Address, Runtime } from '#platform/runtime/runtime.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { parseURI } from '#protocols/sip/message/headers/uri.ts'
import type { LinkEnd, SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { memberName } from '../../model/member-name.ts'

export const proxiesOf = (dc: string): string => `sip-proxy/${dc}/`

type Entry = { readonly listen: readonly string[]; readonly link: Address }

type Proxy = {
  readonly name: string
  /** One for all links to this proxy, so that a hop stays good over a reconnect. */
  readonly end: LinkEnd
  readonly kept: KeptLink
  entry: Entry | undefined
  link: Link | undefined
}

export type ProxyLinksOptions = {
  readonly runtime: Runtime
  readonly log: Log
  readonly hello: Hello
  readonly links: LocalLinks | undefined
  readonly transport: SipTransport
  /** The first proxy is linked, or the last one is lost. */
  readonly changed: () => void
}

export class ProxyLinks {
  private readonly options: ProxyLinksOptions
  private readonly proxies = new Map<string, Proxy>()
  /** Linked proxies, by name. */
  private ready: readonly Proxy[] = []
  private byAddress = new Map<string, Proxy>()

  constructor(options: ProxyLinksOptions) {
    this.options = options
  }

  get linked(): string[] {
    return this.ready.map(({ name }) => name)
  }

  /** Announced proxies to which there is no link. */
  get missing(): string[] {
    return [...this.proxies.values()].filter(({ entry, link }) => entry && !link).map(({ name }) => name)
  }

  /** The proxies of the data centre, as they are announced. */
  follow(entries: ReadonlyMap<string, string>): void {
    const { dc } = this.options.hello
    const seen = new Set<string>()
    for (const [key, value] of entries) {
      const name = `${key.slice(proxiesOf(dc).length)}`
      const proxy = this.proxies.get(name) ?? this.add(name)
      proxy.entry = JSON.parse(value) as Entry
      seen.add(name)
    }
    for (const proxy of this.proxies.values()) if (!seen.has(proxy.name)) proxy.entry = undefined
    this.index()
  }

  nextHop(uri: string): Hop | undefined {
    const named = this.named(uri)
    if (named) return named.end.hop
    return this.ready[hashOf(uri) % Math.max(1, this.ready.length)]?.end.hop
  }

  close(): void {
    for (const { kept, end } of this.proxies.values()) {
      end.closed()
      kept.close()
    }
    this.ready = []
  }

  private add(name: string): Proxy {
    const { runtime, log, hello, links, transport } = this.options
    const end = transport.addLink({
      peer: { host: memberName(name, hello.dc), port: 0 },
      sentBy: { host: hello.name, port: 0 },
      write: (bytes) => this.proxies.get(name)?.link?.send(bytes) ?? false,
    })
    const kept = keepLink({
      runtime,
      log,
      hello,
      ...(links && { links }),
      locate: () => this.proxies.get(name)?.entry?.link,
      opened: (link) => this.opened(name, link),
    })
    const proxy: Proxy = { name, end, kept, entry: undefined, link: undefined }
    this.proxies.set(name, proxy)
    return proxy
  }

  private opened(name: string, link: Link): LinkUser | undefined {
    const proxy = this.proxies.get(name)
    if (!proxy) return undefined
    proxy.link = link
    this.index()
    return {
      frame: (bytes) => proxy.end.received(bytes),
      closed: () => {
        if (proxy.link !== link) return
        proxy.link = undefined
        this.index()
      },
    }
  }

  private index(): void {
    const before = this.ready.length
    this.ready = [...this.proxies.values()].filter(({ link }) => link).sort((a, b) => (a.name < b.name ? -1 : 1))
    const rows = this.ready.flatMap((proxy) =>
      (proxy.entry?.listen ?? []).map((uri) => [addressOf(uri), proxy] as const),
    )
    this.byAddress = new Map(rows.map(([address, proxy]) => [address ?? '', proxy]))
    if ((before === 0) !== (this.ready.length === 0)) this.options.changed()
  }

  private named(uri: string): Proxy | undefined {
    const address = addressOf(uri)
    return address === undefined ? undefined : this.byAddress.get(address)
  }
}

/** Host and port, as the proxies write them into routes; one URI names one proxy whatever its transport. */
function addressOf(text: string): string | undefined {
  try {
    const uri = parseURI(text)
    return `${uri.host.toLowerCase()}:${uri.port || 5060}`
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
