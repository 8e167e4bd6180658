/** One end of a message as packets name it. */
import { addressBytes } from '../numeric-address.ts'

/** `bytes`: 4 of IPv4, 16 of IPv6. */
export type Endpoint = { readonly bytes: Buffer; readonly port: number }

/** `192.0.2.7:5060` or `[2001:db8::1]:5060`. */
export function endpointOf(address: string): Endpoint {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  return { bytes: addressBytes(host), port: Number(address.slice(colon + 1)) }
}
