/**
 * Whom the proxy listens to. Trunks and trusted addresses are never limited. Everybody else has a rate of new requests,
 * and so many failures; who is past them is banned for a while and hears nothing at all. Those who have not proved yet
 * who they are share one rate more: their addresses may be forged. Requests in a dialog, and what ends one, are taken
 * from everybody who is not banned.
 */
import type { Log } from '#platform/log/log.ts'
import type { Clock } from '#platform/runtime/runtime.ts'
import { type AddressRange, addressRange } from '#protocols/model/address-range.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { Guard } from '#protocols/sip/transport/guard.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { type Rate, TokenBucket } from '../../model/token-bucket.ts'
import type { Config } from '../config.ts'
import { type Source, Sources } from './sources.ts'

/** Why something was not looked at. */
export type Ignored = 'banned' | 'scanner' | 'rate' | 'strangers'
/** What a source is banned for. */
export type Offence =
  | 'requests without credentials'
  | 'requests of no dialog'
  | 'wrong credentials'
  | 'refused requests'
  | 'malformed messages'

/** What each takes of the failures a source has. A challenge is the first half of every good registration. */
const costs: Readonly<Record<Offence, number>> = {
  'requests without credentials': 1,
  'requests of no dialog': 1,
  'malformed messages': 5,
  'refused requests': 20,
  'wrong credentials': 20,
}
/** What good credentials give back: the challenge before them, and a bit. */
const credit = 2
/** How long good credentials are remembered: longer than a registration lasts. */
const verifiedMs = 3_600_000
/** How long it is remembered whether an address is a trunk's: the configuration changes, and so do a provider's servers. */
const trustMs = 5_000

export type DefenceOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly config: Config['defence']
  /** Whether a trunk's calls come from there. */
  readonly isTrunk: (from: Hop) => boolean
  ignored(why: Ignored): void
  banned(because: Offence): void
}

export class Defence implements Guard {
  private readonly options: DefenceOptions
  private readonly sources: Sources
  private readonly trusted: readonly AddressRange[]
  private readonly scanners: readonly string[]
  private readonly requests: Rate
  private readonly failures: Rate
  private readonly strangers: Rate
  private readonly ofStrangers: TokenBucket
  /** Of the last datagram or chunk: what is in it is asked about next. */
  private lastHost = ''
  private last: Source | undefined

  constructor(options: DefenceOptions) {
    const { config, clock } = options
    this.options = options
    this.requests = config.requests
    this.failures = config.failures
    this.strangers = config.strangers
    this.sources = new Sources({ requests: this.requests, failures: this.failures }, config.sources)
    this.trusted = config.trusted.flatMap((text) => addressRange(text) ?? [])
    this.scanners = config.scanners.map((name) => name.toLowerCase())
    this.ofStrangers = new TokenBucket(this.strangers, clock.monotonic())
  }

  /** Sources banned at present. */
  get bans(): number {
    return this.sources.banned(this.now)
  }

  /** Guard: before anything is read. */
  admits(from: Hop): boolean {
    const source = this.of(from)
    if (source.bannedUntil === 0 || source.trusted || !source.isBanned(this.now)) return true
    return this.ignore('banned')
  }

  /** Guard. */
  takes(message: Message, from: Hop): boolean {
    const source = this.of(from)
    if (source.trusted || !isNew(message)) return true
    const { now } = this
    if (this.isScanner(message)) return this.ignore('scanner')
    if (!source.requests.take(this.requests, now)) return this.ignore('rate')
    if (source.slowUntil > now && !source.failures.take(this.failures, now)) return this.ignore('rate')
    if (!source.isVerified(now) && !this.ofStrangers.take(this.strangers, now)) return this.ignore('strangers')
    return true
  }

  /** Guard: what cannot be read is a failure, and its sender a stranger. */
  unreadable(from: Hop): boolean {
    const source = this.of(from)
    if (source.trusted) return true
    this.failed(source, from, 'malformed messages')
    return !source.isBanned(this.now) && this.ofStrangers.take(this.strangers, this.now)
  }

  /** Whether its address may be somebody else's: nobody has proved over UDP yet that he hears what is sent there. */
  mayBeForged(from: Hop): boolean {
    const source = this.of(from)
    return from.protocol === 'UDP' && !source.trusted && !source.isVerified(this.now)
  }

  /** Whether its requests are to be judged by their answers. */
  watches(from: Hop): boolean {
    return !this.of(from).trusted
  }

  /** A request was refused for what it asks of a proxy. */
  refused(from: Hop): void {
    const source = this.of(from)
    if (!source.trusted) this.failed(source, from, 'refused requests')
  }

  /**
   * The final response to a request of a source that is watched. Nodes that end may leave phones with dialogs that are
   * gone; whoever sends many more such requests wants to pass by the rate of new ones. A call is refused with 403 after its credentials have
   * been found good: by a carrier as a rule, or because of its number, and many a phone may stand behind one address.
   */
  answered(request: Message, from: Hop, response: Message): void {
    const { status } = response
    const source = this.of(from)
    if (source.trusted) return
    if (request.toTag !== '') {
      if (status === 481) this.failed(source, from, 'requests of no dialog')
      return
    }
    const proves = request.header('Authorization') !== undefined || request.header('Proxy-Authorization') !== undefined
    if (status < 300 && proves) this.verified(source)
    else if (status === 401 || status === 407) {
      if (!proves) this.failed(source, from, 'requests without credentials')
      else if (!isStale(response)) this.failed(source, from, 'wrong credentials')
    } else if (status === 403 && !(proves && request.method === 'INVITE')) this.failed(source, from, 'refused requests')
  }

  private get now(): number {
    return this.options.clock.monotonic()
  }

  /** One look-up for all that is asked about one datagram. */
  private of(from: Hop): Source {
    const { host } = from
    const { now } = this
    if (this.last === undefined || this.lastHost !== host) {
      this.last = this.sources.of(host, now)
      this.lastHost = host
    }
    if (this.last.judgedUntil <= now) {
      this.last.judgedUntil = now + trustMs
      this.last.trusted = this.trusted.some((range) => range.contains(host)) || this.options.isTrunk(from)
    }
    return this.last
  }

  private ignore(why: Ignored): false {
    this.options.ignored(why)
    return false
  }

  private isScanner(message: Message): boolean {
    const product = message.header('User-Agent')?.toLowerCase()
    return product !== undefined && this.scanners.some((name) => product.includes(name))
  }

  private verified(source: Source) {
    source.verifiedUntil = this.now + verifiedMs
    source.failures.give(this.failures, this.now, credit)
  }

  /**
   * Who shares an address with one who has proved himself, or forges it, must not be able to have him banned: there is
   * less for all of them instead.
   */
  private failed(source: Source, { host }: Hop, offence: Offence) {
    const { config, log, banned } = this.options
    const { now } = this
    if (source.failures.take(this.failures, now, costs[offence]) || config.banSeconds === 0) return
    const until = now + config.banSeconds * 1000
    if (source.isVerified(now)) {
      source.slowUntil = until
      return
    }
    if (source.isBanned(now)) return
    source.bannedUntil = until
    banned(offence)
    log.warn({ source: host, seconds: config.banSeconds, because: offence }, 'banned a source')
  }
}

/** Begins something; ACK and CANCEL belong to what has begun. */
const isNew = (message: Message): boolean =>
  message.isRequest && message.method !== 'ACK' && message.method !== 'CANCEL' && message.toTag === ''

const isStale = (response: Message): boolean =>
  ['WWW-Authenticate', 'Proxy-Authenticate'].some((name) => /stale\s*=\s*"?true/i.test(response.header(name) ?? ''))
