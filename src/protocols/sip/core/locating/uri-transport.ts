/** What a URI says of its transport (RFC 3261 §19.1.2, §26.2.2, RFC 3263 §4.1, §4.2), with or without the DNS. */
import { type URI, uriParameter } from '../../message/headers/uri.ts'
import type { Protocol } from '../../transport/transport.ts'

const protocols: Readonly<Record<string, Protocol>> = { udp: 'UDP', tcp: 'TCP', tls: 'TLS', ws: 'WS', wss: 'WSS' }
/** §26.2.2: sips over a transport is TLS on it. */
const secured: Readonly<Partial<Record<Protocol, Protocol>>> = { TCP: 'TLS', TLS: 'TLS', WS: 'WSS', WSS: 'WSS' }

/** '' where none is named; undefined where it is none we know, or one that sips forbids. */
export function protocolNamed(uri: URI): Protocol | '' | undefined {
  const name = uriParameter(uri, 'transport')
  if (name === undefined) return ''
  const protocol = protocols[name.toLowerCase()]
  return uri.scheme === 'sips' && protocol !== undefined ? secured[protocol] : protocol
}

/** RFC 3263 §4.1: what is taken where none is named and nothing else says which. */
export const protocolUnnamed = ({ scheme }: URI): Protocol => (scheme === 'sips' ? 'TLS' : 'UDP')

/** RFC 3261 §18.1, RFC 7118 §5: where no port is named. */
export function defaultPort(protocol: Protocol): number {
  if (protocol === 'WS') return 80
  if (protocol === 'WSS') return 443
  return protocol === 'TLS' ? 5061 : 5060
}
