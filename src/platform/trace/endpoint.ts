/** One end of a message as packets name it. */

/** `bytes`: 4 of IPv4, 16 of IPv6. */
export type Endpoint = { readonly bytes: Buffer; readonly port: number }

/** `192.0.2.7:5060` or `[2001:db8::1]:5060`. */
export function endpointOf(address: string): Endpoint {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  return { bytes: host.includes(':') ? bytesOfIPv6(host) : bytesOfIPv4(host), port: Number(address.slice(colon + 1)) }
}

const bytesOfIPv4 = (host: string): Buffer => Buffer.from(host.split('.').map(Number))

function bytesOfIPv6(host: string): Buffer {
  const [head = '', tail] = host.replace(/%.*$/, '').split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  return Buffer.concat([before, Buffer.alloc(16 - before.length - after.length), after])
}

const groupsOf = (text: string): Buffer =>
  Buffer.concat(
    text === ''
      ? []
      : text
          .split(':')
          .map((group) => (group.includes('.') ? bytesOfIPv4(group) : Buffer.from(group.padStart(4, '0'), 'hex'))),
  )
