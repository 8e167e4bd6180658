/** `sockaddr_in` and `sockaddr_in6` (ip(7), ipv6(7)): family, port in network order, of IPv6 the flow, the address, the zone. */
import { isIP } from 'node:net'
import { addressBytes, canonicalAddress } from '#platform/numeric-address.ts'
import type { Address } from '#platform/runtime/runtime.ts'

export const inet = 2
export const inet6 = 10
/** Room for either. */
export const socketAddressLength = 28
const addressIn = { inet: 4, inet6: 8 }
const lengthOf = { inet: 16, inet6: socketAddressLength }

/** Of a numeric address, without its zone. Throws `RangeError` where the host is none, or the port. */
export function socketAddress({ host, port }: Address): Buffer {
  if (isIP(host) === 0) throw new RangeError(`"${host}" is no numeric address`)
  const family = host.includes(':') ? 'inet6' : 'inet'
  const bytes = Buffer.alloc(lengthOf[family])
  bytes.writeUInt16LE(family === 'inet6' ? inet6 : inet)
  bytes.writeUInt16BE(port, 2)
  addressBytes(host).copy(bytes, addressIn[family])
  return bytes
}

/** The address that stands in `memory` at `start`, canonical and without a zone. */
export function addressAt(memory: Buffer, start: number): Address {
  const port = memory.readUInt16BE(start + 2)
  if (memory.readUInt16LE(start) === inet6) return { host: ipv6At(memory, start + addressIn.inet6), port }
  const at = start + addressIn.inet
  return { host: `${memory[at]}.${memory[at + 1]}.${memory[at + 2]}.${memory[at + 3]}`, port }
}

function ipv6At(memory: Buffer, start: number): string {
  const groups = Array.from({ length: 8 }, (_, at) => memory.readUInt16BE(start + 2 * at).toString(16))
  return canonicalAddress(groups.join(':'))
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
