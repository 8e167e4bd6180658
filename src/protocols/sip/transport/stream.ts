/** One connection that carries SIP (RFC 3261 §18.3, RFC 5626 §3.5.1, RFC 7118): frames, keep-alives, limits, idle close. */
import type { Clock, Connection, Random, Timer } from '#platform/runtime/runtime.ts'
import { MalformedMessage } from '../message/errors.ts'
import { Framer } from './framer.ts'
import { type BrokenBecause, BrokenStream, type Framing } from './framing.ts'
import { KeepAlive } from './keep-alive.ts'
import type { TransportLimits } from './limits.ts'
import { type PeerIdentity, peerIdentity } from './peer-identity.ts'
import type { Hop, StreamProtocol } from './transport.ts'
import { WebSocketFraming } from './websocket-framing.ts'

const pong = Buffer.from('\r\n')
const ping = Buffer.from('\r\n\r\n')
/** In one turn, of a peer that means well: the network may have held up some. */
const mostKeepAlives = 32

/** Why a stream was closed that its peer would have kept. `silent`: nothing was said, half a message, no more pongs. */
export type ClosedBecause = BrokenBecause | 'silent'

/** What a stream tells its transport. */
export interface StreamUser {
  frame(bytes: Buffer, from: Hop): void
  /** Whether its peer is heard at all, which is asked before anything of it is read. */
  admits(from: Hop): boolean
  /** The stream can't be read on, or nobody speaks on it, and has been closed. */
  broken(because: ClosedBecause, reason: string, from: Hop): void
  closed(stream: Stream): void
}

export type StreamOptions = {
  readonly clock: Clock
  readonly random: Random
  readonly limits: TransportLimits
  readonly user: StreamUser
}

export type StreamOrigin = {
  readonly protocol: StreamProtocol
  readonly id: number
  /** The peer opened it, so the peer speaks first. */
  readonly accepted: boolean
  /** By which messages to its peer find it; '' where only those do that name this very connection. */
  readonly key: string
}

export class Stream {
  readonly hop: Hop
  readonly origin: StreamOrigin
  /** Whom the peer has proved to be; nobody without a certificate that we believe. */
  readonly peer: PeerIdentity
  private readonly clock: Clock
  private readonly connection: Connection
  private readonly framing: Framing
  private readonly limits: TransportLimits
  private readonly user: StreamUser
  /** Where we opened it. */
  private readonly keepAlive: KeepAlive | undefined
  private watch: Timer | undefined
  /** When its client, which is us where we opened it, said something. */
  private lastUsed: number
  /** When the message that is coming began; 0 while none is. */
  private partialSince = 0
  private silent: boolean
  /** Answered in this turn. */
  private keepAlives = 0
  private ended = false

  constructor({ clock, random, limits, user }: StreamOptions, connection: Connection, origin: StreamOrigin) {
    const { host, port } = connection.remote
    const { protocol, id, accepted } = origin
    this.origin = origin
    this.hop = { protocol, host, port, connection: id }
    this.silent = accepted
    this.peer = peerIdentity(connection.verifiedPeer)
    this.clock = clock
    this.connection = connection
    const framer = new Framer(limits.message)
    this.framing = protocol === 'WS' || protocol === 'WSS' ? this.webSocket(limits) : framer
    this.keepAlive = accepted ? undefined : this.keptAlive(framer, random)
    this.limits = limits
    this.user = user
    this.lastUsed = clock.monotonic()
    connection.receive(
      (bytes) => this.received(bytes),
      () => this.close(),
    )
    this.keepWatch()
  }

  /** Whether the bytes are on their way; false when the peer does not read or the stream is closed. */
  write(bytes: Buffer): boolean {
    if (this.keepAlive !== undefined) this.lastUsed = this.clock.monotonic()
    return this.writeRaw(this.framing.wrap(bytes))
  }

  /** Sends what is queued, then closes. Harmless when called twice. */
  close(): void {
    if (this.ended) return
    this.ended = true
    this.watch?.cancel()
    this.keepAlive?.stop()
    this.connection.end()
    this.user.closed(this)
  }

  private webSocket(limits: TransportLimits): Framing {
    return new WebSocketFraming(limits.message, {
      reply: (bytes) => this.answers() && this.writeRaw(bytes),
      broken: (error) => this.breakOff(error.because, error.message),
    })
  }

  private keptAlive(framer: Framer, random: Random): KeepAlive {
    return new KeepAlive({
      clock: this.clock,
      random,
      ping: () => void this.writeRaw(ping),
      takePong: () => framer.takePong(),
      failed: () => this.breakOff('silent', 'no answer to a ping'),
    })
  }

  private writeRaw(bytes: Buffer): boolean {
    if (this.ended) return false
    if (this.connection.queued > this.limits.queuedBytes) {
      this.close()
      return false
    }
    this.connection.write(bytes)
    return true
  }

  private received(bytes: Buffer) {
    if (this.ended) return
    if (!this.user.admits(this.hop)) return this.close()
    const now = this.clock.monotonic()
    if (this.keepAlive === undefined) this.lastUsed = now
    else this.keepAlive.heard()
    try {
      this.framing.push(
        bytes,
        (frame) => this.frame(frame),
        () => this.ping(),
      )
    } catch (error) {
      if (error instanceof MalformedMessage) this.breakOff('unframed', error.message)
      else if (error instanceof BrokenStream) this.breakOff(error.because, error.message)
      else throw error
    }
    if (!this.framing.partial) this.partialSince = 0
    else if (this.partialSince === 0) this.partialSince = now
  }

  private frame(bytes: Buffer) {
    this.partialSince = 0
    this.silent = false
    if (!this.ended) this.user.frame(bytes, this.hop)
  }

  private ping() {
    this.silent = false
    if (this.answers()) this.write(pong)
  }

  /** Whether what only keeps the connection alive is answered: it passes every limit but this one. */
  private answers(): boolean {
    if (this.keepAlives === 0)
      this.clock.turn(() => {
        this.keepAlives = 0
      })
    this.keepAlives++
    if (this.keepAlives > mostKeepAlives) this.breakOff('unframed', 'too many keep-alives at once')
    return !this.ended
  }

  private breakOff(because: ClosedBecause, reason: string) {
    if (this.ended) return
    this.user.broken(because, reason, this.hop)
    this.close()
  }

  /** One slow timer a connection; nothing is started or stopped for a message. */
  private keepWatch() {
    const { idleMs, partialMs } = this.limits
    this.watch = this.clock.after(Math.min(idleMs, partialMs), () => {
      const now = this.clock.monotonic()
      const late = this.partialSince > 0 && now - this.partialSince >= partialMs
      if (!this.user.admits(this.hop)) this.close()
      else if (this.silent) this.breakOff('silent', `no message in ${Math.min(idleMs, partialMs) / 1000} s`)
      else if (late) this.breakOff('silent', `half a message in ${partialMs / 1000} s`)
      else if (now - this.lastUsed >= idleMs) this.close()
      else this.keepWatch()
    })
  }
}
