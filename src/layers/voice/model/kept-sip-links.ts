/**
 * Links that a component keeps open to all members of one kind in its data centre, for SIP (architecture §11): a node to
 * the proxies; a Resource Manager and a media server, which take calls, to those that bring them.
 */
import { fnv1a } from '#platform/fnv1a.ts'
import { type KeptLink, keepLink } from '#platform/link/keep-link.ts'
import type { Hello, Link, LinkUser } from '#platform/link/link.ts'
import type { LocalLinks } from '#platform/link/local-links.ts'
import type { Log } from '#platform/log/log.ts'
import type { Address, Runtime } from '#platform/runtime/runtime.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { parseURI } from '#protocols/sip/message/headers/uri.ts'
import { own } from '#protocols/sip/message/scan.ts'
import type { Advertised, LinkEnd, SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { newsFrame } from './link-news.ts'
import { memberName } from './member-name.ts'

/** The keys under which the proxies and the Resource Managers of a data centre announce themselves. */
export const proxiesIn = (dc: string): string => `sip-proxy/${dc}/`
export const managersIn = (dc: string): string => `resource-manager/${dc}/`

/** What a member announces: its SIP URIs, if it is one that routes name, and where it takes links, if it takes any. */
type Entry = { readonly listen?: readonly string[]; readonly link?: Address }

type Member = {
  readonly name: string
  /** One for all links to this member, so that a hop stays good over a reconnect. */
  readonly end: LinkEnd
  readonly kept: KeptLink
  entry: Entry | undefined
  link: Link | undefined
}

const mostBeginnings = 8192

export type KeptSipLinksOptions = {
  readonly runtime: Runtime
  readonly log: Log
  readonly hello: Hello
  /** Members of this process are reached without a socket. */
  readonly links: LocalLinks | undefined
  readonly transport: SipTransport
  /** What Via names. */
  readonly sentBy: Advertised
  /** The first member is linked, or the last one is lost. */
  readonly changed?: () => void
}

export class KeptSipLinks {
  private readonly options: KeptSipLinksOptions
  private readonly members = new Map<string, Member>()
  /** Linked members, by name. */
  private ready: readonly Member[] = []
  private byAddress = new Map<string, Member>()
  /** By the beginning of a URI (`beginningOf`): all dialogs name the same few, each is read once. */
  private readonly byBeginning = new Map<string, { readonly member: Member | undefined }>()

  constructor(options: KeptSipLinksOptions) {
    this.options = options
  }

  get linked(): string[] {
    return this.ready.map(({ name }) => name)
  }

  /** Announced members to which there is no link. */
  get missing(): string[] {
    return [...this.members.values()].filter(({ entry, link }) => entry && !link).map(({ name }) => name)
  }

  /** The members of the data centre as they are announced, under keys that end in `<dc>/<name>`. */
  follow(entries: ReadonlyMap<string, string>): void {
    const seen = new Set<string>()
    for (const [key, value] of entries) {
      const entry = JSON.parse(value) as Entry
      if (entry.link === undefined) continue
      const name = key.slice(key.lastIndexOf('/') + 1)
      const member = this.members.get(name) ?? this.add(name)
      member.entry = entry
      seen.add(name)
    }
    for (const member of this.members.values()) if (!seen.has(member.name)) member.entry = undefined
    this.index()
  }

  /** The link to the member that this URI names; else to any, the same for the same URI. */
  nextHop(uri: string): Hop | undefined {
    return this.named(uri) ?? this.ready[(fnv1a(uri) >>> 0) % Math.max(1, this.ready.length)]?.end.hop
  }

  /** The link to the member that this URI names. */
  named(uri: string): Hop | undefined {
    const beginning = beginningOf(uri)
    const known = this.byBeginning.get(beginning)
    if (known !== undefined) return known.member?.end.hop
    const member = this.byAddress.get(addressOf(beginning) ?? '')
    if (this.byBeginning.size >= mostBeginnings) this.byBeginning.clear()
    this.byBeginning.set(own(beginning), { member })
    return member?.end.hop
  }

  /** To all that are linked, beside SIP. */
  tell(news: object): void {
    const frame = newsFrame(news)
    for (const { link } of this.ready) link?.send(frame)
  }

  close(): void {
    for (const { kept, end } of this.members.values()) {
      end.closed()
      kept.close()
    }
    this.ready = []
  }

  private add(name: string): Member {
    const { runtime, log, hello, links, transport, sentBy } = this.options
    const end = transport.addLink({
      peer: { host: memberName(name, hello.dc), port: 0 },
      sentBy,
      write: (bytes) => this.members.get(name)?.link?.send(bytes) ?? false,
    })
    const kept = keepLink({
      runtime,
      log,
      hello,
      ...(links && { links }),
      locate: () => this.members.get(name)?.entry?.link,
      opened: (link) => this.opened(name, link),
    })
    const member: Member = { name, end, kept, entry: undefined, link: undefined }
    this.members.set(name, member)
    return member
  }

  private opened(name: string, link: Link): LinkUser | undefined {
    const member = this.members.get(name)
    if (!member) return undefined
    member.link = link
    this.index()
    return {
      frame: (bytes) => member.end.received(bytes),
      closed: () => {
        if (member.link !== link) return
        member.link = undefined
        this.index()
      },
    }
  }

  private index(): void {
    const before = this.ready.length
    this.ready = [...this.members.values()].filter(({ link }) => link).sort((a, b) => (a.name < b.name ? -1 : 1))
    const rows = this.ready.flatMap((member) =>
      (member.entry?.listen ?? []).map((uri) => [addressOf(uri), member] as const),
    )
    this.byAddress = new Map(rows.flatMap(([address, member]) => (address === undefined ? [] : [[address, member]])))
    this.byBeginning.clear()
    if ((before === 0) !== (this.ready.length === 0)) this.options.changed?.()
  }
}

/** Without parameters, of which a route has others for each leg: host and port come before them (RFC 3261 §25.1). */
function beginningOf(uri: string): string {
  const end = uri.indexOf(';', uri.indexOf('@') + 1)
  return end < 0 ? uri : uri.slice(0, end)
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
