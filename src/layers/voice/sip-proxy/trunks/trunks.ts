/** The trunks of one proxy: each as it is configured now, and registered by one proxy of the cluster. */
import { isDeepStrictEqual } from 'node:util'
import type { TrunkAtProxy } from '#protocols/model/http/trunks.ts'
import type { Trunk } from '#protocols/model/objects.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { rendezvous } from '../../model/rendezvous.ts'
import { TrunkAtWork, type TrunkAtWorkOptions } from './trunk-at-work.ts'

export type TrunksOptions = Omit<TrunkAtWorkOptions, 'trunk' | 'isInherited'> & {
  /** The name of this proxy. */
  readonly self: string
}

export class Trunks {
  private readonly options: TrunksOptions
  private readonly byName = new Map<string, TrunkAtWork>()
  /** Names of trunks whose binding is being taken back: a new one made meanwhile would go with it. */
  private readonly leaving = new Set<string>()
  /** All other proxies, with the URIs at which they are reached; undefined before anybody has told us. */
  private others: ReadonlyMap<string, readonly string[]> | undefined
  private stopped = false

  constructor(options: TrunksOptions) {
    this.options = options
  }

  /** A trunk that has changed begins anew. */
  follow(trunks: readonly Trunk[]): void {
    if (this.stopped) return
    for (const [name, { trunk }] of this.byName)
      if (!trunks.some((one) => isDeepStrictEqual(one, trunk))) this.remove(name)
    for (const trunk of trunks) if (!this.byName.has(trunk.name)) this.byName.set(trunk.name, this.workFor(trunk))
    this.divide()
  }

  /** The other proxies of the cluster that live: a trunk is registered by one of us, the same for all. */
  among(others: ReadonlyMap<string, readonly string[]>): void {
    this.others = others
    this.divide()
  }

  /** The trunk that registers at this host: its provider calls us from there. */
  registeringAt(host: string): Trunk | undefined {
    for (const work of this.byName.values())
      if (work.trunk.registration !== undefined && work.isAt(host)) return work.trunk
    return undefined
  }

  /** A connection that we opened has gone. */
  lost(hop: Hop): void {
    for (const work of this.byName.values()) work.lost(hop)
  }

  named(name: string): TrunkAtWork | undefined {
    return this.byName.get(name)
  }

  get status(): Readonly<Record<string, TrunkAtProxy>> {
    return Object.fromEntries([...this.byName].map(([name, work]) => [name, work.status]))
  }

  /** Takes our bindings back, so that nobody calls a proxy that is gone; those that are another one's, too, are his. */
  async stop(): Promise<void> {
    this.stopped = true
    await Promise.all([...this.byName.values()].map((work) => work.stop()))
  }

  private workFor(trunk: Trunk): TrunkAtWork {
    return new TrunkAtWork({ ...this.options, trunk, isInherited: (uri) => this.isInherited(trunk.name, uri) })
  }

  /** Whether the proxy that registers a trunk where we do not is reached there: it and we have one binding. */
  private isInherited(trunk: string, uri: string): boolean {
    const others = this.others ?? new Map<string, readonly string[]>()
    return others.get(rendezvous(trunk, others.keys()) ?? '')?.includes(uri) ?? false
  }

  private remove(name: string) {
    const work = this.byName.get(name)
    if (work === undefined) return
    this.byName.delete(name)
    this.leaving.add(name)
    void work.remove().then(() => {
      this.leaving.delete(name)
      this.divide()
    })
    this.options.changed()
  }

  private divide() {
    if (this.stopped || this.others === undefined) return
    const proxies = [this.options.self, ...this.others.keys()]
    for (const work of this.byName.values()) {
      const { name, registration } = work.trunk
      if (this.leaving.has(name)) continue
      work.setRegistering(registration !== undefined && rendezvous(name, proxies) === this.options.self)
    }
  }
}
