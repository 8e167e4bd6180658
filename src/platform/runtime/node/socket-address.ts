/** `sockaddr_in` (ip(7)): family, port in network order, address. */
import { addressBytes } from '#platform/numeric-address.ts'
import type { Address } from '#platform/runtime/runtime.ts'

export const inet = 2
export const socketAddressLength = 16

/** Of a numeric IPv4 address. Throws `RangeError` where the port is none. */
export function socketAddress({ host, port }: Address): Buffer {
  const bytes = Buffer.alloc(socketAddressLength)
  bytes.writeUInt16LE(inet)
  bytes.writeUInt16BE(port, 2)
  addressBytes(host).copy(bytes, 4)
  return bytes
}

/** The address that stands in `memory` at `start`. */
export function addressAt(memory: Buffer, start: number): Address {
  const host = `${memory[start + 4]}.${memory[start + 5]}.${memory[start + 6]}.${memory[start + 7]}`
  return { host, port: memory.readUInt16BE(start + 2) }
}

/** Those lately sent to, so that an address is written once and not for each datagram. */
export class SocketAddresses {
  readonly #known = new Map<string, Buffer>()
  readonly #limit: number

  constructor(limit = 10_000) {
    this.#limit = limit
  }

  of(address: Address): Buffer {
    const key = `${address.host}:${address.port}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    if (this.#known.size >= this.#limit) this.#known.clear()
    const bytes = socketAddress(address)
    this.#known.set(key, bytes)
    return bytes
  }
}
