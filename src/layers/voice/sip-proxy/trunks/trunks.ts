/** The trunks of one proxy: each as it is configured now, and registered by one proxy of the cluster. */
import { isDeepStrictEqual } from 'node:util'
import type { TrunkAtProxy } from '#protocols/model/http/trunks.ts'
import type { Trunk } from '#protocols/model/objects.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { rendezvous } from '../../model/rendezvous.ts'
import { TrunkAtWork, type TrunkAtWorkOptions } from './trunk-at-work.ts'

export type TrunksOptions = Omit<TrunkAtWorkOptions, 'trunk'> & {
  /** The name of this proxy. */
  readonly self: string
}

export class Trunks {
  private readonly options: TrunksOptions
  private readonly byName = new Map<string, TrunkAtWork>()
  /** Names of trunks whose binding is being taken back: a new one made meanwhile would go with it. */
  private readonly leaving = new Set<string>()
  private proxies: readonly string[]
  private stopped = false

  constructor(options: TrunksOptions) {
    this.options = options
    this.proxies = [options.self]
  }

  /** A trunk that has changed begins anew. */
  follow(trunks: readonly Trunk[]): void {
    if (this.stopped) return
    for (const [name, { trunk }] of this.byName)
      if (!trunks.some((one) => isDeepStrictEqual(one, trunk))) this.remove(name)
    for (const trunk of trunks)
      if (!this.byName.has(trunk.name)) this.byName.set(trunk.name, new TrunkAtWork({ ...this.options, trunk }))
    this.divide()
  }

  /** All proxies of the cluster that live: a trunk is registered by one of them, the same for all of us. */
  among(proxies: readonly string[]): void {
    this.proxies = proxies
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

  /** Takes our bindings back, so that nobody calls a proxy that is gone. */
  async stop(): Promise<void> {
    this.stopped = true
    await Promise.all([...this.byName.values()].map((work) => work.stop()))
  }

  private remove(name: string) {
    const work = this.byName.get(name)
    if (work === undefined) return
    this.byName.delete(name)
    this.leaving.add(name)
    void work.stop().then(() => {
      this.leaving.delete(name)
      this.divide()
    })
    this.options.changed()
  }

  private divide() {
    if (this.stopped) return
    for (const work of this.byName.values()) {
      const { name, registration } = work.trunk
      if (this.leaving.has(name)) continue
      work.setRegistering(registration !== undefined && rendezvous(name, this.proxies) === this.options.self)
    }
  }
}
