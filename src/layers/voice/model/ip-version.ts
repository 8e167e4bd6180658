/** Of which version of IP somebody is: those of one alone need a media server that has both between them (RFC 6157 §4). */
export type IPVersion = 4 | 6

/** Of the host of a SIP URI; nothing is known of a name. Asked of the Contact of each REGISTER. */
export function ipVersionOf(uri: string): IPVersion | undefined {
  const host = uri.slice(Math.max(uri.indexOf('@'), uri.indexOf(':')) + 1)
  if (host.startsWith('[')) return 6
  return /^\d+\.\d+\.\d+\.\d+(?:[:;?]|$)/.test(host) ? 4 : undefined
}
