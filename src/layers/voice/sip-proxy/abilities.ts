/** What a proxy can send over, by where it listens: transports in the order in which we prefer them. */
import type { Abilities } from '#protocols/sip/core/locating/select-servers.ts'
import type { Protocol } from '#protocols/sip/transport/transport.ts'
import type { Config } from './config.ts'

/** WebSocket is for endpoints that come to us: nobody is called over it (RFC 7118 §5). */
const transports: readonly (readonly [Protocol, Config['listen'][number]['transports'][number]])[] = [
  ['UDP', 'udp'],
  ['TCP', 'tcp'],
  ['TLS', 'tls'],
]

export function abilitiesOf(listen: Config['listen']): Abilities {
  const families = new Set(listen.map(({ host }) => (host.includes(':') ? 6 : 4)))
  return {
    protocols: transports
      .filter(([, name]) => listen.some((one) => one.transports.includes(name)))
      .map(([protocol]) => protocol),
    families: ([4, 6] as const).filter((family) => families.has(family)),
  }
}
