/**
 * Whom the proxy listens to. Trunks and trusted addresses are never limited. Everybody else has a rate of new requests,
 * one of what belongs to something that has begun, and so many failures; who is past them is banned for a while and
 * hears nothing at all. Those who have not proved yet who they are share one rate more. What anybody may have written
 * in the name of an address is held against that alone: who shows that he is there has his own limits.
 */
import type { Log } from '#platform/log/log.ts'
import type { Clock } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import type { BanAtProxy, BanOrders } from '#protocols/model/http/bans.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { Guard } from '#protocols/sip/transport/guard.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import type { Config } from '../config.ts'
import { OrderedBans } from './ordered-bans.ts'
import type { Proof } from './proof.ts'
import { type Offence, type Source, Sources } from './sources.ts'
import { Trust } from './trust.ts'

/** Why something was not looked at. */
export type Ignored = 'banned' | 'ordered' | 'scanner' | 'rate' | 'in-dialog' | 'strangers'
/** What each takes of the failures a source has. A challenge is the first half of every good registration. */
const costs: Readonly<Record<Offence, number>> = {
  'requests without credentials': 1,
  'requests of no dialog': 1,
  'failed handshakes': 1,
  'malformed messages': 5,
  'refused requests': 20,
  'wrong credentials': 20,
}
/** What good credentials give back: the challenge before them, and a bit. */
const credit = 2
/** How long good credentials are remembered: longer than a registration lasts. */
const verifiedMs = 3_600_000
/** Of its own bans so many are told to operators. */
const mostListed = 500

export type DefenceOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly config: Config['defence']
  readonly proof: Proof
  /** Whether a trunk's calls come from there. */
  readonly isTrunk: (from: Hop) => boolean
  ignored(why: Ignored): void
  banned(because: Offence): void
  lifted(): void
  /** Bans have been made or lifted. */
  changed(): void
}

export class Defence implements Guard {
  private readonly options: DefenceOptions
  private readonly trust: Trust
  /** Who shows that he is at his address: by a connection, or by what a datagram repeats. */
  private readonly shown: Sources
  /** Who sent datagrams that show nothing: perhaps somebody else. */
  private readonly claimed: Sources
  private readonly ordered = new OrderedBans()
  /** Lifts that have been done, of those that are ordered. */
  private lifted: ReadonlySet<string> = new Set()
  private readonly scanners: readonly string[]

  constructor(options: DefenceOptions) {
    const { config, clock, isTrunk } = options
    this.options = options
    const { trusted, sources } = config
    this.trust = new Trust({ clock, trusted, limit: sources, isTrunk })
    this.shown = new Sources(config, sources, this.idle)
    this.claimed = new Sources(config, sources, this.idle)
    this.scanners = config.scanners.map((name) => name.toLowerCase())
  }

  /** How many sources are banned at present: by itself, and by order. */
  get bans(): { readonly own: number; readonly ordered: number } {
    const { now } = this
    const own = this.shown.banned(now).length + this.claimed.banned(now).length
    return { own, ordered: this.ordered.count(this.options.clock.wall()) }
  }

  /** The newest of its own bans, the longest ago first. */
  get list(): readonly BanAtProxy[] {
    const { now } = this
    const wall = this.options.clock.wall()
    const told = (sources: Sources, over: BanAtProxy['over']): BanAtProxy[] =>
      sources.banned(now).map(([source, { bannedUntil, offence = 'refused requests' }]) => {
        return { source, over, because: offence, until: timestamp(wall + bannedUntil - now) }
      })
    return [...told(this.claimed, 'datagrams'), ...told(this.shown, 'connections')].slice(-mostListed)
  }

  /** What operators want: their bans instead of those before, and to have bans lifted, once. */
  obey({ bans, lifts }: BanOrders): void {
    this.ordered.set(bans)
    for (const { id, source } of lifts) if (!this.lifted.has(id)) this.lift(source)
    this.lifted = new Set(lifts.map(({ id }) => id))
  }

  /** Guard: before anything is read. What an address is banned for may be somebody else's: who may show so is read. */
  admits(from: Hop, bytes?: Buffer): boolean {
    if (this.ordered.holds(from.host, this.options.clock.wall())) return this.ignore('ordered')
    const source = this.sourcesOf(from).of(from.host, this.now)
    if (source.bannedUntil === 0 || !source.isBanned(this.now) || this.trust.includes(from)) return true
    return (from.protocol === 'UDP' && bytes !== undefined && mayShow(bytes)) || this.ignore('banned')
  }

  /** Guard: a source may open as many connections as it may send new requests. */
  connects(from: Hop): boolean {
    if (!this.admits(from)) return false
    const { now } = this
    const { connections } = this.shown.of(from.host, now)
    return this.trust.includes(from) || connections.take(this.options.config.requests, now) || this.ignore('rate')
  }

  /** Guard: an office may have phones that do not believe our certificate, beside others that have proved themselves. */
  failedHandshake(from: Hop): void {
    const source = this.shown.of(from.host, this.now)
    if (this.watches(from) && !source.isVerified(this.now)) this.failed(source, from, 'failed handshakes')
  }

  /** Guard. */
  takes(message: Message, from: Hop): boolean {
    if (!message.isRequest || this.trust.includes(from)) return true
    const begins = isNew(message)
    if (begins && this.isScanner(message)) return this.ignore('scanner')
    const objection = this.objection(this.sourcesOf(from), from, begins)
    if (objection === undefined) return true
    if (!this.showsByDatagram(message, from)) return this.ignore(objection)
    const other = this.objection(this.shown, from, begins)
    return other === undefined || this.ignore(other)
  }

  /** Guard: what cannot be read is a failure, and its sender a stranger. */
  unreadable(from: Hop): boolean {
    if (this.trust.includes(from)) return true
    const { now } = this
    const sources = this.sourcesOf(from)
    const source = sources.of(from.host, now)
    this.failed(source, from, 'malformed messages')
    return !source.isBanned(now) && sources.takeOfStrangers(true, this.idle)
  }

  /** Whether its address may be somebody else's: nobody has proved over UDP yet that he hears what is sent there. */
  mayBeForged(from: Hop): boolean {
    return from.protocol === 'UDP' && !this.claimed.of(from.host, this.now).isVerified(this.now) && this.watches(from)
  }

  /** Guard. */
  limits(from: Hop): boolean {
    return this.watches(from)
  }

  /** Whether its requests are to be judged by their answers. */
  watches(from: Hop): boolean {
    return !this.trust.includes(from)
  }

  /** A request was refused for what it asks of a proxy. */
  refused(request: Message, from: Hop): void {
    if (this.watches(from)) this.failed(this.senderOf(request, from), from, 'refused requests')
  }

  /**
   * The final response to a request of a source that is watched, as it is to go there. Nodes that end may leave phones
   * with dialogs that are gone; whoever sends many more such requests wants to pass by the rate of new ones.
   */
  answered(request: Message, from: Hop, response: Message): Message {
    if (!this.watches(from)) return response
    const offence = offenceOf(request, response)
    if (offence !== undefined) this.failed(this.senderOf(request, from), from, offence)
    else if (response.status < 300 && isAuthenticated(request)) this.verified(request, from)
    return from.protocol === 'UDP' && isChallenge(response) ? this.options.proof.marked(response, from) : response
  }

  private get now(): number {
    return this.options.clock.monotonic()
  }

  /** ms in which the event loop had nothing to do. */
  private get idle(): number {
    const { clock } = this.options
    return clock.monotonic() - clock.busy()
  }

  private sourcesOf(from: Hop): Sources {
    return from.protocol === 'UDP' ? this.claimed : this.shown
  }

  private showsByDatagram(request: Message, from: Hop): boolean {
    return from.protocol === 'UDP' && this.options.proof.shows(request, from)
  }

  /** Who has to answer for a request. */
  private senderOf(request: Message, from: Hop): Source {
    const sources = this.showsByDatagram(request, from) ? this.shown : this.sourcesOf(from)
    return sources.of(from.host, this.now)
  }

  /** Why a request is not taken; undefined: it is. */
  private objection(sources: Sources, { host }: Hop, begins: boolean): Ignored | undefined {
    const { now } = this
    const { requests, inDialog, failures } = this.options.config
    const source = sources.of(host, now)
    if (source.isBanned(now)) return 'banned'
    if (begins) {
      if (!source.requests.take(requests, now)) return 'rate'
      if (source.slowUntil > now && !source.failures.take(failures, now)) return 'rate'
    } else if (!source.inDialog.take(inDialog, now)) return 'in-dialog'
    return source.isVerified(now) || sources.takeOfStrangers(begins, this.idle) ? undefined : 'strangers'
  }

  private lift(network: string) {
    const { now } = this
    const { log, lifted, changed } = this.options
    const held = [this.claimed, this.shown].filter((sources) => sources.lift(network, now))
    if (held.length === 0) return
    lifted()
    log.warn({ source: network }, 'lifted the ban of a source')
    changed()
  }

  private ignore(why: Ignored): false {
    this.options.ignored(why)
    return false
  }

  private isScanner(message: Message): boolean {
    const product = message.header('User-Agent')?.toLowerCase()
    return product !== undefined && this.scanners.some((name) => product.includes(name))
  }

  /** What is given back was taken where the challenge was sent, before its answer could show anything. */
  private verified(request: Message, from: Hop) {
    const { now } = this
    for (const source of new Set([this.sourcesOf(from).of(from.host, now), this.senderOf(request, from)])) {
      source.verifiedUntil = now + verifiedMs
      source.failures.give(this.options.config.failures, now, credit)
    }
  }

  /**
   * Who shares an address with one who has proved himself, or forges it, must not be able to have him banned: there is
   * less for all of them instead.
   */
  private failed(source: Source, { host }: Hop, offence: Offence) {
    const { config, log, banned, changed } = this.options
    const { now } = this
    if (source.failures.take(config.failures, now, costs[offence]) || config.banSeconds === 0) return
    const until = now + config.banSeconds * 1000
    if (source.isVerified(now)) {
      source.slowUntil = until
      return
    }
    if (source.isBanned(now)) return
    source.bannedUntil = until
    source.offence = offence
    banned(offence)
    changed()
    log.warn({ source: host, seconds: config.banSeconds, because: offence }, 'banned a source')
  }
}

/**
 * What a request has to be held against its sender for, by its final response. A call is refused with 403 after its
 * credentials have been found good: by a carrier as a rule, or because of its number, and many a phone may stand behind
 * one address.
 */
function offenceOf(request: Message, response: Message): Offence | undefined {
  const { status } = response
  if (request.toTag !== '') return status === 481 ? 'requests of no dialog' : undefined
  const proving = proves(request)
  if (isChallenge(response)) {
    if (!proving) return 'requests without credentials'
    return isStale(response) ? undefined : 'wrong credentials'
  }
  return status === 403 && !(proving && request.method === 'INVITE') ? 'refused requests' : undefined
}

const proves = (request: Message): boolean =>
  request.header('Authorization') !== undefined || request.header('Proxy-Authorization') !== undefined

/** Nodes ask for credentials in these alone: whatever stands in OPTIONS is not looked at. */
const authenticated = new Set(['REGISTER', 'INVITE', 'SUBSCRIBE'])

/** Whether an answer that is no refusal says that its credentials are good. */
const isAuthenticated = (request: Message): boolean =>
  request.toTag === '' && authenticated.has(request.method) && proves(request)

const isChallenge = ({ status }: Message): boolean => status === 401 || status === 407

/** Begins something; ACK and CANCEL belong to what has begun. */
const isNew = (message: Message): boolean =>
  message.isRequest && message.method !== 'ACK' && message.method !== 'CANCEL' && message.toTag === ''

const statusLine = Buffer.from('SIP/2.0 ')

/**
 * Whether a datagram may repeat what only its address was told, written as we wrote it; or is a response, which goes to
 * who asked for it or nowhere.
 */
const mayShow = (bytes: Buffer): boolean =>
  bytes.includes('opaque') || bytes.includes(';flow=') || bytes.subarray(0, statusLine.length).equals(statusLine)

const isStale = (response: Message): boolean =>
  ['WWW-Authenticate', 'Proxy-Authenticate'].some((name) => /stale\s*=\s*"?true/i.test(response.header(name) ?? ''))
