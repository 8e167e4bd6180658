/** How many calls each trunk has at this node and had begun in the last second, against what it may have. */
import type { Clock } from '#platform/runtime/runtime.ts'
import type { Configuration } from '#protocols/model/configuration.ts'

type Count = { calls: number; second: number; begun: number }

export class TrunkLimits {
  private readonly clock: Clock
  private readonly configuration: () => Configuration
  private readonly counts = new Map<string, Count>()

  constructor(clock: Clock, configuration: () => Configuration) {
    this.clock = clock
    this.configuration = configuration
  }

  /** Counts one leg by this trunk more; false where it may not have it. Emergency calls are counted, and never refused. */
  take(name: string, number: string): boolean {
    const configuration = this.configuration()
    const { mostCalls = Infinity, callsPerSecond = Infinity } = configuration.trunk(name) ?? {}
    const count = this.countOf(name)
    const second = Math.floor(this.clock.monotonic() / 1000)
    if (second !== count.second) Object.assign(count, { second, begun: 0 })
    const full = count.calls >= mostCalls || count.begun >= callsPerSecond
    if (full && !configuration.isEmergency(number)) return false
    count.calls++
    count.begun++
    return true
  }

  /** The leg has ended. */
  release(name: string): void {
    this.countOf(name).calls--
  }

  private countOf(name: string): Count {
    const known = this.counts.get(name) ?? { calls: 0, second: 0, begun: 0 }
    this.counts.set(name, known)
    return known
  }
}
