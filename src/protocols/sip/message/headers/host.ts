/** Hosts as SIP writes them (RFC 3261 §25.1, RFC 5954): names, IPv4, IPv6 in brackets. */

/** What is wrong with a host; '' for a good one. */
export function hostFault(host: string): string {
  if (host === '') return 'a host is empty'
  if (host.charCodeAt(0) === 0x5b)
    return host.endsWith(']') && isIPv6(host.slice(1, -1)) ? '' : 'a host in brackets is no IPv6 address'
  for (let index = 0; index < host.length; index++)
    if (hostTable[host.charCodeAt(index)] !== 1) return 'a host holds a character that no host may hold'
  return ''
}

// '_' is in no RFC's host, but in the names of many private networks.
const hostTable = new Uint8Array(256)
for (const character of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._')
  hostTable[character.charCodeAt(0)] = 1

const DOT = 0x2e

export function isIPv4(text: string): boolean {
  let parts = 1
  let digits = 0
  let value = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === DOT && digits > 0) {
      parts++
      digits = 0
      value = 0
    } else {
      if (code < 0x30 || code > 0x39) return false
      value = value * 10 + code - 0x30
      digits++
      if (digits > 3 || value > 255) return false
    }
  }
  return parts === 4 && digits > 0
}

/** Without brackets or zone. */
export function isIPv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const tail = groups.at(-1) ?? ''
  const withIPv4 = tail.includes('.')
  if (withIPv4 && (!isIPv4(tail) || text.endsWith('::'))) return false
  const hex = withIPv4 ? groups.slice(0, -1) : groups
  if (!hex.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false
  const count = hex.length + (withIPv4 ? 2 : 0)
  return halves.length === 2 ? count < 8 : count === 8
}

/** A numeric address as URIs and Via write it: IPv6 in brackets. */
export const bracketed = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host)

/** The other way: as sockets want it. */
export const unbracketed = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host)
