/**
 * The connections of one transport (RFC 3261 §18, RFC 5922): accepted and opened, with TLS and WebSocket where the
 * protocol has them, used again as long as they live, and bounded, in all and for each source.
 */
import type { Log } from '#platform/log/log.ts'
import { networkOf } from '#platform/numeric-address.ts'
import { TlsFailed } from '#platform/runtime/errors.ts'
import type { Connection, Runtime, TlsCredentials } from '#platform/runtime/runtime.ts'
import { dial } from './dial.ts'
import { SendFailed } from './errors.ts'
import type { Guard } from './guard.ts'
import type { Traffic } from './intake.ts'
import type { TransportLimits } from './limits.ts'
import { Stream, type StreamOptions, type StreamOrigin } from './stream.ts'
import type { Hop, StreamProtocol } from './transport.ts'

export type ConnectionsOptions = {
  readonly runtime: Runtime
  readonly log: Log
  readonly limits: TransportLimits
  readonly traffic: Traffic
  /** A handshake is too dear for a source that is banned. */
  readonly guard: Guard
  frame(bytes: Buffer, from: Hop): void
  /** One that we opened has gone, for whatever reason but that we stop. */
  lost(hop: Hop): void
}

export type Failed = ((error: SendFailed) => void) | undefined
type Waiting = { readonly bytes: Buffer; readonly failed: Failed }

/** Messages that wait for one connection to open. */
const waitingLimit = 1_000
/** Of all connections so many are anybody's; the others are kept for trunks, and for those that we have to open. */
const anybodys = 0.8

export class Connections {
  /** What TLS shows from now on; connections that are open stay as they are. */
  credentials: TlsCredentials | undefined
  private readonly runtime: Runtime
  private readonly log: Log
  private readonly limits: TransportLimits
  private readonly traffic: Traffic
  private readonly guard: Guard
  private readonly lost: (hop: Hop) => void
  private readonly streamOptions: StreamOptions
  private readonly streams = new Map<number, Stream>()
  /** The newest connection by which each address is reached. */
  private readonly byAddress = new Map<string, Stream>()
  private readonly opening = new Map<string, Waiting[]>()
  /** Accepted ones by where they come from, those included whose TLS is not yet agreed on. */
  private readonly bySource = new Map<string, number>()
  /** Accepted ones whose TLS is not yet agreed on. */
  private handshakes = 0
  private readonly nextID: () => number
  private closing = false

  constructor({ runtime, log, limits, traffic, guard, frame, lost }: ConnectionsOptions, nextID: () => number) {
    this.runtime = runtime
    this.log = log
    this.limits = limits
    this.traffic = traffic
    this.guard = guard
    this.lost = lost
    this.nextID = nextID
    this.streamOptions = {
      clock: runtime.clock,
      random: runtime.random,
      limits,
      user: {
        frame,
        admits: (from) => guard.admits(from),
        broken: (because, reason, from) => {
          if (because === 'closed') return
          traffic.drop(because)
          guard.unreadable(from)
          log.debug({ reason }, 'closed a SIP connection')
        },
        closed: (stream) => this.forget(stream),
      },
    }
  }

  get size(): number {
    return this.streams.size
  }

  get(id: number): Stream | undefined {
    return this.streams.get(id)
  }

  accept(connection: Connection, protocol: StreamProtocol): void {
    const from: Hop = { protocol, ...connection.remote }
    if (!this.guard.connects(from)) connection.destroy()
    else if (this.closing || !this.hasRoomFor(from) || !this.count(from)) {
      this.traffic.drop('connections')
      connection.destroy()
    } else if (protocol === 'TLS' || protocol === 'WSS') void this.acceptSecure(connection, protocol)
    else this.accepted(connection, protocol)
  }

  /** What keeps the bytes from leaving; '' where nothing is known to. */
  send(bytes: Buffer, hop: Hop, failed: Failed): string {
    const { protocol } = hop
    // RFC 7118 §5: its client opened it, and nobody else can.
    if (protocol !== 'TCP' && protocol !== 'TLS') return 'a WebSocket is opened by its client'
    const key = streamKey(hop)
    const stream = this.byAddress.get(key)
    if (stream?.write(bytes)) {
      this.traffic.out[protocol].inc()
      return ''
    }
    return this.sendWhenOpen(bytes, hop, key, failed)
  }

  close(): void {
    this.closing = true
    for (const stream of [...this.streams.values()]) stream.close()
  }

  private get isFull(): boolean {
    return this.taken >= this.limits.connections
  }

  private get taken(): number {
    return this.streams.size + this.opening.size + this.handshakes
  }

  private hasRoomFor(from: Hop): boolean {
    if (this.isFull) return false
    return this.taken < Math.ceil(this.limits.connections * anybodys) || !this.guard.limits(from)
  }

  /** Counts a connection of a source; false where it has too many. A trunk’s SBC may have one for each of its calls. */
  private count(from: Hop): boolean {
    const source = networkOf(from.host)
    const count = this.bySource.get(source) ?? 0
    if (count >= this.limits.connectionsPerSource && this.guard.limits(from)) return false
    this.bySource.set(source, count + 1)
    return true
  }

  private release(host: string) {
    const source = networkOf(host)
    const count = this.bySource.get(source) ?? 0
    if (count > 1) this.bySource.set(source, count - 1)
    else this.bySource.delete(source)
  }

  private async acceptSecure(connection: Connection, protocol: StreamProtocol): Promise<void> {
    const { credentials } = this
    this.handshakes++
    try {
      if (credentials === undefined) throw new TlsFailed(connection.remote, 'we have no certificate')
      const anonymous = protocol === 'WSS'
      const secured = await this.runtime.net.secure(connection, { role: 'server', credentials, anonymous })
      if (this.closing) secured.destroy()
      else this.accepted(secured, protocol)
    } catch (error) {
      if (!(error instanceof TlsFailed)) throw error
      connection.destroy()
      this.release(connection.remote.host)
      this.traffic.drop('handshake')
      this.guard.failedHandshake({ protocol, ...connection.remote })
      this.log.debug({ reason: error.message }, 'refused a connection')
    } finally {
      this.handshakes--
    }
  }

  private sendWhenOpen(bytes: Buffer, hop: Hop, key: string, failed: Failed): string {
    const waiting = this.opening.get(key)
    if (waiting !== undefined) {
      if (waiting.length >= waitingLimit) return 'too many messages wait for the connection'
      waiting.push({ bytes, failed })
      return ''
    }
    if (this.isFull) return 'too many connections are open'
    this.opening.set(key, [{ bytes, failed }])
    void this.open(hop, key)
    return ''
  }

  private async open(hop: Hop, key: string): Promise<void> {
    let fault = 'the connection was closed'
    let connection: Connection | undefined
    try {
      connection = await this.inTime(dial(this.runtime.net, hop, this.credentials))
    } catch (error) {
      fault = (error as Error).message
    }
    const waiting = this.opening.get(key) ?? []
    this.opening.delete(key)
    if (this.closing) connection?.destroy()
    const stream = connection === undefined || this.closing ? undefined : this.opened(connection, hop, key)
    for (const { bytes, failed } of waiting) {
      if (stream?.write(bytes)) this.traffic.out[hop.protocol].inc()
      else {
        this.traffic.drop('unreachable')
        failed?.(new SendFailed(hop, fault))
      }
    }
  }

  /** What is late is closed when it comes. */
  private inTime(dialled: Promise<Connection>): Promise<Connection> {
    const { connectMs } = this.limits
    return new Promise((resolve, reject) => {
      let late = false
      const limit = this.runtime.clock.after(connectMs, () => {
        late = true
        reject(new Error(`no answer in ${connectMs / 1000} s`))
      })
      dialled.then(
        (connection) => {
          limit.cancel()
          if (late) connection.destroy()
          else resolve(connection)
        },
        (error) => {
          limit.cancel()
          reject(error)
        },
      )
    })
  }

  private accepted(connection: Connection, protocol: StreamProtocol): Stream {
    // Over TCP it can be used the other way, too (§18); over TLS that would trust whoever called us.
    const key = protocol === 'TCP' ? streamKey({ protocol, ...connection.remote }) : ''
    return this.begin(connection, { protocol, key, accepted: true, id: this.nextID() })
  }

  private opened(connection: Connection, { protocol }: Hop, key: string): Stream | undefined {
    if (protocol === 'UDP') return undefined
    return this.begin(connection, { protocol, key, accepted: false, id: this.nextID() })
  }

  private begin(connection: Connection, origin: StreamOrigin): Stream {
    const stream = new Stream(this.streamOptions, connection, origin)
    this.streams.set(origin.id, stream)
    if (origin.key !== '') this.byAddress.set(origin.key, stream)
    return stream
  }

  private forget({ origin, hop }: Stream) {
    const { id, key, accepted } = origin
    const stream = this.streams.get(id)
    this.streams.delete(id)
    if (accepted) this.release(hop.host)
    if (this.byAddress.get(key) === stream) this.byAddress.delete(key)
    if (!accepted && !this.closing) this.lost(hop)
  }
}

const streamKey = ({ protocol, host, port, domain = '' }: Hop): string => `${protocol} ${host}:${port} ${domain}`
