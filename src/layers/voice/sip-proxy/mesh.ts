/**
 * The mesh of all proxies of all data centres (architecture §11): one link between every two. Each side tells the other
 * its bindings and nodes, first all, then what changes; SIP goes over it for flows and nodes that only the other reaches.
 */
import type { Link, LinkUser, Opened } from '#platform/link/link.ts'
import type { Log } from '#platform/log/log.ts'
import type { Address, Clock } from '#platform/runtime/runtime.ts'
import type { SipTransport } from '#protocols/sip/transport/sip-transport.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { isSip, newsFrame, readNews } from '../model/link-news.ts'
import { memberName } from '../model/member-name.ts'
import { deltasPerFrame, type News } from './mesh-frames.ts'
import type { Delta, Registrations } from './registrations.ts'
import { SipLink } from './sip-link.ts'

/** Another proxy, as it announces itself. */
export type Announced = { readonly name: string; readonly listen: readonly string[]; readonly mesh: Address }

export type MeshOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly transport: SipTransport
  /** Our `memberName`. */
  readonly self: string
  readonly registrations: Registrations
  /** Nodes we have a link to. */
  nodes(): readonly string[]
  /** Keeps a link open to a peer, wherever it is at the time. */
  keep(locate: () => Address | undefined): { close(): void }
  /** What waits for a peer that is gone gets this answer. */
  fail(to: (hop: Hop) => boolean, status: number): void
}

type Peer = {
  readonly name: string
  readonly sip: SipLink
  announced: Announced | undefined
  link: Link | undefined
  kept: { close(): void } | undefined
  nodes: readonly string[]
}

/** A snapshot waits while so much of it is unread. */
const mostQueued = 512 * 1024
const snapshotPause = 20

export class Mesh {
  private readonly options: MeshOptions
  private readonly peers = new Map<string, Peer>()
  private readonly byConnection = new Map<number, string>()
  /** What this turn has changed. */
  private news: Delta[] = []

  constructor(options: MeshOptions) {
    this.options = options
  }

  /** A link to a peer is open, whoever opened it. */
  readonly opened: Opened = (link) => this.attach(this.peer(memberName(link.peer.name, link.peer.dc)), link)

  /** All other proxies that are announced. Of two, the one with the smaller name opens the link. */
  follow(announced: readonly Announced[]): void {
    const now = new Map(announced.map((one) => [one.name, one]))
    for (const peer of this.peers.values()) peer.announced = now.get(peer.name)
    for (const one of announced) this.peer(one.name).announced = one
    for (const peer of [...this.peers.values()]) {
      if (peer.announced === undefined) this.dismiss(peer)
      else if (peer.kept === undefined && this.options.self < peer.name)
        peer.kept = this.options.keep(() => peer.announced?.mesh)
    }
  }

  hopOf(name: string): Hop | undefined {
    const peer = this.peers.get(name)
    return peer?.link === undefined ? undefined : peer.sip.hop
  }

  /** A URI of the peer, for the Route that tells it what is meant for it. */
  uriOf(name: string): string | undefined {
    return this.peers.get(name)?.announced?.listen[0]
  }

  /** A peer that has a link to this node. */
  hopWithNode(node: string): Hop | undefined {
    for (const peer of this.peers.values())
      if (peer.link !== undefined && peer.nodes.includes(node)) return peer.sip.hop
    return undefined
  }

  /** The proxy a message came from. */
  ofConnection(connection: number): string | undefined {
    return this.byConnection.get(connection)
  }

  get faults(): string[] {
    const missing = [...this.peers.values()].filter(
      ({ link, announced }) => link === undefined && announced !== undefined,
    )
    return missing.map(({ name }) => `no link to ${name}`)
  }

  /** What a REGISTER changed here, for all others; changes of one turn go together. */
  bound(delta: Delta): void {
    if (this.news.length === 0) this.options.clock.turn(() => this.tellBindings())
    this.news.push(delta)
  }

  /** Our nodes are others now. */
  tellNodes(): void {
    const frame = newsFrame<News>({ nodes: this.options.nodes() })
    for (const { link } of this.peers.values()) link?.send(frame)
  }

  stop(): void {
    for (const peer of this.peers.values()) {
      peer.kept?.close()
      peer.kept = undefined
      peer.link?.close()
    }
  }

  private peer(name: string): Peer {
    const known = this.peers.get(name)
    if (known !== undefined) return known
    const sip = new SipLink(this.options.transport, name, this.options.self)
    const peer: Peer = { name, sip, announced: undefined, link: undefined, kept: undefined, nodes: [] }
    this.peers.set(name, peer)
    this.byConnection.set(sip.connection, name)
    return peer
  }

  private attach(peer: Peer, link: Link): LinkUser {
    const replaced = peer.link
    peer.link = link
    peer.nodes = []
    peer.sip.use(link)
    replaced?.close()
    link.send(newsFrame<News>({ nodes: this.options.nodes() }))
    this.sendSnapshot(link, this.options.registrations.snapshot())
    return {
      frame: (bytes) => peer.link === link && this.received(peer, bytes),
      closed: () => peer.link === link && this.lost(peer),
    }
  }

  private received(peer: Peer, frame: Buffer) {
    if (isSip(frame)) {
      peer.sip.received(frame)
      return
    }
    const news = readNews<News>(frame)
    if (news === undefined) this.options.log.warn({ peer: peer.name }, 'a mesh frame that cannot be read')
    if (news?.nodes !== undefined) peer.nodes = news.nodes
    for (const delta of news?.bindings ?? []) this.options.registrations.take(delta)
  }

  private lost(peer: Peer) {
    peer.link = undefined
    peer.nodes = []
    peer.sip.use(undefined)
    // Another proxy has no standby: who waits had better try elsewhere now.
    this.options.fail((hop) => hop.connection === peer.sip.connection, 430)
  }

  private dismiss(peer: Peer) {
    peer.kept?.close()
    peer.kept = undefined
    // A link that lives outlives a key that was lost: coordination is not on the call path.
    if (peer.link !== undefined) return
    this.peers.delete(peer.name)
    this.byConnection.delete(peer.sip.connection)
    peer.sip.close()
  }

  private tellBindings() {
    const deltas = this.news
    this.news = []
    for (let at = 0; at < deltas.length; at += deltasPerFrame) {
      const frame = newsFrame<News>({ bindings: deltas.slice(at, at + deltasPerFrame) })
      for (const { link } of this.peers.values()) link?.send(frame)
    }
  }

  /** A piece at a time: a million bindings must neither hold up calls nor fill the link. */
  private sendSnapshot(link: Link, left: Iterator<Delta>) {
    const bindings: Delta[] = []
    while (bindings.length < deltasPerFrame) {
      const next = left.next()
      if (next.done === true) break
      bindings.push(next.value)
    }
    if (bindings.length > 0 && !link.send(newsFrame<News>({ bindings }))) return
    if (bindings.length < deltasPerFrame) return
    const goOn = () => this.sendSnapshot(link, left)
    if (link.queued > mostQueued) this.options.clock.after(snapshotPause, goOn)
    else this.options.clock.turn(goOn)
  }
}
