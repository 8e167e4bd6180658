/**
 * The T-Controller layer of the cluster (blueprint §3.2.1): one link between every two nodes of all data centres. The
 * node whose name comes first opens it. Frames of one node come in the order in which it sent them.
 */
import { type KeptLink, keepLink } from '#platform/link/keep-link.ts'
import type { Hello, Link, LinkUser, Opened } from '#platform/link/link.ts'
import type { LocalLinks } from '#platform/link/local-links.ts'
import type { Log } from '#platform/log/log.ts'
import type { Runtime, Timer } from '#platform/runtime/runtime.ts'
import type { AddressState } from '#protocols/tlib/attributes.ts'
import type { ErrorName } from '#protocols/tlib/errors.ts'
import type { DeviceEvent, OwnerEvent } from '#protocols/tlib/events.ts'
import type { FoundNode } from '#protocols/tlib/location.ts'
import type { Request } from '#protocols/tlib/requests.ts'
import type { Mailbox } from '../notifier/mailboxes.ts'
import type { Requester } from '../requester.ts'
import type { SeizeReply, SeizeRequest } from '../session-controller/ports.ts'
import type { Seizure } from '../t-controller/dn.ts'
import type { Move, PeerState, Peers, Release } from '../t-controller/peers.ts'
import { type Frame, frameOf, readFrame } from './frames.ts'

/** What other nodes ask of this one. */
export interface MeshUser {
  ownAddresses(): AddressState[]
  /** All DNs of a node. */
  joined(node: string, addresses: readonly AddressState[]): void
  told(address: AddressState, event: OwnerEvent, requester: Requester | undefined): void
  mailboxes(): Mailbox[]
  heard(mailboxes: readonly Mailbox[]): void
  seizeFor(node: string, request: SeizeRequest, reply: (reply: SeizeReply) => void): void
  release(release: Release): void
  move(move: Move): void
  holds(connID: string, dn: string): boolean
  withdraw(connID: string, dn: string): void
  adopt(dn: string, seizures: readonly Seizure[]): void
  request(request: Request, requester: Requester): void
  relayed(event: DeviceEvent, requester: Requester | undefined): void
}

export type MeshOptions = {
  readonly runtime: Runtime
  readonly log: Log
  readonly hello: Hello
  readonly links: LocalLinks | undefined
  readonly user: () => MeshUser
}

/** ms until an owner that does not answer counts as unreachable. */
const answerWithin = 2000
/** Events kept for a node whose link is down. */
const mostKept = 10_000
/** Mailboxes in a frame, which may have a megabyte: one has two kilobytes at most. */
const mostMailboxes = 400

type Peer = {
  readonly name: string
  /** How coordination last told it; undefined: it is not announced. */
  found: FoundNode | undefined
  kept: KeptLink | undefined
  link: Link | undefined
  /** Events that wait for the next link. */
  readonly late: Buffer[]
}

type Waiting =
  | { readonly node: string; readonly timer: Timer; readonly settle: (frame: Frame | undefined) => void }
  | { readonly node: string; readonly requester: Requester }

export class Mesh implements Peers {
  private readonly options: MeshOptions
  private readonly peers = new Map<string, Peer>()
  private readonly waiting = new Map<number, Waiting>()
  private lastID = 0

  constructor(options: MeshOptions) {
    this.options = options
  }

  get linked(): string[] {
    return [...this.peers.values()].filter(({ link }) => link).map(({ name }) => name)
  }

  /** Announced nodes to which there is no link. */
  get missing(): string[] {
    return [...this.peers.values()].filter(({ found, link }) => found && !link).map(({ name }) => name)
  }

  /** The nodes that are announced. */
  follow(nodes: readonly FoundNode[]): void {
    const others = nodes.filter(({ name }) => name !== this.options.hello.name)
    for (const peer of this.peers.values()) {
      peer.found = others.find(({ name }) => name === peer.name)
      if (this.state(peer.name) === 'gone') peer.late.length = 0
    }
    for (const found of others) {
      const peer = this.peer(found.name)
      peer.found = found
      if (this.options.hello.name < found.name) peer.kept ??= this.keep(peer)
    }
  }

  /** A node opened a link to ours. */
  readonly opened: Opened = (link) => {
    if (link.peer.name === this.options.hello.name) return undefined
    return this.use(this.peer(link.peer.name), link)
  }

  close(): void {
    for (const { kept, link } of this.peers.values()) {
      kept?.close()
      link?.close()
    }
    for (const id of [...this.waiting.keys()]) this.settle(id, undefined)
  }

  state(node: string): PeerState {
    const peer = this.peers.get(node)
    if (peer?.link) return 'linked'
    return peer?.found ? 'unreachable' : 'gone'
  }

  numbered(number: number): string | undefined {
    for (const { name, found } of this.peers.values()) if (found?.entry.node === number) return name
    return undefined
  }

  seize(node: string, request: SeizeRequest, reply: (reply: SeizeReply | undefined) => void): void {
    const id = this.ask(node, (frame) => {
      if (frame === undefined) this.abandon(node, request)
      reply(frame?.type === 'seized' ? frame.reply : undefined)
    })
    this.send(node, { type: 'seize', id, request })
  }

  release(node: string, release: Release): void {
    this.sendOrKeep(node, { type: 'release', release })
  }

  move(node: string, move: Move): void {
    this.sendOrKeep(node, { type: 'move', move })
  }

  holds(node: string, connID: string, dn: string, reply: (holds: boolean | undefined) => void): void {
    const id = this.ask(node, (frame) => reply(frame?.type === 'held' ? frame.holds : undefined))
    this.send(node, { type: 'holds', id, connID, dn })
  }

  withdraw(node: string, connID: string, dn: string): void {
    this.sendOrKeep(node, { type: 'withdraw', connID, dn })
  }

  adopt(node: string, dn: string, seizures: readonly Seizure[]): void {
    this.sendOrKeep(node, { type: 'adopt', dn, seizures: [...seizures] })
  }

  request(node: string, request: Request, requester: Requester) {
    this.lastID += 1
    const id = this.lastID
    this.waiting.set(id, { node, requester })
    if (this.send(node, { type: 'request', id, request })) return
    this.waiting.delete(id)
    requester.refuse('linkLost', `${node} is not reached`)
  }

  relay(node: string, event: DeviceEvent, requester: Requester | undefined): void {
    const answers = requester?.remote?.node === node ? { answers: requester.remote.id } : {}
    this.sendOrKeep(node, { type: 'event', event, ...answers })
  }

  broadcast(address: AddressState, event: OwnerEvent, requester: Requester | undefined): void {
    const remote = requester?.remote
    let same: Buffer | undefined
    for (const { name, link } of this.peers.values()) {
      if (name === remote?.node) link?.send(frameOf({ type: 'state', address, event, answers: remote.id }))
      else if (link) {
        same ??= frameOf({ type: 'state', address, event })
        link.send(same)
      }
    }
  }

  /** Whom it does not reach hears it with the next link. */
  tellMailboxes(mailboxes: readonly Mailbox[]): void {
    for (const { link } of this.peers.values()) if (link) sendMailboxes(link, mailboxes)
  }

  /** The owner may have granted what nobody waits for any more. */
  private abandon(node: string, { dn, connID }: SeizeRequest): void {
    this.release(node, { dn, connID, outcome: 'unused' })
  }

  private peer(name: string): Peer {
    const known = this.peers.get(name)
    if (known) return known
    const peer: Peer = { name, found: undefined, kept: undefined, link: undefined, late: [] }
    this.peers.set(name, peer)
    return peer
  }

  private keep(peer: Peer): KeptLink {
    const { runtime, log, hello, links } = this.options
    const locate = () => peer.found?.entry.mesh
    const opened: Opened = (link) => this.use(peer, link)
    return keepLink({ runtime, log, hello, locate, opened, ...(links && { links }) })
  }

  private use(peer: Peer, link: Link): LinkUser {
    peer.link?.close()
    peer.link = link
    link.send(frameOf({ type: 'snapshot', addresses: this.options.user().ownAddresses() }))
    sendMailboxes(link, this.options.user().mailboxes())
    for (const bytes of peer.late.splice(0)) link.send(bytes)
    return {
      frame: (bytes) => this.received(peer.name, readFrame(bytes)),
      closed: () => {
        if (peer.link === link) this.lost(peer)
      },
    }
  }

  private lost(peer: Peer): void {
    peer.link = undefined
    for (const [id, waiting] of this.waiting) if (waiting.node === peer.name) this.settle(id, undefined)
  }

  private send(node: string, frame: Frame): boolean {
    return this.peers.get(node)?.link?.send(frameOf(frame)) ?? false
  }

  /** What must arrive, in order, also when the link is down for a while. */
  private sendOrKeep(node: string, frame: Frame): void {
    const peer = this.peer(node)
    const bytes = frameOf(frame)
    if (peer.link?.send(bytes)) return
    peer.late.push(bytes)
    if (peer.late.length > mostKept) peer.late.shift()
  }

  private ask(node: string, settle: (frame: Frame | undefined) => void): number {
    this.lastID += 1
    const id = this.lastID
    const within = this.peers.get(node)?.link ? answerWithin : 0
    const timer = this.options.runtime.clock.after(within, () => this.settle(id, undefined))
    this.waiting.set(id, { node, timer, settle })
    return id
  }

  private settle(id: number, frame: Frame | undefined): void {
    const waiting = this.waiting.get(id)
    if (waiting === undefined) return
    this.waiting.delete(id)
    if ('settle' in waiting) {
      waiting.timer.cancel()
      waiting.settle(frame)
    } else this.answer(waiting.requester, frame)
  }

  private answer(requester: Requester, frame: Frame | undefined) {
    if (frame?.type === 'answer') return requester.answer(frame.event)
    if (frame?.type === 'refuse') return requester.refuse(frame.error as ErrorName | number, frame.particulars)
    requester.refuse('linkLost', 'what became of the request is not known')
  }

  private received(node: string, frame: Frame) {
    const user = this.options.user()
    switch (frame.type) {
      case 'snapshot':
        return user.joined(node, frame.addresses)
      case 'state':
        return user.told(frame.address, frame.event, this.takeRequester(frame.answers))
      case 'mailboxes':
        return user.heard(frame.mailboxes)
      case 'seize':
        return user.seizeFor(node, frame.request, (reply) => this.send(node, { type: 'seized', id: frame.id, reply }))
      case 'release':
        return user.release(frame.release)
      case 'move':
        return user.move(frame.move)
      case 'holds':
        return this.send(node, { type: 'held', id: frame.id, holds: user.holds(frame.connID, frame.dn) })
      case 'withdraw':
        return user.withdraw(frame.connID, frame.dn)
      case 'adopt':
        return user.adopt(frame.dn, frame.seizures)
      case 'request':
        return user.request(frame.request, this.remote(node, frame.id))
      case 'event':
        return user.relayed(frame.event, this.takeRequester(frame.answers))
      default:
        this.settle(frame.id, frame)
    }
  }

  /** A relayed event may be the first answer to a request that was passed on. */
  private takeRequester(id: number | undefined): Requester | undefined {
    const waiting = id === undefined ? undefined : this.waiting.get(id)
    if (id === undefined || waiting === undefined || !('requester' in waiting)) return undefined
    this.waiting.delete(id)
    return waiting.requester
  }

  /** A client of another node, as requests here see it. */
  private remote(node: string, id: number): Requester {
    return {
      client: undefined,
      refID: undefined,
      remote: { node, id },
      answer: (event) => this.sendOrKeep(node, { type: 'answer', id, event }),
      refuse: (error, particulars) =>
        this.sendOrKeep(node, { type: 'refuse', id, error, ...(particulars !== undefined && { particulars }) }),
    }
  }
}

function sendMailboxes(link: Link, mailboxes: readonly Mailbox[]): void {
  for (let from = 0; from < mailboxes.length; from += mostMailboxes)
    link.send(frameOf({ type: 'mailboxes', mailboxes: mailboxes.slice(from, from + mostMailboxes) }))
}
