/** Whom a ban would silence though hardly anybody wants that: this host, the parts of the cluster, its trunks. */
import type { Coordination } from '#platform/coordination/coordination.ts'
import type { Timer } from '#platform/runtime/runtime.ts'
import { type AddressRange, addressRange, overlap } from '#protocols/model/address-range.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { TrunkStatuses } from './trunk-statuses.ts'

export type NeededAddressesOptions = {
  readonly coordination: Coordination
  readonly configuration: ConfigurationSource
  readonly trunks: TrunkStatuses
}

type Needed = { readonly who: string; readonly range: AddressRange }

/** What announces its addresses, by the prefix of its keys (architecture §11). */
const parts = {
  'sip-proxy/': 'the proxy',
  'sip-server/': 'the node',
  'resource-manager/': 'the Resource Manager',
  'media-server/': 'the media server',
}

/** Wider ones hold a large part of all who may call: more than a /8 of IPv4, more than a /16 of IPv6. */
const shortest = { 4: 8, 6: 16 }

export class NeededAddresses {
  private readonly options: NeededAddressesOptions
  private readonly announced = new Map<string, readonly Needed[]>()
  private watches: readonly Timer[] = []

  constructor(options: NeededAddressesOptions) {
    this.options = options
  }

  open(): void {
    this.watches = Object.entries(parts).map(([prefix, kind]) =>
      this.options.coordination.watch(prefix, (entries) => {
        this.announced.set(
          prefix,
          [...entries].flatMap(([key, value]) => neededBy(kind, key, value)),
        )
      }),
    )
  }

  close(): void {
    for (const watch of this.watches) watch.cancel()
  }

  /** In words; nobody: it can be banned. */
  in(range: AddressRange): string[] {
    const all = [...thisHost, ...[...this.announced.values()].flat(), ...this.ofTrunks()]
    const held = all.filter((needed) => overlap(range, needed.range)).map(({ who }) => who)
    return [...new Set([...(range.length < shortest[range.family] ? ['a large part of all addresses'] : []), ...held])]
  }

  /** By what the configuration names, and by what proxies have found of its names. */
  private ofTrunks(): Needed[] {
    const { configuration, trunks } = this.options
    const named = configuration.current().objects.trunks.flatMap(({ name, sources }) => neededAt(trunk(name), sources))
    const found = trunks
      .all()
      .flatMap(({ name, proxies }) => Object.values(proxies).flatMap(({ servers }) => neededAt(trunk(name), servers)))
    return [...named, ...found]
  }
}

const trunk = (name: string) => `the trunk ${name}`

function neededBy(kind: string, key: string, value: string): Needed[] {
  const [, dc, name = ''] = key.split('/')
  const texts: string[] = []
  JSON.parse(value, (_, one: unknown) => {
    if (typeof one === 'string') texts.push(one)
    return one
  })
  return neededAt(`${kind} ${name.endsWith(`.${dc}`) ? name : `${name}.${dc}`}`, texts)
}

/** Of addresses, ranges, `host:port` and SIP URIs those that are numeric. */
function neededAt(who: string, texts: readonly string[]): Needed[] {
  return texts.flatMap((text) => {
    const range = addressRange(text) ?? addressRange(text.match(hostOf)?.slice(1).join('') ?? '')
    return range === undefined ? [] : [{ who, range }]
  })
}

const hostOf = /^(?:sips?:)?(?:\[([^\]]+)\]|([^:;]+))(?::\d+)?(?:;|$)/

const thisHost = neededAt('this host', ['127.0.0.0/8', '::1'])
