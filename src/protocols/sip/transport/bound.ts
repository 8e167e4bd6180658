/** The ports of a transport, as Via, Contact and Record-Route name them to whoever is reached over them. */
import type { Hop, Protocol, SentBy } from './transport.ts'

type Family = 4 | 6

export class Bound {
  readonly family: Family
  /** The same object each time, so that its text can be kept. */
  readonly over: Readonly<Record<Protocol, SentBy>>

  /** `local`: the address it is bound to; `named`: how others reach it. */
  constructor(local: { readonly host: string }, { host, port }: { readonly host: string; readonly port: number }) {
    this.family = familyOf(local.host)
    const over = (protocol: Protocol): SentBy => ({ protocol, host, port })
    this.over = { UDP: over('UDP'), TCP: over('TCP'), TLS: over('TLS'), WS: over('WS'), WSS: over('WSS') }
  }
}

/** Whoever is reached over a protocol that we do not listen on is told of the next best. */
const preference: Readonly<Record<Protocol, readonly Protocol[]>> = {
  UDP: ['UDP', 'TCP', 'TLS'],
  TCP: ['TCP', 'UDP', 'TLS'],
  TLS: ['TLS', 'TCP', 'UDP'],
  WS: ['WS', 'TCP', 'UDP'],
  WSS: ['WSS', 'TLS', 'TCP', 'UDP'],
}

export class Ports {
  private readonly all: Readonly<Record<Protocol, Bound[]>> = { UDP: [], TCP: [], TLS: [], WS: [], WSS: [] }
  private readonly none = new Bound({ host: '0.0.0.0' }, { host: '0.0.0.0', port: 0 })

  add(protocol: Protocol, bound: Bound): void {
    this.all[protocol].push(bound)
  }

  remove(protocol: Protocol, bound: Bound): void {
    const ports = this.all[protocol]
    ports.splice(ports.indexOf(bound), 1)
  }

  sentBy({ protocol, host }: Hop): SentBy {
    const family = familyOf(host)
    const best = ofFamily(this.all[protocol], family) ?? this.nextBest(protocol, family)
    return best.over[protocol]
  }

  private nextBest(protocol: Protocol, family: Family): Bound {
    const ports = preference[protocol].flatMap((other) => this.all[other])
    return ofFamily(ports, family) ?? ports[0] ?? this.none
  }
}

export const familyOf = (host: string): Family => (host.includes(':') ? 6 : 4)

/** The first of them that reaches addresses of this family. */
export function ofFamily<P extends { readonly family: Family }>(ports: readonly P[], family: Family): P | undefined {
  for (const port of ports) if (port.family === family) return port
  return undefined
}
