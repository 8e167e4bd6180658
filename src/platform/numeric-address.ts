/** Numeric addresses, IPv4 or IPv6 without brackets, that are known to be such. */

/** 4 bytes or 16. */
export function addressBytes(host: string): Buffer {
  if (!host.includes(':')) return Buffer.from(host.split('.').map(Number))
  const [address = ''] = host.split('%')
  const [head = '', tail] = address.split('::')
  const before = groups(head)
  const after = groups(tail ?? '')
  const zeros = Buffer.alloc(tail === undefined ? 0 : Math.max(0, 16 - before.length - after.length))
  return Buffer.concat([before, zeros, after])
}

/** `2001:db8`, perhaps with an IPv4 address at its end, as bytes. */
const groups = (text: string): Buffer =>
  Buffer.concat(
    text
      .split(':')
      .filter((group) => group !== '')
      .map((group) => (group.includes('.') ? addressBytes(group) : Buffer.from(group.padStart(4, '0'), 'hex'))),
  )

/** The one way to write a numeric address (RFC 5952), so that equal ones are equal texts; a zone is left out. */
export function canonicalAddress(host: string): string {
  return host.includes(':') ? written(hexGroups(addressBytes(host))) : host
}

function written(hex: readonly string[]): string {
  const { start, length } = longestZeros(hex)
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** §4.2.3: the first of the longest. */
function longestZeros(hex: readonly string[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 }
  let start = 0
  for (const [index, group] of hex.entries()) {
    if (group !== '0') start = index + 1
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start }
  }
  return longest
}

/**
 * Whom limits count as one: an IPv4 address; of IPv6 the network, since who has one address has the 2^64 beside it. Written
 * the one way, too.
 */
export function networkOf(host: string): string {
  if (!host.includes(':')) return host
  const bytes = addressBytes(host)
  if (bytes.readUIntBE(0, 6) === 0 && bytes.readUIntBE(6, 6) === 0xffff) return bytes.subarray(12).join('.')
  return `${written(hexGroups(bytes.fill(0, 8)))}/64`
}

const hexGroups = (bytes: Buffer): string[] =>
  Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16))
