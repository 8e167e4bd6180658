/** One TCP connection that carries SIP (RFC 3261 §18.3, RFC 5626 §3.5.1): frames, pongs, limits, idle close. */
import type { Clock, Connection, Timer } from '#platform/runtime/runtime.ts'
import { MalformedMessage } from '../message/errors.ts'
import { Framer } from './framer.ts'
import type { TransportLimits } from './limits.ts'
import type { Hop } from './transport.ts'

const pong = Buffer.from('\r\n')

/** What a stream tells its transport. */
export interface StreamUser {
  frame(bytes: Buffer, from: Hop): void
  /** The stream can't be read on and has been closed. */
  broken(error: MalformedMessage): void
  closed(stream: Stream): void
}

export class Stream {
  readonly hop: Hop
  /** Where it was accepted or whom it was opened to: messages to there are sent on it. */
  readonly key: string
  private readonly clock: Clock
  private readonly connection: Connection
  private readonly framer: Framer
  private readonly limits: TransportLimits
  private readonly user: StreamUser
  private watch: Timer | undefined
  private lastHeard: number
  /** When the message that is coming began; 0 while none is. */
  private partialSince = 0
  private ended = false

  constructor(clock: Clock, connection: Connection, id: number, limits: TransportLimits, user: StreamUser) {
    const { host, port } = connection.remote
    this.hop = { protocol: 'TCP', host, port, connection: id }
    this.key = streamKey(host, port)
    this.clock = clock
    this.connection = connection
    this.framer = new Framer(limits.message)
    this.limits = limits
    this.user = user
    this.lastHeard = clock.monotonic()
    connection.receive(
      (bytes) => this.received(bytes),
      () => this.close(),
    )
    this.keepWatch()
  }

  /** Whether the bytes are on their way; false when the peer does not read or the stream is closed. */
  write(bytes: Buffer): boolean {
    if (this.ended) return false
    if (this.connection.queued > this.limits.queuedBytes) {
      this.close()
      return false
    }
    this.connection.write(bytes)
    return true
  }

  /** Sends what is queued, then closes. Harmless when called twice. */
  close(): void {
    if (this.ended) return
    this.ended = true
    this.watch?.cancel()
    this.connection.end()
    this.user.closed(this)
  }

  private received(bytes: Buffer) {
    if (this.ended) return
    this.lastHeard = this.clock.monotonic()
    try {
      this.framer.push(
        bytes,
        (frame) => this.frame(frame),
        () => this.write(pong),
      )
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
      this.user.broken(error)
      this.close()
    }
    if (!this.framer.partial) this.partialSince = 0
    else if (this.partialSince === 0) this.partialSince = this.lastHeard
  }

  private frame(bytes: Buffer) {
    this.partialSince = 0
    if (!this.ended) this.user.frame(bytes, this.hop)
  }

  /** One slow timer a connection; nothing is started or stopped for a message. */
  private keepWatch() {
    const { idleMs, partialMs } = this.limits
    this.watch = this.clock.after(Math.min(idleMs, partialMs), () => {
      const now = this.clock.monotonic()
      const late = this.partialSince > 0 && now - this.partialSince >= partialMs
      if (late || now - this.lastHeard >= idleMs) this.close()
      else this.keepWatch()
    })
  }
}

export const streamKey = (host: string, port: number): string => `${host}:${port}`
