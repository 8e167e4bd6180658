/** What decisions about requests may look at: the state of a proxy as they see it, and nothing they could change. */

import type { Configuration } from '#protocols/model/configuration.ts'
import type { Trunk } from '#protocols/model/objects.ts'
import type { Locator } from '#protocols/sip/core/locating/locator.ts'
import type { Binding } from '#protocols/sip/core/registrar.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import type { Addresses } from './addresses.ts'
import type { MediaHosts } from './media-hosts.ts'
import type { RouteBook } from './own-routes.ts'

/** Whom a message came from: the outside, or the other end of a link. */
export type Origin = { readonly kind: 'outside' } | { readonly kind: 'node' | 'proxy'; readonly name: string }

export interface View {
  /** This proxy, and which run of it. */
  readonly self: { readonly name: string; readonly run: string }
  readonly draining: boolean
  readonly configuration: Configuration
  readonly addresses: Pick<Addresses, 'isDomain' | 'isProxy' | 'isOurs'>
  readonly routes: Pick<RouteBook, 'read' | 'write'>
  readonly media: Pick<MediaHosts, 'of'>
  readonly registrations: {
    bindings(aor: string): readonly Binding[]
    groups(aor: string): Binding[][]
    newestFlow(aor: string, key: string): string | undefined
    accepts(aor: string): boolean
  }
  /** The nodes of this data centre; `ready` take new calls. */
  readonly nodes: { readonly ready: readonly string[]; hopOf(name: string): Hop | undefined }
  /** The servers of hosts that are names. */
  readonly servers: Pick<Locator, 'known' | 'avoid'>
  /** The other proxies. */
  readonly mesh: {
    hopOf(proxy: string): Hop | undefined
    uriOf(proxy: string): string | undefined
    hopWithNode(node: string): Hop | undefined
  }
  /** The trunk whose calls come from there: by its sources, where it registers, or by what its certificate proves. */
  trunkFrom(from: Hop): Trunk | undefined
  origin(from: Hop): Origin
  /** The URI under which somebody at `hop` reaches us. */
  facing(hop: Hop): string
  /** The link to whoever is at this hop; the hop itself where there is none. */
  wayTo(hop: Hop): Hop
  isOpen(connection: number): boolean
  /** The SIP domains that whoever is at `hop` has proved to speak for (RFC 5922); none but over TLS with a certificate. */
  domainsOf(hop: Hop): readonly string[]
}
