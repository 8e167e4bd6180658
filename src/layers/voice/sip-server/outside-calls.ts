/**
 * Toll fraud: what each of our DNs may call outside. Every leg that goes out on its behalf counts: those it dials,
 * those it transfers or refers others to, those asked for through its desktop.
 */
import type { Clock } from '#platform/runtime/runtime.ts'
import type { Configuration } from '#protocols/model/configuration.ts'
import { type Rate, TokenBucket } from '../model/token-bucket.ts'
import type { OutsideCounts } from './session-controller/ports.ts'

type Count = { active: number; readonly begun: TokenBucket }

/** Beyond it DNs with no call are forgotten. */
const most = 10_000

export class OutsideCalls implements OutsideCounts {
  private readonly clock: Clock
  private readonly configuration: () => Configuration
  private readonly counts = new Map<string, Count>()

  constructor(clock: Clock, configuration: () => Configuration) {
    this.clock = clock
    this.configuration = configuration
  }

  /**
   * `forbidden`: that number is not for this DN; `limit`: it has too many calls, or began too many in a minute. Emergency
   * calls are counted, and never refused.
   */
  take(dn: string, number: string): 'forbidden' | 'limit' | undefined {
    const configuration = this.configuration()
    const { outsideCalls, outsideCallsPerMinute } = configuration.settings
    const count = this.of(dn, rateOf(outsideCallsPerMinute))
    if (!configuration.isEmergency(number)) {
      if (!configuration.mayCallOutside(dn, number)) return 'forbidden'
      const now = this.clock.monotonic()
      if (count.active >= outsideCalls || !count.begun.take(rateOf(outsideCallsPerMinute), now)) return 'limit'
    }
    count.active++
    return undefined
  }

  release(dn: string): void {
    const count = this.counts.get(dn)
    if (count !== undefined && count.active > 0) count.active--
  }

  /** Legs there are now. */
  get active(): number {
    let active = 0
    for (const count of this.counts.values()) active += count.active
    return active
  }

  private of(dn: string, rate: Rate): Count {
    const known = this.counts.get(dn)
    if (known !== undefined) return known
    if (this.counts.size >= most) this.forget()
    const count = { active: 0, begun: new TokenBucket(rate, this.clock.monotonic()) }
    this.counts.set(dn, count)
    return count
  }

  private forget() {
    for (const [dn, { active }] of this.counts) if (active === 0) this.counts.delete(dn)
  }
}

const rateOf = (perMinute: number): Rate => ({ perSecond: perMinute / 60, burst: perMinute })
