/** From SIP URIs to hops and back, where hosts are numeric: everything inside the cluster. */
import { canonicalAddress } from '#platform/numeric-address.ts'
import { defaultPort, protocolNamed, protocolUnnamed } from '#protocols/sip/core/locating/uri-transport.ts'
import { bracketed, isIPv4, isIPv6, unbracketed } from '#protocols/sip/message/headers/host.ts'
import type { URI } from '#protocols/sip/message/headers/uri.ts'
import type { Hop, Protocol } from '#protocols/sip/transport/transport.ts'

function protocolOf(uri: URI): Protocol | undefined {
  const named = protocolNamed(uri)
  return named === '' ? protocolUnnamed(uri) : named
}

/** RFC 3263 §4.2: without a port it is the transport's. */
export const portOf = (uri: URI): number => uri.port || defaultPort(protocolOf(uri) ?? 'UDP')

/** In lower case, an IPv6 address as sockets write it, and the one name that needs no look-up as the address it is. */
export function hostOf({ host }: URI): string {
  if (host.startsWith('[')) return bracketed(canonicalAddress(unbracketed(host)))
  const lower = host.toLowerCase()
  return lower === 'localhost' ? '127.0.0.1' : lower
}

/** Where a request to this URI leaves (RFC 3263 §4 without DNS): `undefined` where the host is no address. */
export function hopOf(uri: URI): Hop | undefined {
  const protocol = protocolOf(uri)
  const host = unbracketed(hostOf(uri))
  if (protocol === undefined || !(isIPv4(host) || isIPv6(host))) return undefined
  return { protocol, host, port: uri.port || defaultPort(protocol) }
}

/** `sip:host:port;transport=…`; UDP needs no parameter. Port 0: none is named, as for a name that SRV records explain. */
export function sipURI(protocol: Protocol, host: string, port: number): string {
  // RFC 7118 §5.3: a URI knows `ws` alone, whether the WebSocket is secure or not.
  const transport = protocol === 'WSS' ? 'ws' : protocol.toLowerCase()
  return `sip:${bracketed(host)}${port === 0 ? '' : `:${port}`}${protocol === 'UDP' ? '' : `;transport=${transport}`}`
}
