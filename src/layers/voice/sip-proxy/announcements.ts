/** What proxies and Resource Managers announce under their keys (architecture §11). */
import type { Address } from '#platform/runtime/runtime.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { memberName } from '../model/member-name.ts'
import type { Announced } from './mesh.ts'

export const proxyKeys = 'sip-proxy/'
export const managerKeys = 'resource-manager/'

/** `listen`: SIP URIs under which endpoints and routes know the proxy. */
export type ProxyValue = { readonly listen: readonly string[]; readonly link: Address; readonly mesh: Address }

/** All proxies announced; a value that cannot be read is as good as none. */
export function proxiesOf(entries: ReadonlyMap<string, string>): Announced[] {
  return [...entries].flatMap(([key, value]) => {
    const [, dc, name] = key.split('/')
    const read = parsed(value)
    if (dc === undefined || name === undefined || !isProxyValue(read)) return []
    return [{ name: memberName(name, dc), listen: read.listen, mesh: read.mesh }]
  })
}

export function managersOf(entries: ReadonlyMap<string, string>): { dc: string; name: string; hop: Hop }[] {
  return [...entries].flatMap(([key, value]) => {
    const [, dc, name] = key.split('/')
    const sip = field(parsed(value), 'sip')
    if (dc === undefined || name === undefined || !isAddress(sip)) return []
    return [{ dc, name, hop: { protocol: 'UDP' as const, host: sip.host, port: sip.port } }]
  })
}

function isProxyValue(value: unknown): value is ProxyValue {
  const listen = field(value, 'listen')
  return Array.isArray(listen) && listen.every((uri) => typeof uri === 'string') && isAddress(field(value, 'mesh'))
}

const isAddress = (value: unknown): value is Address =>
  typeof field(value, 'host') === 'string' && typeof field(value, 'port') === 'number'

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
