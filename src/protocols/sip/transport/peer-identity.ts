/** Whom a certificate speaks for (RFC 5922 §7.1): the SIP domains and the addresses in its subjectAltName. */
import { canonicalAddress } from '#platform/numeric-address.ts'

export type PeerIdentity = {
  /** In lower case. */
  readonly domains: readonly string[]
  /** Numeric. */
  readonly addresses: readonly string[]
}

const nobody: PeerIdentity = { domains: [], addresses: [] }

/** `DNS:a.example, URI:sip:b.example, IP Address:192.0.2.1`, as OpenSSL writes it. */
export function peerIdentity(subjectAltName: string | undefined): PeerIdentity {
  // What stands in quotes could pass for several entries: such a certificate speaks for nobody.
  if (subjectAltName === undefined || subjectAltName.includes('"')) return nobody
  const entries = subjectAltName.split(', ')
  const all = (prefix: string) =>
    entries.flatMap((entry) => (entry.startsWith(prefix) ? [entry.slice(prefix.length).toLowerCase()] : []))
  const uris = all('URI:').filter((uri) => uri.startsWith('sip:'))
  return {
    // §7.1: DNS names count where there is no SIP URI.
    domains: uris.length > 0 ? uris.flatMap(domainOf) : all('DNS:'),
    addresses: all('IP Address:').map(canonicalAddress),
  }
}

/** A URI with a user speaks for that user alone. */
function domainOf(uri: string): string[] {
  const host = /^sip:([^@;?:]+)(?=$|[;?:])/.exec(uri)?.[1]
  return host === undefined || uri.includes('@') ? [] : [host]
}
