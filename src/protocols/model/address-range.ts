/** An IP address or CIDR range, as a trunk names its sources. */

type Bits = { readonly family: 4 | 6; readonly value: bigint }
export type AddressRange = { readonly text: string; contains(host: string): boolean }

const width = { 4: 32n, 6: 128n }

/** `undefined` where `text` is no address or range. */
export function addressRange(text: string): AddressRange | undefined {
  const [host = '', length, ...rest] = text.split('/')
  const network = bitsOf(host)
  if (network === undefined || rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined
  const total = width[network.family]
  const prefix = length === undefined ? total : BigInt(length)
  if (prefix > total) return undefined
  const drop = total - prefix
  return {
    text,
    contains(candidate) {
      if (candidate === host) return true
      const bits = bitsOf(candidate)
      return bits?.family === network.family && bits.value >> drop === network.value >> drop
    },
  }
}

function bitsOf(host: string): Bits | undefined {
  return host.includes(':') ? ipv6(host) : ipv4(host)
}

function ipv4(host: string): Bits | undefined {
  const octets = host.split('.').map((octet) => (/^\d{1,3}$/.test(octet) ? Number(octet) : 256))
  if (octets.length !== 4 || octets.some((octet) => octet > 255)) return undefined
  return { family: 4, value: octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n) }
}

function ipv6(host: string): Bits | undefined {
  const halves = host.split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...Array<string>(missing).fill('0'), ...tail]
  if (groups.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined
  return { family: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) }
}
