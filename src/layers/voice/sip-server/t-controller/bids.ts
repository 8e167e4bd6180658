/**
 * The bids for one agent: granted at once while one router has calls for him, after a short wait where several do, so
 * that the best call gets him and not the nearest router's.
 */
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import { type Bid, bestOf } from './bid.ts'

/** ms to wait for the bids of other routers. */
const wait = 10
/** A router that has bid so recently is taken to have calls for the agent still. */
const recent = 10_000

export class Bids {
  private readonly clock: Clock
  private readonly take: (bid: Bid) => void
  private readonly refuse: (bid: Bid) => void
  private readonly routers = new Map<string, number>()
  private waiting: Bid[] = []
  private timer: Timer | undefined

  /** `take` gets the best, `refuse` the others. */
  constructor(clock: Clock, take: (bid: Bid) => void, refuse: (bid: Bid) => void) {
    this.clock = clock
    this.take = take
    this.refuse = refuse
  }

  bid(bid: Bid) {
    const now = this.clock.monotonic()
    this.routers.set(bid.router, now)
    if (this.waiting.length === 0 && !this.others(bid.router, now)) return this.take(bid)
    this.waiting.push(bid)
    this.timer ??= this.clock.after(wait, () => this.decide())
  }

  /** Whoever still waits for a decision is refused. */
  close(): void {
    this.timer?.cancel()
    for (const bid of this.waiting.splice(0)) this.refuse(bid)
  }

  private others(router: string, now: number): boolean {
    for (const [name, at] of this.routers) {
      if (now - at > recent) this.routers.delete(name)
      else if (name !== router) return true
    }
    return false
  }

  private decide(): void {
    this.timer = undefined
    const bids = this.waiting
    this.waiting = []
    const best = bestOf(bids)
    for (const bid of bids) if (bid !== best) this.refuse(bid)
    if (best) this.take(best)
  }
}
