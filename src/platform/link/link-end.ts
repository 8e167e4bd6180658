/** One end of a link: waits for the peer's hello, beats, gives up a silent peer, bounds what is queued. */
import type { Runtime, Timer } from '../runtime/runtime.ts'
import { longestFrame } from './frames.ts'
import { readHello } from './hello.ts'
import type { Hello, Link, LinkUser } from './link.ts'
import type { Wire } from './wire.ts'

const helloWithin = 5000
const beatEvery = 500
/** A peer that was silent so many beats is dead: it sends one each time too. */
const deadAfter = 4
export const defaultMostQueued = 16 * 1024 * 1024

const heartbeat = Buffer.alloc(0)

export type EndOptions = {
  readonly runtime: Runtime
  readonly wire: Wire
  readonly mostQueued: number
  /** The peer said who it is; who uses the link, or why it is refused. */
  readonly greeted: (peer: Hello, end: LinkEnd) => LinkUser | string
  /** Once, whether or not it was ever opened; after the user was told. */
  readonly ended: (end: LinkEnd, reason: string) => void
}

export class LinkEnd implements Link {
  private readonly options: EndOptions
  private greeting: Hello | undefined
  private user: LinkUser | undefined
  private timer: Timer
  private silentBeats = 0
  private closing = false
  private isOver = false

  constructor(options: EndOptions) {
    this.options = options
    this.timer = this.clock.after(helloWithin, () => this.fail('no hello in time'))
    options.wire.receive(
      (bytes) => this.received(bytes),
      (reason) => this.over(reason),
    )
  }

  /** Known once the peer has said it. */
  get peer(): Hello {
    if (!this.greeting) throw new Error('the peer has not said who it is')
    return this.greeting
  }

  get hasPeer(): boolean {
    return this.greeting !== undefined
  }

  get queued(): number {
    return this.options.wire.queued
  }

  private get clock() {
    return this.options.runtime.clock
  }

  send(frame: Buffer): boolean {
    if (frame.length === 0 || frame.length > longestFrame) throw new RangeError(`a frame of ${frame.length} bytes`)
    if (this.closing) return false
    this.options.wire.send(frame)
    if (this.options.wire.queued <= this.options.mostQueued) return true
    this.options.wire.destroy()
    this.closeSoon('the peer does not read')
    return false
  }

  close(): void {
    if (this.closing) return
    this.options.wire.end()
    this.closeSoon('closed')
  }

  /** Closes at once and tells the user now: never call it from code of the user. */
  fail(reason: string): void {
    if (!this.closing) this.options.wire.destroy()
    this.over(reason)
  }

  /** The user is told at the end of the turn: he may be in the middle of something. */
  private closeSoon(reason: string): void {
    this.closing = true
    this.timer.cancel()
    this.clock.turn(() => this.over(reason))
  }

  private received(bytes: Buffer): void {
    this.silentBeats = 0
    if (this.closing) return
    if (!this.greeting) this.hear(bytes)
    else if (bytes.length > 0) this.user?.frame(bytes)
  }

  private hear(bytes: Buffer) {
    const hello = readHello(bytes)
    if (!hello) return this.fail('the first frame is no hello')
    this.greeting = hello
    this.timer.cancel()
    const user = this.options.greeted(hello, this)
    if (typeof user === 'string') return this.refuse(user)
    this.user = user
    if (this.options.wire.canFallSilent && !this.closing) this.beat()
  }

  private refuse(reason: string): void {
    this.options.wire.end()
    this.over(reason)
  }

  private beat(): void {
    this.timer = this.clock.after(beatEvery, () => {
      if (this.silentBeats >= deadAfter) return this.fail('the peer is silent')
      this.silentBeats += 1
      this.options.wire.send(heartbeat)
      this.beat()
    })
  }

  private over(reason: string): void {
    if (this.isOver) return
    this.isOver = true
    this.closing = true
    this.timer.cancel()
    this.user?.closed()
    this.options.ended(this, reason)
  }
}
