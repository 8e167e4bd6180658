/** Keeps one link open: connects, and connects again with jittered backoff. */
import type { Log } from '../log/log.ts'
import type { Address, Runtime, Timer } from '../runtime/runtime.ts'
import { helloFrame } from './hello.ts'
import type { Hello, Link, LinkUser, Opened } from './link.ts'
import { defaultMostQueued, LinkEnd } from './link-end.ts'
import type { LocalLinks } from './local-links.ts'
import { Newest } from './newest.ts'
import { tcpWire, type Wire } from './wire.ts'

export type KeepOptions = {
  readonly runtime: Runtime
  readonly log: Log
  /** Listeners of this process are reached without a socket. */
  readonly links?: LocalLinks
  /** Who connects. */
  readonly hello: Hello
  /** Where the peer is now; asked before each attempt. */
  readonly locate: () => Address | undefined
  /** Both sides have accepted each other; told again after each reconnect. */
  readonly opened: Opened
  /** Bytes the peer may leave unread. */
  readonly mostQueued?: number
}

export interface KeptLink {
  /** While it is open. */
  readonly link: Link | undefined
  /** Closes it for good; its user is told. */
  close(): void
}

const shortest = 50
const longest = 1000
/** A link that lived so long starts the backoff anew: one that is refused at once does not. */
const settled = 2000

export function keepLink(options: KeepOptions): KeptLink {
  const kept = new Kept(options)
  kept.connect()
  return kept
}

class Kept implements KeptLink {
  private readonly options: KeepOptions
  private readonly newest = new Newest()
  private end: LinkEnd | undefined
  private isOpen = false
  private openedAt = 0
  private closing = false
  private attempts = 0
  private timer: Timer | undefined

  constructor(options: KeepOptions) {
    this.options = options
  }

  get link(): Link | undefined {
    return this.isOpen ? this.end : undefined
  }

  close(): void {
    this.closing = true
    this.timer?.cancel()
    this.end?.close()
  }

  connect() {
    const { runtime, links, log, locate } = this.options
    const address = locate()
    if (!address) return this.retry()
    const local = links?.connect(address, runtime)
    if (local) return this.start(local)
    runtime.net.connect(address).then(
      (connection) => this.start(tcpWire(connection)),
      (error: unknown) => {
        log.debug({ address, error: String(error) }, 'link not connected')
        this.retry()
      },
    )
  }

  private start(wire: Wire) {
    if (this.closing) return wire.destroy()
    const { runtime, hello, mostQueued = defaultMostQueued } = this.options
    const greeted = (peer: Hello, end: LinkEnd) => this.greeted(peer, end)
    this.end = new LinkEnd({ runtime, wire, mostQueued, greeted, ended: (end, reason) => this.ended(end, reason) })
    wire.send(helloFrame(hello))
  }

  private greeted(peer: Hello, end: LinkEnd): LinkUser | string {
    const { hello, opened, log, runtime } = this.options
    if (peer.kind !== hello.kind) return `the peer is there for ${peer.kind}`
    const refusal = this.newest.admit(peer, end)
    if (refusal) return refusal
    this.isOpen = true
    this.openedAt = runtime.clock.monotonic()
    const user = opened(end)
    if (user) log.debug({ peer }, 'link open')
    return user ?? 'refused'
  }

  private ended(end: LinkEnd, reason: string): void {
    const { log, hello, runtime } = this.options
    this.newest.forget(end)
    log.info({ kind: hello.kind, ...(end.hasPeer && { peer: end.peer }), reason }, 'link over')
    if (this.isOpen && runtime.clock.monotonic() - this.openedAt >= settled) this.attempts = 0
    this.isOpen = false
    this.end = undefined
    this.retry()
  }

  private retry(): void {
    if (this.closing) return
    const { clock, random } = this.options.runtime
    const most = Math.min(longest, shortest * 2 ** this.attempts)
    this.attempts += 1
    const jitter = (random.bytes(1)[0] ?? 0) / 255
    this.timer = clock.after(most * (0.5 + jitter / 2), () => this.connect())
  }
}
