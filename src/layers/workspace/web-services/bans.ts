/** Bans of SIP sources: what the proxies of all data centres announce, and what operators order all of them. */
import type { Coordination } from '#platform/coordination/coordination.ts'
import { HttpProblem } from '#platform/http/errors.ts'
import type { Log } from '#platform/log/log.ts'
import { networkOf } from '#platform/numeric-address.ts'
import type { Runtime, Timer } from '#platform/runtime/runtime.ts'
import { millisecondsOf, timestamp } from '#platform/time.ts'
import { addressRange } from '#protocols/model/address-range.ts'
import {
  type Ban,
  type BanAtProxy,
  type BanOrders,
  type BanRequest,
  banKeys,
  banOrdersKey,
  noOrders,
  type OrderedBan,
} from '#protocols/model/http/bans.ts'
import type { NeededAddresses } from './needed-addresses.ts'

export type BansOptions = {
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  readonly log: Log
  readonly coordination: Coordination
  readonly needed: NeededAddresses
}

/** Bans that operators order, at a time. */
const mostOrdered = 1_000
/** Lifts that a proxy which was away for a moment still hears of. */
const liftsKept = 100
/** Whom a ban would silence: so many are told by name. */
const mostNamed = 4
/** Others may change the orders meanwhile. */
const attempts = 10

export class Bans {
  private readonly options: BansOptions
  private readonly proxies = new Map<string, readonly BanAtProxy[]>()
  private orders = noOrders
  private watches: readonly Timer[] = []

  constructor(options: BansOptions) {
    this.options = options
  }

  open(): void {
    const { coordination } = this.options
    this.watches = [
      coordination.watch(banKeys, (entries) => this.follow(entries)),
      coordination.watch(banOrdersKey, (entries) => {
        this.orders = parsed(entries.get(banOrdersKey))
      }),
    ]
  }

  close(): void {
    for (const watch of this.watches) watch.cancel()
  }

  /** Those that hold now: operators' first. */
  all(): Ban[] {
    const ordered = this.orders.bans.filter(this.holds).map((ban): Ban => ({ ...ban, of: 'everything', proxies: [] }))
    const own = new Map<string, Ban>()
    for (const [proxy, bans] of this.proxies)
      for (const { source, over, because, until } of bans.filter(this.holds)) {
        const key = `${over} ${source}`
        const known = own.get(key)
        const later = known !== undefined && known.until > until ? known : { because, until }
        const { because: why, until: end } = later
        own.set(key, { source, of: over, because: why, until: end, proxies: [...(known?.proxies ?? []), proxy] })
      }
    return [...ordered, ...own.values()]
  }

  /** Instead of one of the same source that was ordered before. Throws `HttpProblem`. */
  async add(request: BanRequest, by: string): Promise<Ban> {
    const { seconds, because } = request
    const source = this.sourceOf(request)
    const until = timestamp(this.options.runtime.clock.wall() + 1000 * seconds)
    const ban: OrderedBan = { source, because, by, until }
    await this.change((orders) => {
      const others = orders.bans.filter((other) => other.source !== source)
      if (others.length >= mostOrdered)
        throw new HttpProblem('conflict', `${mostOrdered} bans are ordered already: lift some, or ban ranges`)
      return { ...orders, bans: [...others, ban] }
    })
    this.options.log.warn({ source, seconds, because, by }, 'an operator banned a source')
    return { ...ban, of: 'everything', proxies: [] }
  }

  /** What held of the source until now; it holds no more. Throws `HttpProblem`. */
  async lift(named: string, by: string): Promise<Ban[]> {
    const source = addressRange(named)?.text
    if (source === undefined) throw new HttpProblem('not-found', `${named} is not banned: it is no address or range`)
    const network = source.includes('/') ? source : networkOf(source)
    const lifted = this.all().filter((ban) => ban.source === source || (ban.by === undefined && ban.source === network))
    if (lifted.length === 0) throw new HttpProblem('not-found', this.notBanned(source))
    const lift = { id: this.options.runtime.random.hex(8), source: network }
    await this.change(({ bans, lifts }) => ({
      bans: bans.filter((ban) => ban.source !== source),
      lifts: [...lifts, lift].slice(-liftsKept),
    }))
    this.options.log.warn({ source, by }, 'an operator lifted the ban of a source')
    return lifted
  }

  /** Written the one way. Nobody is to silence everybody by a slip of the finger. */
  private sourceOf({ source, force }: BanRequest): string {
    const range = addressRange(source)
    if (range === undefined)
      throw new HttpProblem('invalid-request', `${source} is no address or range, such as 192.0.2.1 or 2001:db8::/64`)
    const needed = force ? [] : this.options.needed.in(range)
    if (needed.length === 0) return range.text
    const whom =
      needed.length > mostNamed ? [...needed.slice(0, mostNamed), `${needed.length - mostNamed} more`] : needed
    const why = `it would silence ${new Intl.ListFormat('en').format(whom)}`
    throw new HttpProblem('conflict', `${range.text} is not banned: ${why}; ban a smaller range, or force it (--force)`)
  }

  /** A range that is banned as a whole cannot be lifted for one address in it. */
  private notBanned(source: string): string {
    const whole = this.all().find((ban) => addressRange(ban.source)?.contains(source))
    return whole === undefined
      ? `${source} is not banned: name it as the list of bans does`
      : `${source} is banned with all of ${whole.source}: lift that`
  }

  private readonly holds = ({ until }: { readonly until: string }): boolean =>
    millisecondsOf(until) > this.options.runtime.clock.wall()

  private async change(decide: (orders: BanOrders) => BanOrders): Promise<void> {
    const { coordination } = this.options
    for (let attempt = 0; attempt < attempts; attempt++) {
      const entry = await coordination.get(banOrdersKey)
      const orders = parsed(entry?.value)
      const changed = decide({ ...orders, bans: orders.bans.filter(this.holds) })
      const { done } = await coordination.compareAndSet(banOrdersKey, entry?.revision ?? 0, JSON.stringify(changed))
      if (!done) continue
      this.orders = changed
      return
    }
    throw new HttpProblem('conflict', 'others change the bans at the same time: try again')
  }

  private follow(entries: ReadonlyMap<string, string>) {
    this.proxies.clear()
    for (const [key, value] of entries) {
      const [, dc, name] = key.split('/')
      this.proxies.set(`${name}.${dc}`, JSON.parse(value) as BanAtProxy[])
    }
  }
}

const parsed = (text: string | undefined): BanOrders =>
  text === undefined ? noOrders : (JSON.parse(text) as BanOrders)
