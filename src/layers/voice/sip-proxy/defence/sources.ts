/**
 * What is remembered of those who send to us from outside, by their address. Addresses can be forged at no cost, so
 * there are never more than so many; who is banned or has proved who he is, is forgotten last.
 */
import { networkOf } from '#platform/numeric-address.ts'
import { type Rate, TokenBucket } from '../../model/token-bucket.ts'

/** What a source is banned for. */
export type Offence =
  | 'requests without credentials'
  | 'requests of no dialog'
  | 'failed handshakes'
  | 'wrong credentials'
  | 'refused requests'
  | 'malformed messages'

/** Of one source; `strangers`: of all together that have not proved who they are. */
export type Rates = {
  readonly requests: Rate
  readonly inDialog: Rate
  readonly failures: Rate
  readonly strangers: Rate
}

export class Source {
  readonly requests: TokenBucket
  /** Apart from its requests, at the same rate: an office that comes back has both at once. */
  readonly connections: TokenBucket
  /** Of what belongs to something that has begun. */
  readonly inDialog: TokenBucket
  /** Empty: it has failed too often. */
  readonly failures: TokenBucket
  /** Until then its good credentials are remembered. */
  verifiedUntil = 0
  /** Until then nothing of it is taken. 0: not banned. */
  bannedUntil = 0
  /** What it is banned for. */
  offence: Offence | undefined
  /** Until then it has as many new requests as it regains failures. */
  slowUntil = 0

  constructor(rates: Rates, now: number) {
    this.requests = new TokenBucket(rates.requests, now)
    this.connections = new TokenBucket(rates.requests, now)
    this.inDialog = new TokenBucket(rates.inDialog, now)
    this.failures = new TokenBucket(rates.failures, now)
  }

  isBanned(now: number): boolean {
    return this.bannedUntil > now
  }
  isVerified(now: number): boolean {
    return this.verifiedUntil > now
  }
}

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
  /** Of those who have not proved who they are: what begins something, and what belongs to it. */
  private readonly beginning: TokenBucket
  private readonly following: TokenBucket
  private younger = new Map<string, Source>()
  private older = new Map<string, Source>()
  /** What was asked for last: several things are asked about each packet. */
  private lastHost = ''
  private last: Source | undefined

  constructor(rates: Rates, limit: number, idle: number) {
    this.rates = rates
    this.half = Math.floor(limit / 2)
    this.mostKept = Math.floor(limit * shareKept)
    this.beginning = new TokenBucket(rates.strangers, idle)
    this.following = new TokenBucket(rates.strangers, idle)
  }

  get size(): number {
    return this.younger.size + this.older.size
  }

  of(host: string, now: number): Source {
    if (this.last === undefined || this.lastHost !== host) {
      this.last = this.ofNetwork(networkOf(host), now)
      this.lastHost = host
    }
    return this.last
  }

  /**
   * Takes one of what strangers share. It grows in idle time alone (ms of the event loop so far), so strangers get what those
   * who are known leave over: a flood of them makes nobody wait, and an idle proxy takes a whole office at once.
   */
  takeOfStrangers(begins: boolean, idle: number): boolean {
    return (begins ? this.beginning : this.following).take(this.rates.strangers, idle)
  }

  /** Those banned at present, by their network, the longest ago first. */
  banned(now: number): (readonly [network: string, Source])[] {
    return [...this.older, ...this.younger]
      .filter(([, source]) => source.isBanned(now))
      .sort(([, one], [, other]) => one.bannedUntil - other.bannedUntil)
  }

  /** Whether it was banned; it begins anew. */
  lift(network: string, now: number): boolean {
    const source = this.younger.get(network) ?? this.older.get(network)
    if (!source?.isBanned(now)) return false
    this.younger.delete(network)
    this.older.delete(network)
    this.last = undefined
    return true
  }

  private ofNetwork(network: string, now: number): Source {
    const known = this.younger.get(network)
    if (known !== undefined) return known
    const source = this.older.get(network) ?? new Source(this.rates, now)
    if (this.younger.size >= this.half) this.age(now)
    this.older.delete(network)
    this.younger.set(network, source)
    return source
  }

  private age(now: number) {
    const kept = [...this.older].filter(([, source]) => source.isBanned(now) || source.isVerified(now))
    this.older = this.younger
    this.younger = new Map(kept.slice(-this.mostKept))
  }
}
