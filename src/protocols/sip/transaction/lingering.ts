/**
 * Transactions that have said all they have to say and only take in what comes again, each for the same time: whoever
 * came first goes first, so one list and one timer serve them all. A timer each would be a fifth of what a proxy
 * remembers of a call.
 */
import type { Clock, Timer } from '#platform/runtime/runtime.ts'

export interface Lingerer {
  /** When its time is over, in whole ms; for `Lingering` alone, like the next. */
  until: number
  after: Lingerer | undefined
  /** Its time is over; it may have ended before. */
  lingered(): void
}

export class Lingering {
  private readonly clock: Clock
  private readonly ms: number
  private first: Lingerer | undefined
  private last: Lingerer | undefined
  private timer: Timer | undefined

  constructor(clock: Clock, ms: number) {
    this.clock = clock
    this.ms = ms
  }

  /** Once for each, until it has lingered. */
  add(one: Lingerer): void {
    one.until = Math.ceil(this.clock.monotonic()) + this.ms
    if (this.last === undefined) this.first = one
    else this.last.after = one
    this.last = one
    this.timer ??= this.clock.after(this.ms, this.expire)
  }

  /** Forgets them all. */
  clear(): void {
    this.timer?.cancel()
    this.timer = undefined
    this.first = undefined
    this.last = undefined
  }

  private readonly expire = (): void => {
    this.timer = undefined
    const now = this.clock.monotonic()
    try {
      for (let one = this.first; one !== undefined && one.until <= now; one = this.first) {
        this.first = one.after
        if (this.first === undefined) this.last = undefined
        // Else what has gone would hold what came after it, and the collector would take long to see through it.
        one.after = undefined
        one.lingered()
      }
    } finally {
      if (this.first !== undefined) this.timer ??= this.clock.after(this.first.until - now, this.expire)
    }
  }
}
