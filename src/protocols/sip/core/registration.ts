/**
 * Keeps an address of record registered (RFC 3261 §10.2): refreshed in time, challenges answered (§22.2), another proxy
 * tried where one does not answer, with the waits of RFC 5626 §4.5.
 */
import type { Log } from '#platform/log/log.ts'
import { fraction } from '#platform/runtime/fraction.ts'
import type { Runtime, Timer } from '#platform/runtime/runtime.ts'
import type { Fields } from '../message/draft.ts'
import { MalformedMessage } from '../message/errors.ts'
import { contactsOf } from '../message/headers/contact.ts'
import { expiresSeconds } from '../message/headers/expires.ts'
import { parseNameAddr } from '../message/headers/name-addr.ts'
import { parseURI, sameURI } from '../message/headers/uri.ts'
import type { Message } from '../message/message.ts'
import { answerChallenge, type Identity, whyUnanswered } from './digest-client.ts'
import type { RequestOutcome } from './session.ts'
import type { UserAgent } from './user-agent.ts'

export type RegistrationOptions = {
  readonly userAgent: Pick<UserAgent, 'request'>
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  readonly log: Log
  /** The address of record as a name-addr without tag: To and From. */
  readonly addressOfRecord: string
  /** Request-URI: the domain of the registrar, e.g. `sip:ringmain`. */
  readonly registrar: string
  /** Where we are reached: a Contact value. */
  readonly contact: string
  /** Proxies as Route values; one is kept as long as it answers. None: the Request-URI says where to go. */
  readonly proxies: readonly string[]
  readonly identity: Identity
  /** Seconds asked for; the registrar decides. */
  readonly expires?: number
  /** Waits after a refusal, in ms: the same request would be refused again, and too many of them lock accounts. */
  readonly refusal?: Waits
  /** Whether the registrar has our binding, each time this changes. */
  changed?(registered: boolean): void
  /** What came of each attempt. */
  told?(report: RegistrationReport): void
}

/** `reason`: why there is no binding, in words; '' while there is. `proxy`: which one was asked, from 0. */
export type RegistrationReport = { readonly registered: boolean; readonly reason: string; readonly proxy: number }

/** The first wait doubles with each failure, up to the longest. */
type Waits = { readonly first: number; readonly longest: number }

/** A proxy that has not answered by then is left for the next one, long before its transaction ends. */
const patience = 5_000
/** ms between two that are made since a connection has gone: some registrars close each. */
const renewEvery = 120_000
/** Seconds: not less is believed of a binding that may be another's, with little of its time left. */
const leastOfOthers = 10
/** In seconds. */
const longestLifetime = 86_400
/** RFC 5626 §4.5. */
const waits: Waits = { first: 1_000, longest: 30_000 }

export class Registration {
  private readonly options: RegistrationOptions
  private readonly callID: string
  private cseq = 0
  private expires: number
  private proxy = 0
  private failures = 0
  private renewedAt = Number.NEGATIVE_INFINITY
  /** Since the last success it has asked for a longer lifetime. */
  private lengthened = false
  private timer: Timer | undefined
  /** When it ends, on our clock. */
  private due = 0
  private now = false
  /** It may have our binding: that a request had no answer does not say that it never came. */
  private mayBeBound = false
  private state: 'idle' | 'keeping' | 'leaving' = 'idle'
  private left: (() => void) | undefined

  constructor(options: RegistrationOptions) {
    this.options = options
    this.callID = options.runtime.random.hex(12)
    this.expires = options.expires ?? 3600
  }

  get registered(): boolean {
    return this.now
  }

  start(): void {
    if (this.state !== 'idle') return
    this.state = 'keeping'
    this.send(1, [])
  }

  /**
   * The connection by which the registrar reaches us has gone: it gets another within a second, not at the next refresh
   * (RFC 5626 §4.5), or as soon as the last time is long enough ago.
   */
  renew(): void {
    if (this.state !== 'keeping' || !this.now) return
    const { clock, random } = this.options.runtime
    const now = clock.monotonic()
    const at = Math.max(now, this.renewedAt + renewEvery) + 1_000 * fraction(random)
    if (at >= this.due) return
    this.renewedAt = at
    this.wait(at - now, () => this.send(1, []))
  }

  /** Removes our binding, or what may be one (§10.2.2); resolves when the registrar has answered, or no proxy has. */
  stop(): Promise<void> {
    if (this.state !== 'keeping') return Promise.resolve()
    this.state = 'leaving'
    return new Promise((resolve) => {
      this.left = resolve
      if (this.mayBeBound) this.send(1, [])
      else this.leave()
    })
  }

  /** Ends without a word: somebody else keeps the binding. */
  forget(): void {
    if (this.state === 'keeping') this.leave()
  }

  private send(attempt: number, credentials: Fields) {
    const { userAgent, addressOfRecord, registrar, contact, proxies } = this.options
    const cseq = ++this.cseq
    const expires = this.state === 'leaving' ? 0 : this.expires
    const proxy = proxies[this.proxy]
    this.mayBeBound = true
    this.wait(patience, () => this.failed('no answer'))
    userAgent.request(
      {
        method: 'REGISTER',
        requestURI: registrar,
        from: addressOfRecord,
        to: addressOfRecord,
        callID: this.callID,
        cseq,
        route: proxy === undefined ? [] : [proxy],
        fields: [['Contact', contact], ['Expires', String(expires)], ...credentials],
      },
      // What comes when the next one has left already is nobody's.
      (outcome) => cseq === this.cseq && this.state !== 'idle' && this.heard(outcome, attempt),
    )
  }

  private heard({ status, reason, response }: RequestOutcome, attempt: number) {
    this.timer?.cancel()
    if (status >= 200 && status < 300 && response !== undefined) this.accepted(response)
    else if ((status === 401 || status === 407) && response !== undefined) this.challenged(response, attempt)
    else if (status === 423 && response !== undefined && this.longer(response)) this.send(attempt, [])
    else if (isRefusal(status)) this.refused(`${status} ${reason}`)
    else this.failed(`${status} ${reason}`)
  }

  private challenged(response: Message, attempt: number) {
    const { registrar, identity, runtime } = this.options
    const request = { method: 'REGISTER', uri: registrar }
    const credentials = answerChallenge(response, request, identity, runtime.random, attempt)
    if (credentials !== undefined) this.send(attempt + 1, credentials)
    else this.refused(`${response.status}: it ${whyUnanswered(response, identity, attempt)}`)
  }

  /** §10.2.8: the registrar wants a longer lifetime. */
  private longer(response: Message): boolean {
    const least = expiresSeconds(response.header('Min-Expires') ?? '')
    // Once, and for a day at most: one that always wants more shall not be asked for ever.
    if (this.state === 'leaving' || least <= this.expires || least > longestLifetime || this.lengthened) return false
    this.lengthened = true
    this.expires = least
    return true
  }

  private accepted(response: Message) {
    if (this.state === 'leaving') {
      this.leave()
      return
    }
    this.failures = 0
    this.lengthened = false
    this.tell(true)
    this.options.told?.({ registered: true, reason: '', proxy: this.proxy })
    // §10.2.4: in time for another try, and not all phones at once.
    const part = 0.6 + 0.1 * fraction(this.options.runtime.random)
    this.wait(this.granted(response) * 1000 * part, () => this.send(1, []))
  }

  /** A registrar that lives does not want us. */
  private refused(reason: string) {
    this.mayBeBound = this.now
    this.failed(reason, this.options.refusal)
  }

  private failed(reason: string, { first, longest }: Waits = waits) {
    this.timer?.cancel()
    this.cseq++
    if (this.state === 'leaving') {
      this.leave()
      return
    }
    const { log, proxies, addressOfRecord, runtime } = this.options
    log.debug({ addressOfRecord, proxy: proxies[this.proxy], reason }, 'is not registered')
    this.tell(false)
    this.options.told?.({ registered: false, reason, proxy: this.proxy })
    this.proxy = proxies.length === 0 ? 0 : (this.proxy + 1) % proxies.length
    const wait = Math.min(first * 2 ** this.failures, longest)
    this.failures++
    this.wait(wait * (0.5 + 0.5 * fraction(runtime.random)), () => this.send(1, []))
  }

  /** §10.2.4: what the answer says of our own binding. */
  private granted(response: Message): number {
    const header = response.header('Expires')
    const unless = header === undefined ? this.expires : expiresSeconds(header)
    return Math.max(1, expiresOf(response, this.options.contact) ?? unless)
  }

  private leave() {
    this.timer?.cancel()
    this.state = 'idle'
    this.tell(false)
    this.left?.()
  }

  private tell(registered: boolean) {
    if (registered === this.now) return
    this.now = registered
    this.options.changed?.(registered)
  }

  private wait(ms: number, then: () => void) {
    const { clock } = this.options.runtime
    this.timer?.cancel()
    this.due = clock.monotonic() + ms
    this.timer = clock.after(ms, then)
  }
}

/** §21.4, §21.6: the same request would fare no better, at a 6xx nowhere; a 408 says that nobody has judged it. */
const isRefusal = (status: number): boolean => status !== 408 && (status < 500 || status >= 600)

/** Of the briefest where none is ours by its looks: many a registrar writes the address it sees into our Contact. */
function expiresOf(response: Message, contact: string): number | undefined {
  try {
    const own = parseURI(parseNameAddr(contact).uri)
    const bound = contactsOf(response).filter(({ uri }) => uri !== '*')
    const ours = bound.find(({ uri }) => sameURI(parseURI(uri), own))
    if (ours !== undefined) return ours.expires
    const [briefest] = bound.flatMap(({ expires }) => expires ?? []).sort((one, other) => one - other)
    return briefest === undefined ? undefined : Math.max(briefest, leastOfOthers)
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}
