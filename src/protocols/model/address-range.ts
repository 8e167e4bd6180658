/**
 * An IP address or a network of them (CIDR), as trunks, proxies and operators name sources. However it is spelt, the same
 * network is the same range with the same text; an IPv4 address that is mapped into IPv6 (RFC 4291 §2.5.5.2), as sockets
 * of both versions may tell it, is the one of IPv4.
 */
import { canonicalAddress } from '#platform/numeric-address.ts'

type Bits = { readonly family: 4 | 6; readonly value: bigint }
export type AddressRange = {
  /** The one way to write it: RFC 5952, no bits beyond the length, one address without a length. */
  readonly text: string
  readonly family: 4 | 6
  /** Bits that all of it have in common. */
  readonly length: number
  contains(host: string): boolean
}

const width = { 4: 32, 6: 128 }

/** `undefined` where `text` is no address or range. */
export function addressRange(text: string): AddressRange | undefined {
  const [host = '', length, ...rest] = text.split('/')
  const spelt = bitsOf(host)
  if (spelt === undefined || rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined
  const free = length === undefined ? 0 : width[spelt.family] - Number(length)
  if (free < 0) return undefined
  const { family, value } = free <= width[4] ? unmapped(spelt) : spelt
  const drop = BigInt(free)
  const network = value >> drop
  return {
    text: addressText(family, network << drop) + (free === 0 ? '' : `/${width[family] - free}`),
    family,
    length: width[family] - free,
    contains(candidate) {
      if (candidate === host) return true
      const bits = bitsOf(candidate)
      if (bits === undefined) return false
      const one = unmapped(bits)
      return one.family === family && one.value >> drop === network
    },
  }
}

/** Whether there is an address in both: then one of them lies in the other. */
export const overlap = (one: AddressRange, other: AddressRange): boolean =>
  one.contains(firstOf(other)) || other.contains(firstOf(one))

const firstOf = ({ text }: AddressRange): string => text.split('/')[0] ?? ''

function addressText(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.')
  const hex = value.toString(16).padStart(32, '0')
  return canonicalAddress((hex.match(/.{4}/g) ?? []).join(':'))
}

const unmapped = (bits: Bits): Bits =>
  bits.family === 6 && bits.value >> 32n === 0xffffn ? { family: 4, value: bits.value & 0xffff_ffffn } : bits

function bitsOf(host: string): Bits | undefined {
  return host.includes(':') ? ipv6(host) : ipv4(host)
}

function ipv4(host: string): Bits | undefined {
  const octets = host.split('.').map((octet) => (/^\d{1,3}$/.test(octet) ? Number(octet) : 256))
  if (octets.length !== 4 || octets.some((octet) => octet > 255)) return undefined
  return { family: 4, value: octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n) }
}

function ipv6(host: string): Bits | undefined {
  const halves = withoutDots(host).split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail]
  if (groups.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined
  return { family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) }
}

/** An IPv4 address at the end (RFC 4291 §2.2) as two groups. */
function withoutDots(host: string): string {
  const start = host.lastIndexOf(':') + 1
  const bits = ipv4(host.slice(start))
  if (bits === undefined) return host
  return `${host.slice(0, start)}${(bits.value >> 16n).toString(16)}:${(bits.value & 0xffffn).toString(16)}`
}
