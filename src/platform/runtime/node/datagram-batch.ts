/**
 * Memory into which one system call receives many datagrams (recvmmsg(2)). Node.js receives each by a call of its own, in
 * 64 KB of its own that are cut to size afterwards: that costs a proxy a tenth of a call.
 */
import type { Address } from '#platform/runtime/runtime.ts'
import type { Libc } from './libc.ts'
import { addressAt } from './socket-address.ts'

/** Datagrams of one call, at most. */
export const batchSize = 16

/** The largest datagram there is, so none is ever cut. */
const slot = 65_536

/** Of 64-bit Linux: `mmsghdr` with its `msghdr`, and what that points at. */
const header = 64
const nameOf = 0
const nameLengthOf = 8
const vectorOf = 16
const vectorCountOf = 24
const receivedOf = 56
/** An `iovec`: where, how long. */
const vector = 16

/** A `sockaddr_in`. */
const name = 16

const dontWait = 0x40

const names = batchSize * header
const vectors = names + batchSize * name
const data = vectors + batchSize * vector

export class DatagramBatch {
  readonly #libc: Libc
  readonly #fd: number
  readonly #memory = Buffer.alloc(data + batchSize * slot)

  /** `fd`: a socket of IPv4 that does not block. */
  constructor(libc: Libc, fd: number) {
    this.#libc = libc
    this.#fd = fd
    const start = libc.address(this.#memory)
    for (let at = 0; at < batchSize; at++) {
      const memory = this.#memory.subarray(at * header)
      memory.writeBigUInt64LE(start + BigInt(names + at * name), nameOf)
      memory.writeUInt32LE(name, nameLengthOf)
      memory.writeBigUInt64LE(start + BigInt(vectors + at * vector), vectorOf)
      memory.writeBigUInt64LE(1n, vectorCountOf)
      this.#memory.writeBigUInt64LE(start + BigInt(data + at * slot), vectors + at * vector)
      this.#memory.writeBigUInt64LE(BigInt(slot), vectors + at * vector + 8)
    }
  }

  /** Takes what waits at the socket, so many at most; how many. They stay until the next call. */
  fill(most: number): number {
    return Math.max(0, this.#libc.recvmmsg(this.#fd, this.#memory, Math.min(most, batchSize), dontWait, null))
  }

  /** A copy, whose memory is nobody else's to write. */
  bytes(at: number): Buffer {
    const start = data + at * slot
    return Buffer.from(this.#memory.subarray(start, start + this.#memory.readUInt32LE(at * header + receivedOf)))
  }

  from(at: number): Address {
    return addressAt(this.#memory, names + at * name)
  }
}
