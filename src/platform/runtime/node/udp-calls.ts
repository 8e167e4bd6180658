/**
 * A UDP socket of IPv4 as the system has it. Node.js waits for it and closes it, reading and sending go past it: it receives
 * each datagram by a call of its own, in 64 KB that are cut to size, and makes an object for each that it sends. That cost
 * a proxy a seventh of a call.
 */
import type { Address } from '#platform/runtime/runtime.ts'
import { boundSocket, keepToOurselves } from './bound-socket.ts'
import { DatagramBatch } from './datagram-batch.ts'
import type { Libc } from './libc.ts'
import { SocketAddresses } from './socket-address.ts'

export class UdpCalls {
  readonly fd: number
  readonly received: DatagramBatch
  readonly #libc: Libc
  readonly #addresses = new SocketAddresses()

  /** Throws what `bind` says, as Node.js would. */
  constructor(libc: Libc, local: Address) {
    this.#libc = libc
    this.fd = boundSocket(libc, local)
    this.received = new DatagramBatch(libc, this.fd)
  }

  /** When Node.js has been given the socket. */
  keepToOurselves(): void {
    keepToOurselves(this.#libc, this.fd)
  }

  /** Whether it has left. Throws `RangeError` where the port is none. */
  send(bytes: Buffer, to: Address): boolean {
    if (to.host.includes(':')) return false
    const address = this.#addresses.of(to)
    return this.#libc.sendto(this.fd, bytes, bytes.length, 0, address, address.length) >= 0
  }
}
