/** Trunks as the proxies of all data centres announce them, and the way to have one tested by all of them. */
import type { Coordination } from '#platform/coordination/coordination.ts'
import type { Runtime, Timer } from '#platform/runtime/runtime.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import { type TrunkAtProxy, type TrunkStatus, trunkKeys, trunkTestKeys } from '#protocols/model/http/trunks.ts'

export type TrunkStatusesOptions = {
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  readonly coordination: Coordination
  readonly configuration: ConfigurationSource
}

/**
 * ms that the proxies have for a test: the DNS has 5 s for each question, for SRV and then for addresses, and a server
 * that does not answer 32 s (timer F), or, where there are several, 2 s.
 */
const testWithin = 40_000

type Test = { readonly trunk: string; readonly id: string; done(): void }

export class TrunkStatuses {
  private readonly options: TrunkStatusesOptions
  private readonly proxies = new Map<string, Readonly<Record<string, TrunkAtProxy>>>()
  private readonly tests = new Set<Test>()
  private watch: Timer | undefined

  constructor(options: TrunkStatusesOptions) {
    this.options = options
  }

  open(): void {
    this.watch = this.options.coordination.watch(trunkKeys, (entries) => this.follow(entries))
  }

  close(): void {
    this.watch?.cancel()
    for (const { done } of this.tests) done()
  }

  all(): TrunkStatus[] {
    return this.options.configuration.current().objects.trunks.map(({ name }) => this.status(name))
  }

  has(name: string): boolean {
    return this.options.configuration.current().trunk(name) !== undefined
  }

  /** Every proxy asks its servers now; what is known in 40 s, of whom does not answer then the last that was known. */
  async test(trunk: string): Promise<TrunkStatus> {
    const { coordination, runtime } = this.options
    const id = runtime.random.hex(8)
    const announcement = await coordination.announce(`${trunkTestKeys}${trunk}`, id)
    await new Promise<void>((resolve) => {
      const limit = runtime.clock.after(testWithin, () => test.done())
      const test: Test = {
        trunk,
        id,
        done: () => {
          limit.cancel()
          this.tests.delete(test)
          resolve()
        },
      }
      this.tests.add(test)
    })
    await announcement.withdraw()
    return this.status(trunk)
  }

  private status(name: string): TrunkStatus {
    const known = [...this.proxies].flatMap(([proxy, trunks]) => {
      const status = trunks[name]
      return status === undefined ? [] : [[proxy, status] as const]
    })
    return { name, proxies: Object.fromEntries(known) }
  }

  private follow(entries: ReadonlyMap<string, string>) {
    this.proxies.clear()
    for (const [key, value] of entries) {
      const [, dc, name] = key.split('/')
      this.proxies.set(`${name}.${dc}`, JSON.parse(value) as Record<string, TrunkAtProxy>)
    }
    for (const test of [...this.tests]) {
      const all = Object.values(this.status(test.trunk).proxies)
      if (all.length > 0 && all.every(({ tested }) => tested === test.id)) test.done()
    }
  }
}
