/**
 * The SIP transport of one component (RFC 3261 §18, RFC 7118): its ports over UDP, TCP, TLS and WebSocket, the
 * connections of those, and the links of the cluster that carry SIP as frames.
 */
import type { Log } from '#platform/log/log.ts'
import type { Metrics } from '#platform/metrics/metrics.ts'
import { AddressInUse } from '#platform/runtime/errors.ts'
import type { Address, Listener, Runtime, TlsCredentials, UdpPort } from '#platform/runtime/runtime.ts'
import type { Message } from '../message/message.ts'
import { Bound, familyOf, ofFamily, Ports } from './bound.ts'
import { Connections, type Failed } from './connections.ts'
import { SendFailed } from './errors.ts'
import { type Guard, openToAll } from './guard.ts'
import { type Intake, Traffic, takeIn } from './intake.ts'
import { defaultTransportLimits, type TransportLimits } from './limits.ts'
import type { PeerIdentity } from './peer-identity.ts'
import { QueueDelay } from './queue-delay.ts'
import { answerStun, mayBeStun } from './stun.ts'
import type { Hop, SentBy, StreamProtocol, Transport } from './transport.ts'

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

type Link = Pick<LinkOptions, 'write'> & { readonly sentBy: SentBy }

/** So often another free port is tried. */
const portAttempts = 20

export class SipTransport implements Transport {
  private readonly runtime: Runtime
  private readonly traffic: Traffic
  private readonly intake: Intake
  private readonly streams: Connections
  private readonly ports = new Ports()
  private readonly udpPorts: { readonly family: 4 | 6; readonly bound: Bound; readonly port: UdpPort }[] = []
  private readonly listeners: Listener[] = []
  private readonly links = new Map<number, Link>()
  /** Of our UDP ports. */
  readonly queueDelay: QueueDelay
  private handle: (message: Message, from: Hop) => void = () => {}
  private lost: (hop: Hop) => void = () => {}
  private lastID = 0
  private closing = false

  constructor(options: SipTransportOptions) {
    const { runtime, log, metrics, limits = defaultTransportLimits, guard = openToAll } = options
    this.runtime = runtime
    this.traffic = new Traffic(metrics)
    this.queueDelay = new QueueDelay(runtime)
    this.intake = {
      limits: limits.message,
      traffic: this.traffic,
      guard,
      handle: (message, from) => this.handle(message, from),
      reply: (bytes, hop) => this.send(bytes, hop),
    }
    const frame = (bytes: Buffer, from: Hop) => this.take(bytes, from, false)
    const lost = (hop: Hop) => this.lost(hop)
    const { traffic } = this
    this.streams = new Connections({ runtime, log, limits, traffic, guard, frame, lost }, () => ++this.lastID)
    metrics.gauge(
      'sip_connections',
      'SIP connections that are open, without the links of the cluster',
      () => this.streams.size,
    )
  }

  /** What TLS shows to connections from now on. */
  show(credentials: TlsCredentials): void {
    this.streams.credentials = credentials
  }

  /** Binds a UDP port; tells the address, the port where 0 was asked for. Throws `AddressInUse`. */
  async listenUdp(local: Address, advertised?: Advertised): Promise<Address> {
    const port = await this.runtime.net.udp(local, (bytes, from) => {
      if (this.queueDelay.arrived(bytes)) return
      if (mayBeStun(bytes)) this.keepAlive(port, bytes, from)
      else this.take(bytes, { protocol: 'UDP', host: from.host, port: from.port }, false)
    })
    this.queueDelay.add(port)
    const bound = new Bound(local, advertised ?? port.local)
    this.udpPorts.push({ family: bound.family, bound, port })
    this.ports.add('UDP', bound)
    return port.local
  }

  /**
   * Listens for connections; tells the address, the port where 0 was asked for. TLS needs what `show` was given before
   * the first one comes. Throws `AddressInUse`.
   */
  async listen(protocol: StreamProtocol, local: Address, advertised?: Advertised): Promise<Address> {
    const listener = await this.runtime.net.listen(local, (connection) => this.streams.accept(connection, protocol))
    this.listeners.push(listener)
    this.ports.add(protocol, new Bound(local, advertised ?? listener.local))
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
        await this.listen('TCP', bound)
        return bound
      } catch (error) {
        await this.closeLastUdp()
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

  /** Connections and links that are open. */
  get connections(): number {
    return this.streams.size + this.links.size
  }

  /** Whether this very connection or link is still there. */
  isOpen(connection: number): boolean {
    return this.streams.get(connection) !== undefined || this.links.has(connection)
  }

  /** Whom the other end of a connection has proved to be by its certificate. */
  peerOf(connection: number): PeerIdentity | undefined {
    return this.streams.get(connection)?.peer
  }

  receive(handler: (message: Message, from: Hop) => void): void {
    this.handle = handler
  }

  /** Sets who is told of a connection that we opened and that has gone: flows over it are to be made anew (RFC 5626 §4.5). */
  whenLost(handler: (hop: Hop) => void): void {
    this.lost = handler
  }

  send(bytes: Buffer, hop: Hop, failed?: (error: SendFailed) => void): void {
    const fault = this.closing ? 'the transport is closed' : this.trySend(bytes, hop, failed)
    if (fault === '') return
    this.traffic.drop('unreachable')
    if (failed !== undefined) this.runtime.clock.turn(() => failed(new SendFailed(hop, fault)))
  }

  sentBy(hop: Hop): SentBy {
    const link = hop.connection === undefined ? undefined : this.links.get(hop.connection)
    return link !== undefined ? link.sentBy : this.ports.sentBy(hop)
  }

  /** Takes no further connection; those open stay. */
  refuse(): void {
    for (const listener of this.listeners) listener.refuse()
  }

  async close(): Promise<void> {
    if (this.closing) return
    this.closing = true
    this.handle = () => {}
    this.links.clear()
    this.streams.close()
    await Promise.all([
      ...this.udpPorts.map(({ port }) => port.close()),
      ...this.listeners.map((listener) => listener.close()),
    ])
  }

  private take(bytes: Buffer, from: Hop, trusted: boolean) {
    if (this.closing) return
    this.traffic.in[from.protocol].inc()
    takeIn(this.intake, bytes, from, trusted)
  }

  private keepAlive(port: UdpPort, bytes: Buffer, { host, port: at }: Address) {
    const from: Hop = { protocol: 'UDP', host, port: at }
    const { guard } = this.intake
    if (this.closing || !guard.admits(from)) return
    this.traffic.drop('keep-alive')
    const answer = answerStun(bytes, from)
    if (answer !== undefined && (answer.length <= bytes.length || !guard.mayBeForged(from))) port.send(answer, from)
  }

  private async closeLastUdp() {
    const last = this.udpPorts.pop()
    if (last === undefined) return
    this.ports.remove('UDP', last.bound)
    await last.port.close()
  }

  /** What keeps the bytes from leaving; '' where nothing is known to. */
  private trySend(bytes: Buffer, hop: Hop, failed: Failed): string {
    if (hop.protocol === 'UDP') return this.sendUdp(bytes, hop)
    if (hop.connection !== undefined) return this.sendOn(hop.connection, bytes)
    // The name of a member of the cluster, whose link has gone, is nothing to look up.
    return isNumeric(hop.host) ? this.streams.send(bytes, hop, failed) : 'the host is no numeric address'
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
    if (link !== undefined) {
      if (link.write(bytes) === false) return 'the connection is closed'
      this.traffic.out.TCP.inc()
      return ''
    }
    const stream = this.streams.get(id)
    if (stream?.write(bytes) !== true) return 'the connection is closed'
    this.traffic.out[stream.hop.protocol].inc()
    return ''
  }
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
