/** Scripted SIP peers in a world: raw messages out, messages as they came in. What they do is the test's to say. */
import { keepLink } from '#platform/link/keep-link.ts'
import type { Hello, Link } from '#platform/link/link.ts'
import { silentLog } from '#platform/log/log.ts'
import type { Address, Connection, TlsCredentials, UdpPort } from '#platform/runtime/runtime.ts'
import { buildResponse } from '#protocols/sip/message/build-response.ts'
import type { Fields } from '#protocols/sip/message/draft.ts'
import { defaultLimits } from '#protocols/sip/message/limits.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { parseMessage } from '#protocols/sip/message/parse-message.ts'
import { Framer } from '#protocols/sip/transport/framer.ts'
import type { World } from './world.ts'

/** What all scripted peers share: what they heard, and how they answer it. */
export abstract class ScriptedPeer {
  readonly heard: Message[] = []

  protected abstract write(bytes: Buffer): void

  /** Lines of a message; a body goes after an empty line. */
  say(lines: string): void {
    this.write(Buffer.from(lines.trimStart().replaceAll('\r', '').replaceAll('\n', '\r\n'), 'latin1'))
  }

  answer(request: Message | undefined, status: number, fields: Fields = [], contact?: string): void {
    if (request === undefined) throw new Error('there is no request to answer')
    this.write(buildResponse(request, status, { toTag: 'answer', fields, contact }).bytes)
  }

  requests(method: string): Message[] {
    return this.heard.filter((message) => message.isRequest && message.method === method)
  }

  /** Status codes of what was answered to requests of this method, but 100. */
  statuses(method: string): number[] {
    return this.responses(method).map(({ status }) => status)
  }

  responses(method: string): Message[] {
    return this.heard.filter((message) => !message.isRequest && message.method === method && message.status > 100)
  }
}

/** A phone or trunk over UDP. */
export class UdpPeer extends ScriptedPeer {
  readonly address: Address
  private readonly port: UdpPort
  private readonly to: Address

  private constructor(port: UdpPort, to: Address) {
    super()
    this.port = port
    this.address = port.local
    this.to = to
  }

  static async at(world: World, host: string, local: Address, to: Address): Promise<UdpPeer> {
    let peer: UdpPeer | undefined
    const take = (bytes: Buffer) => peer?.heard.push(parseMessage(bytes))
    peer = new UdpPeer(await world.complete(world.host(host).net.udp(local, take)), to)
    return peer
  }

  protected write(bytes: Buffer): void {
    this.port.send(bytes, this.to)
  }

  close(): Promise<void> {
    return this.port.close()
  }
}

/** A phone over one TCP connection of its own, perhaps with TLS. */
export class TcpPeer extends ScriptedPeer {
  readonly connection: Connection
  closed = false

  private constructor(connection: Connection) {
    super()
    this.connection = connection
    const framer = new Framer(defaultLimits)
    connection.receive(
      (bytes) =>
        framer.push(
          bytes,
          (frame) => this.heard.push(parseMessage(frame)),
          () => {},
        ),
      () => {
        this.closed = true
      },
    )
  }

  /** `credentials`: over TLS, with them. */
  static async to(world: World, host: string, remote: Address, credentials?: TlsCredentials): Promise<TcpPeer> {
    const { net } = world.host(host)
    const secured = (plain: Connection) =>
      credentials === undefined ? plain : net.secure(plain, { role: 'client', credentials })
    return world.complete(
      net
        .connect(remote)
        .then(secured)
        .then((connection) => new TcpPeer(connection)),
    )
  }

  protected write(bytes: Buffer): void {
    this.connection.write(bytes)
  }
}

export type NodeOptions = {
  name: string
  dc?: string
  epoch?: number
  instance?: string
  /** The proxy's link port. */
  link: Address
}

/** Somebody of the cluster at the other end of a real link. */
export class LinkedPeer extends ScriptedPeer {
  link: Link | undefined
  private readonly kept: { close(): void }

  constructor(world: World, host: string, hello: Hello, at: Address) {
    super()
    this.kept = keepLink({
      runtime: world.host(host),
      log: silentLog,
      hello,
      locate: () => at,
      opened: (opened) => {
        this.link = opened
        return {
          frame: (bytes) => this.received(parseMessage(bytes)),
          closed: () => {
            if (this.link === opened) this.link = undefined
          },
        }
      },
    })
  }

  close(): void {
    this.kept.close()
  }

  protected write(bytes: Buffer): void {
    this.link?.send(bytes)
  }

  protected received(message: Message): void {
    this.heard.push(message)
  }
}

/** A SIP Server node. */
export class ScriptedNode extends LinkedPeer {
  /** How it answers OPTIONS; 0: not at all. */
  status = 200

  constructor(world: World, host: string, { name, dc = 'dc1', epoch = 1, instance = `${host}-1`, link }: NodeOptions) {
    super(world, host, { kind: 'node-proxy', name, dc, instance, epoch }, link)
  }

  protected override received(message: Message): void {
    if (!message.isRequest || message.method !== 'OPTIONS' || !message.requestURI.startsWith('sip:node')) {
      super.received(message)
    } else if (this.status > 0) this.answer(message, this.status)
  }
}
