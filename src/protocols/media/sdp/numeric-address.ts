/** Which IP version a numeric address is of; 0 for anything else, so that no name ever reaches a socket. */
export function addressVersion(text: string): 0 | 4 | 6 {
  if (isIPv4(text)) return 4
  return text.includes(':') && isIPv6(text) ? 6 : 0
}

/** Whether a numeric address is that of nobody: nothing is sent there (RFC 3264 §8.4). */
export const isUnspecified = (address: string): boolean => /^[0.:]+$/.test(address)

const isIPv4 = (text: string): boolean => {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
}

/** RFC 4291 §2.2: eight groups, one run of zeros shortened, perhaps an IPv4 address as the last two. */
function isIPv6(text: string): boolean {
  if (text.length > 45) return false
  const halves = text.split('::')
  if (halves.length > 2) return false
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')))
  const all = groups.flat()
  const last = all.at(-1) ?? ''
  const mapped = isIPv4(last)
  const hex = mapped ? all.slice(0, -1) : all
  if (!hex.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false
  const count = hex.length + (mapped ? 2 : 0)
  return halves.length === 2 ? count <= 7 : count === 8
}
