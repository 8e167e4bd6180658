/**
 * What is remembered of those who send to us from outside, by their address. Addresses can be forged at no cost, so
 * there are never more than so many; who is banned or has proved who he is, is forgotten last.
 */
import { networkOf } from '#platform/numeric-address.ts'
import { type Rate, TokenBucket } from '../../model/token-bucket.ts'

export class Source {
  readonly requests: TokenBucket
  /** Empty: it has failed too often. */
  readonly failures: TokenBucket
  trusted = false
  /** Until then `trusted` is believed. */
  judgedUntil = 0
  /** Until then its good credentials are remembered. */
  verifiedUntil = 0
  /** Until then nothing of it is read. 0: not banned. */
  bannedUntil = 0
  /** Until then it has as many new requests as it regains failures. */
  slowUntil = 0

  constructor(rates: Rates, now: number) {
    this.requests = new TokenBucket(rates.requests, now)
    this.failures = new TokenBucket(rates.failures, now)
  }

  isBanned(now: number): boolean {
    return this.bannedUntil > now
  }
  isVerified(now: number): boolean {
    return this.verifiedUntil > now
  }
}

/** Of one source. */
export type Rates = { readonly requests: Rate; readonly failures: Rate }

/** Of all that may be remembered so much is kept of those that matter when the others are forgotten. */
const shareKept = 0.4

/**
 * Two generations: the older one is forgotten as a whole, but for those that matter. Taking the oldest out of a `Map` one
 * by one walks over the places of all that were taken out before, which is dear when addresses are forged.
 */
export class Sources {
  private readonly rates: Rates
  private readonly half: number
  private readonly mostKept: number
  private younger = new Map<string, Source>()
  private older = new Map<string, Source>()

  constructor(rates: Rates, limit: number) {
    this.rates = rates
    this.half = Math.floor(limit / 2)
    this.mostKept = Math.floor(limit * shareKept)
  }

  get size(): number {
    return this.younger.size + this.older.size
  }

  of(host: string, now: number): Source {
    const network = networkOf(host)
    const known = this.younger.get(network)
    if (known !== undefined) return known
    const source = this.older.get(network) ?? new Source(this.rates, now)
    if (this.younger.size >= this.half) this.age(now)
    this.older.delete(network)
    this.younger.set(network, source)
    return source
  }

  banned(now: number): number {
    let count = 0
    for (const sources of [this.younger, this.older])
      for (const source of sources.values()) if (source.isBanned(now)) count++
    return count
  }

  private age(now: number) {
    const kept = [...this.older].filter(
      ([, source]) => source.trusted || source.isBanned(now) || source.isVerified(now),
    )
    this.older = this.younger
    this.younger = new Map(kept.slice(-this.mostKept))
  }
}
