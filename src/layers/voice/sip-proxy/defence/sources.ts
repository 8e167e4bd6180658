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

/** So many of the oldest are looked at for one to forget. */
const attempts = 8

export class Sources {
  private readonly rates: Rates
  private readonly limit: number
  private readonly byNetwork = new Map<string, Source>()

  constructor(rates: Rates, limit: number) {
    this.rates = rates
    this.limit = limit
  }

  get size(): number {
    return this.byNetwork.size
  }

  of(host: string, now: number): Source {
    const network = networkOf(host)
    const known = this.byNetwork.get(network)
    if (known !== undefined) return known
    if (this.byNetwork.size >= this.limit) this.forget(now)
    const source = new Source(this.rates, now)
    this.byNetwork.set(network, source)
    return source
  }

  banned(now: number): number {
    let count = 0
    for (const source of this.byNetwork.values()) if (source.isBanned(now)) count++
    return count
  }

  /** The oldest of no interest; where there is none among the first, the oldest. */
  private forget(now: number) {
    for (let attempt = 1; ; attempt++) {
      const [oldest] = this.byNetwork
      if (oldest === undefined) return
      const [network, source] = oldest
      this.byNetwork.delete(network)
      const matters = source.trusted || source.isBanned(now) || source.isVerified(now)
      if (!matters || attempt === attempts) return
      this.byNetwork.set(network, source)
    }
  }
}
