/**
 * A UDP socket of IPv4 as the system has it. Node.js waits for it and closes it, reading and sending go past it: it receives
 * each datagram by a call of its own, in 64 KB that are cut to size, and makes an object for each that it sends. That cost
 * a proxy a seventh of a call.
 */
import type { Address } from '#platform/runtime/runtime.ts'
import { DatagramBatch } from './datagram-batch.ts'
import type { Libc } from './libc.ts'
import { inet, SocketAddresses, socketAddress, socketAddressLength } from './socket-address.ts'

/** SOCK_DGRAM | SOCK_CLOEXEC. */
const datagrams = 2 | 0x8_0000
const socketLevel = 1
const reuseAddress = 2

export class UdpCalls {
  readonly fd: number
  readonly received: DatagramBatch
  readonly #libc: Libc
  readonly #addresses = new SocketAddresses()

  /** Throws what `bind` says, as Node.js would. */
  constructor(libc: Libc, local: Address) {
    this.#libc = libc
    this.fd = bound(libc, local)
    this.received = new DatagramBatch(libc, this.fd)
  }

  /** Node.js lets others take an address together with a socket that it is given; this one is ours alone. */
  keepToOurselves(): void {
    this.#libc.setsockopt(this.fd, socketLevel, reuseAddress, Int32Array.of(0), 4)
  }

  /** Whether it has left. Throws `RangeError` where the port is none. */
  send(bytes: Buffer, to: Address): boolean {
    if (to.host.includes(':')) return false
    return this.#libc.sendto(this.fd, bytes, bytes.length, 0, this.#addresses.of(to), socketAddressLength) >= 0
  }
}

function bound(libc: Libc, local: Address): number {
  const fd = libc.socket(inet, datagrams, 0)
  if (fd < 0) throw libc.fault('socket')
  if (libc.bind(fd, socketAddress(local), socketAddressLength) === 0) return fd
  const fault = libc.fault('bind')
  libc.close(fd)
  throw fault
}
