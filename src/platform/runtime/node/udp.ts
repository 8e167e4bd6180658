/** UDP ports of Node.js. Sending never fails aloud: a datagram that does not leave is one that was lost. */
import { createSocket, type Socket } from 'node:dgram'
import type { Address, UdpPort } from '#platform/runtime/runtime.ts'
import { batchSize } from './datagram-batch.ts'
import type { Libc } from './libc.ts'
import { listenError } from './listen-error.ts'
import { UdpCalls } from './udp-calls.ts'

/** Without it the kernel drops more than half of a burst. */
const receiveBuffer = 4 * 1024 * 1024

/** Hosts are numeric, so the answer is the question; the built-in look-up would cost every send a turn and 9 µs. */
type LookedUp = (error: null, host: string, family: number) => void
const numeric = (host: string, _options: unknown, found: LookedUp): void =>
  found(null, host, host.includes(':') ? 6 : 4)

export type Receive = (bytes: Buffer, from: Address) => void

/**
 * Throws `AddressInUse`, `CannotListen`. Without `libc`, and of IPv6, whose zones it names as the system does, Node.js alone
 * reads and sends.
 */
export async function bindUdp(local: Address, receive: Receive, libc: Libc | undefined): Promise<NodeUdpPort> {
  const ipv6 = local.host.includes(':')
  const socket = createSocket({
    type: ipv6 ? 'udp6' : 'udp4',
    ipv6Only: ipv6,
    recvBufferSize: receiveBuffer,
    lookup: numeric,
  })
  try {
    const calls = libc !== undefined && !ipv6 ? new UdpCalls(libc, local) : undefined
    await bound(socket, calls ?? { port: local.port, address: local.host, exclusive: true })
    calls?.keepToOurselves()
    return new NodeUdpPort(socket, receive, calls)
  } catch (error) {
    socket.close()
    throw listenError(local, error as NodeJS.ErrnoException)
  }
}

function bound(socket: Socket, where: { fd: number } | { port: number; address: string; exclusive: true }) {
  return new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(where, () => {
      socket.removeAllListeners('error')
      socket.on('error', () => {})
      resolve()
    })
  })
}

export class NodeUdpPort implements UdpPort {
  readonly local: Address
  readonly #socket: Socket
  readonly #calls: UdpCalls | undefined
  #closing: Promise<void> | undefined
  /** Datagrams that may still be read in this turn behind those of Node.js. */
  #left = batchSize

  /** `socket`: one that is bound. */
  constructor(socket: Socket, receive: Receive, calls: UdpCalls | undefined) {
    this.#socket = socket
    this.#calls = calls
    const { address, port } = socket.address()
    this.local = { host: address, port }
    socket.on('message', (bytes, from) => {
      receive(bytes, { host: from.address, port: from.port })
      this.#drain(receive)
    })
  }

  /**
   * What has come behind the datagram that Node.js told of, but not more than a batch in a turn: links have to have their turn,
   * or new calls that nobody can take keep those that are there from going on. A closed socket's descriptor may be
   * another's already.
   */
  #drain(receive: Receive): void {
    if (this.#calls === undefined || this.#closing || this.#left === 0) return
    const { received } = this.#calls
    const count = received.fill(this.#left)
    if (count > 0 && this.#left === batchSize) setImmediate(this.#nextTurn)
    this.#left -= count
    for (let at = 0; at < count && !this.#closing; at++) receive(received.bytes(at), received.from(at))
  }

  readonly #nextTurn = (): void => {
    this.#left = batchSize
  }

  send(bytes: Buffer, to: Address): void {
    if (this.#closing) return
    try {
      // Node.js keeps what the system has no room for now.
      if (!this.#calls?.send(bytes, to)) this.#socket.send(bytes, to.port, to.host)
    } catch {
      // A port out of range: whoever told us to send there gets nothing, as from a port where nobody listens.
    }
  }

  whenClosed(run: () => void): void {
    this.#socket.once('close', run)
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => this.#socket.close(resolve))
    return this.#closing
  }
}
