/** A token bucket: filled steadily up to a size, emptied by what is taken. Whoever keeps it says what time it is (ms). */

export type Rate = { readonly perSecond: number; readonly burst: number }

export class TokenBucket {
  private tokens: number
  private at: number

  /** It begins full. */
  constructor({ burst }: Rate, now: number) {
    this.tokens = burst
    this.at = now
  }

  /** Takes so many where they are there, else none. */
  take(rate: Rate, now: number, count = 1): boolean {
    this.fill(rate, now)
    if (this.tokens < count) return false
    this.tokens -= count
    return true
  }

  /** Puts some back. */
  give(rate: Rate, now: number, count: number): void {
    this.fill(rate, now)
    this.tokens = Math.min(rate.burst, this.tokens + count)
  }

  private fill({ perSecond, burst }: Rate, now: number) {
    this.tokens = Math.min(burst, this.tokens + ((now - this.at) * perSecond) / 1000)
    this.at = now
  }
}
