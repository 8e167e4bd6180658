/**
 * The SIP transport of one component (RFC 3261 §18): its UDP ports, its TCP ports and connections, and the links of
 * the cluster that carry SIP as frames.
 */
import type { Log } from '#platform/log/log.ts'
import type { Metrics } from '#platform/metrics/metrics.ts'
import { AddressInUse } from '#platform/runtime/errors.ts'
import type { Address, Connection, Listener, Runtime, UdpPort } from '#platform/runtime/runtime.ts'
import type { Message } from '../message/message.ts'
import { SendFailed } from './errors.ts'
import { type Guard, openToAll } from './guard.ts'
import { type Intake, Traffic, takeIn } from './intake.ts'
import { defaultTransportLimits, type TransportLimits } from './limits.ts'
import { Stream, type StreamUser, streamKey } from './stream.ts'
import type { Hop, SentBy, Transport } from './transport.ts'

export type SipTransportOptions = {
  readonly runtime: Runtime
  readonly log: Log
  readonly metrics: Metrics
  readonly limits?: TransportLimits
  /** Whom it listens to outside; everybody unless told. */
  readonly guard?: Guard
}

/** How others reach a port of ours, where that is not the address it is bound to. */
export type Advertised = { readonly host: string; readonly port: number }

/** A link that carries SIP, as its owner drives it: one frame, one message. */
export interface LinkEnd {
  readonly hop: Hop
  /** A frame that came. */
  received(bytes: Buffer): void
  /** The link has gone: what is sent to `hop` fails from now on. */
  closed(): void
}

export type LinkOptions = {
  /** Both ends' names, as Via and Hop show them. */
  readonly peer: Advertised
  readonly sentBy: Advertised
  /** False when the link can't take it. */
  write(bytes: Buffer): boolean | undefined
}

type Failed = ((error: SendFailed) => void) | undefined
/** `overUDP`, `overTCP`: what a Via to either names; the same object each time, so that its text can be kept. */
type Bound = { readonly family: 4 | 6; readonly overUDP: SentBy; readonly overTCP: SentBy }
type Link = Pick<LinkOptions, 'write'> & { readonly sentBy: SentBy }
type Waiting = { readonly bytes: Buffer; readonly failed: Failed }

/** So often another free port is tried. */
const portAttempts = 20
/** Messages that wait for one connection to open. */
const waitingLimit = 1_000

export class SipTransport implements Transport {
  private readonly runtime: Runtime
  private readonly log: Log
  private readonly limits: TransportLimits
  private readonly traffic: Traffic
  private readonly intake: Intake
  private readonly udpPorts: (Bound & { readonly port: UdpPort })[] = []
  private readonly tcpPorts: (Bound & { readonly listener: Listener })[] = []
  private readonly streams = new Map<number, Stream>()
  /** The newest connection with each address and port. */
  private readonly byAddress = new Map<string, Stream>()
  private readonly opening = new Map<string, Waiting[]>()
  private readonly links = new Map<number, Link>()
  private readonly streamUser: StreamUser
  private handle: (message: Message, from: Hop) => void = () => {}
  private lastID = 0
  private closing = false

  constructor(options: SipTransportOptions) {
    const { runtime, log, metrics, limits = defaultTransportLimits, guard = openToAll } = options
    this.runtime = runtime
    this.log = log
    this.limits = limits
    this.traffic = new Traffic(metrics)
    this.intake = {
      limits: limits.message,
      traffic: this.traffic,
      guard,
      handle: (message, from) => this.handle(message, from),
      reply: (bytes, hop) => this.send(bytes, hop),
    }
    this.streamUser = {
      frame: (bytes, from) => this.take(bytes, from, false),
      broken: (error) => {
        this.traffic.drop('unframed')
        this.log.debug({ reason: error.message }, 'closed a SIP connection whose bytes are no messages')
      },
      closed: (stream) => this.forget(stream),
    }
  }

  /** Binds a UDP port; tells the address, the port where 0 was asked for. Throws `AddressInUse`. */
  async listenUdp(local: Address, advertised?: Advertised): Promise<Address> {
    const port = await this.runtime.net.udp(local, (bytes, from) =>
      this.take(bytes, { protocol: 'UDP', host: from.host, port: from.port }, false),
    )
    this.udpPorts.push({ port, ...bound(advertised ?? port.local, local) })
    return port.local
  }

  /** Listens for TCP connections. Throws `AddressInUse`. */
  async listenTcp(local: Address, advertised?: Advertised): Promise<Address> {
    const listener = await this.runtime.net.listen(local, (connection) => this.accept(connection))
    this.tcpPorts.push({ listener, ...bound(advertised ?? listener.local, local) })
    return listener.local
  }

  /**
   * Binds UDP and TCP at one port; where 0 was asked for, one that is free for both: a TCP connection of somebody else
   * may have the number that UDP was given. Throws `AddressInUse`.
   */
  async listenBoth(local: Address): Promise<Address> {
    for (let attempt = 1; ; attempt++) {
      const bound = await this.listenUdp(local)
      try {
        await this.listenTcp(bound)
        return bound
      } catch (error) {
        await this.udpPorts.pop()?.port.close()
        const another = local.port === 0 && error instanceof AddressInUse && attempt < portAttempts
        if (!another) throw error
      }
    }
  }

  /** Carries SIP over an established link from now on. */
  addLink(options: LinkOptions): LinkEnd {
    this.lastID++
    const id = this.lastID
    const hop: Hop = { protocol: 'TCP', ...options.peer, connection: id }
    this.links.set(id, { write: options.write, sentBy: { protocol: 'TCP', ...options.sentBy } })
    return {
      hop,
      received: (bytes) => this.links.has(id) && this.take(bytes, hop, true),
      closed: () => this.links.delete(id),
    }
  }

  /** TCP connections and links that are open. */
  get connections(): number {
    return this.streams.size + this.links.size
  }

  /** Whether this very connection or link is still there. */
  isOpen(connection: number): boolean {
    return this.streams.has(connection) || this.links.has(connection)
  }

  receive(handler: (message: Message, from: Hop) => void): void {
    this.handle = handler
  }

  send(bytes: Buffer, hop: Hop, failed?: (error: SendFailed) => void): void {
    const fault = this.closing ? 'the transport is closed' : this.trySend(bytes, hop, failed)
    if (fault === '') return
    this.traffic.drop('unreachable')
    if (failed !== undefined) this.runtime.clock.turn(() => failed(new SendFailed(hop, fault)))
  }

  sentBy(hop: Hop): SentBy {
    const link = hop.connection === undefined ? undefined : this.links.get(hop.connection)
    if (link !== undefined) return link.sentBy
    const udp = hop.protocol === 'UDP'
    const first: readonly Bound[] = udp ? this.udpPorts : this.tcpPorts
    const second: readonly Bound[] = udp ? this.tcpPorts : this.udpPorts
    const family = familyOf(hop.host)
    const best = ofFamily(first, family) ?? ofFamily(second, family) ?? first[0] ?? second[0] ?? unbound
    return udp ? best.overUDP : best.overTCP
  }

  /** Takes no further TCP connection; those open stay. */
  refuse(): void {
    for (const { listener } of this.tcpPorts) listener.refuse()
  }

  async close(): Promise<void> {
    if (this.closing) return
    this.closing = true
    this.handle = () => {}
    this.links.clear()
    for (const stream of [...this.streams.values()]) stream.close()
    await Promise.all([
      ...this.udpPorts.map(({ port }) => port.close()),
      ...this.tcpPorts.map(({ listener }) => listener.close()),
    ])
  }

  private take(bytes: Buffer, from: Hop, trusted: boolean) {
    if (this.closing) return
    if (from.protocol === 'UDP') this.traffic.in.UDP.inc()
    else this.traffic.in.TCP.inc()
    takeIn(this.intake, bytes, from, trusted)
  }

  /** What keeps the bytes from leaving; '' where nothing is known to. */
  private trySend(bytes: Buffer, hop: Hop, failed: Failed): string {
    if (hop.protocol === 'UDP') return this.sendUdp(bytes, hop)
    if (hop.connection !== undefined) return this.sendOn(hop.connection, bytes)
    // The name of a member of the cluster, whose link has gone, is nothing to look up.
    if (!isNumeric(hop.host)) return 'the host is no numeric address'
    if (hop.protocol !== 'TCP') return 'this transport is not available yet'
    const stream = this.byAddress.get(streamKey(hop.host, hop.port))
    if (stream?.write(bytes)) {
      this.traffic.out.TCP.inc()
      return ''
    }
    return this.sendWhenOpen(bytes, hop, failed)
  }

  private sendUdp(bytes: Buffer, hop: Hop): string {
    const bound = ofFamily(this.udpPorts, familyOf(hop.host))
    if (bound === undefined) return 'no UDP port of ours reaches this address'
    // A name here would cost a look-up for each packet; whoever makes hops has resolved it.
    if (!isNumeric(hop.host)) return 'the host is no numeric address'
    bound.port.send(bytes, hop)
    this.traffic.out.UDP.inc()
    return ''
  }

  private sendOn(id: number, bytes: Buffer): string {
    const link = this.links.get(id)
    const sent = link === undefined ? this.streams.get(id)?.write(bytes) === true : link.write(bytes) !== false
    if (!sent) return 'the connection is closed'
    this.traffic.out.TCP.inc()
    return ''
  }

  private sendWhenOpen(bytes: Buffer, hop: Hop, failed: Failed): string {
    const key = streamKey(hop.host, hop.port)
    const waiting = this.opening.get(key)
    if (waiting !== undefined) {
      if (waiting.length >= waitingLimit) return 'too many messages wait for the connection'
      waiting.push({ bytes, failed })
      return ''
    }
    if (this.streams.size + this.opening.size >= this.limits.connections) return 'too many connections are open'
    this.opening.set(key, [{ bytes, failed }])
    void this.open(hop, key)
    return ''
  }

  private async open(hop: Hop, key: string): Promise<void> {
    let fault = 'the connection was closed'
    let connection: Connection | undefined
    try {
      connection = await this.runtime.net.connect(hop)
    } catch (error) {
      fault = (error as Error).message
    }
    const waiting = this.opening.get(key) ?? []
    this.opening.delete(key)
    if (this.closing) connection?.destroy()
    const stream = connection === undefined || this.closing ? undefined : this.begin(connection)
    for (const { bytes, failed } of waiting) {
      if (stream?.write(bytes)) this.traffic.out.TCP.inc()
      else {
        this.traffic.drop('unreachable')
        failed?.(new SendFailed(hop, fault))
      }
    }
  }

  private accept(connection: Connection) {
    if (this.closing || this.streams.size >= this.limits.connections) {
      this.traffic.drop('connections')
      connection.destroy()
      return
    }
    this.begin(connection)
  }

  private begin(connection: Connection): Stream {
    this.lastID++
    const stream = new Stream(this.runtime.clock, connection, this.lastID, this.limits, this.streamUser)
    this.streams.set(this.lastID, stream)
    this.byAddress.set(stream.key, stream)
    return stream
  }

  private forget(stream: Stream) {
    this.streams.delete(stream.hop.connection ?? 0)
    if (this.byAddress.get(stream.key) === stream) this.byAddress.delete(stream.key)
  }
}

const bound = ({ host, port }: Advertised, local: Address): Bound => ({
  family: familyOf(local.host),
  overUDP: { protocol: 'UDP', host, port },
  overTCP: { protocol: 'TCP', host, port },
})
const familyOf = (host: string): 4 | 6 => (host.includes(':') ? 6 : 4)

/** The first of them that reaches addresses of this family. */
function ofFamily<P extends Bound>(ports: readonly P[], family: 4 | 6): P | undefined {
  for (const port of ports) if (port.family === family) return port
  return undefined
}

/** Whether this is an address rather than a name: asked for each packet, so nearly always of digits and dots alone. */
function isNumeric(host: string): boolean {
  for (let index = 0; index < host.length; index++) {
    const code = host.charCodeAt(index)
    if (code !== DOT && (code < 0x30 || code > 0x39)) return numericIPv6.test(host)
  }
  return host !== ''
}
const DOT = 0x2e
const numericIPv6 = /^[0-9A-Fa-f.:]+(%\w+)?$/
const nowhere = { host: '0.0.0.0', port: 0 }
const unbound = bound(nowhere, nowhere)
