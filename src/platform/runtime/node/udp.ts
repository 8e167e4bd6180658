/** UDP ports of Node.js. Sending never fails aloud: a datagram that does not leave is one that was lost. */
import { createSocket, type Socket } from 'node:dgram'
import type { Address, UdpPort } from '#platform/runtime/runtime.ts'
import { listenError } from './listen-error.ts'

/** Without it the kernel drops more than half of a burst. */
const receiveBuffer = 4 * 1024 * 1024

/** Hosts are numeric, so the answer is the question; the built-in look-up would cost every send a turn and 9 µs. */
type LookedUp = (error: null, host: string, family: number) => void
const numeric = (host: string, _options: unknown, found: LookedUp): void =>
  found(null, host, host.includes(':') ? 6 : 4)

export function bindUdp(local: Address, receive: (bytes: Buffer, from: Address) => void): Promise<NodeUdpPort> {
  const ipv6 = local.host.includes(':')
  const socket = createSocket({
    type: ipv6 ? 'udp6' : 'udp4',
    ipv6Only: ipv6,
    recvBufferSize: receiveBuffer,
    lookup: numeric,
  })
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => reject(listenError(local, error)))
    socket.bind({ port: local.port, address: local.host, exclusive: true }, () => {
      socket.removeAllListeners('error')
      socket.on('error', () => {})
      socket.on('message', (bytes, from) => receive(bytes, { host: from.address, port: from.port }))
      resolve(new NodeUdpPort(socket))
    })
  })
}

export class NodeUdpPort implements UdpPort {
  readonly local: Address
  readonly #socket: Socket
  #closing: Promise<void> | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    const { address, port } = socket.address()
    this.local = { host: address, port }
  }

  send(bytes: Buffer, to: Address): void {
    if (this.#closing) return
    try {
      this.#socket.send(bytes, to.port, to.host)
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
