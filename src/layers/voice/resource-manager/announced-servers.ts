/** What media servers announce under `media-server/<dc>/<name>` (architecture §11). */
import type { Address } from '#platform/runtime/runtime.ts'

/** Addresses by name; a value that cannot be read is as good as none. */
export function announcedServers(entries: ReadonlyMap<string, string>): Map<string, Address> {
  const found = new Map<string, Address>()
  for (const [key, value] of entries) {
    const name = key.split('/')[2]
    const sip = addressIn(value)
    if (name !== undefined && sip !== undefined) found.set(name, sip)
  }
  return found
}

function addressIn(value: string): Address | undefined {
  try {
    const { host, port } = (JSON.parse(value) as { sip?: Partial<Address> }).sip ?? {}
    return typeof host === 'string' && typeof port === 'number' ? { host, port } : undefined
  } catch {
    return undefined
  }
}
