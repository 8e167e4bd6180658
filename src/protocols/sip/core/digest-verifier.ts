/**
 * Who asks is who he says: digest challenges and their verification (RFC 3261 §22, RFC 7616 §3). A nonce is its time,
 * its issuer and an HMAC under a key that all nodes share: any node knows it for genuine, but only its issuer counts
 * its uses and so detects a replay; any other answers `stale=true`, and the client tries again with a new one.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Fields } from '../message/draft.ts'
import { MalformedMessage } from '../message/errors.ts'
import { type Credentials, formatCredentials, parseCredentials } from '../message/headers/digest.ts'
import { parseNameAddr, uriOf } from '../message/headers/name-addr.ts'
import { parseURI, type URI } from '../message/headers/uri.ts'
import type { Message } from '../message/message.ts'
import { own } from '../message/scan.ts'
import { type Algorithm, algorithmNamed, digestOf, type Secret } from './digest.ts'

export type DigestOptions = {
  readonly realm: string
  /** This node among those that share `key`; letters, digits and `-`. */
  readonly issuer: string
  readonly key: Buffer
  /** Milliseconds since 1970: nonces of other nodes are judged by it too. */
  readonly wall: () => number
  /** How long a nonce is good; 5 minutes unless told. */
  readonly lifetime?: number
  /** How many nonces in use are counted at a time; the oldest is forgotten (and stale) beyond it. */
  readonly memory?: number
  /** What an unknown user is asked for: what the others are, so that nobody is known by it. MD5 unless told. */
  readonly algorithm?: () => Algorithm
}

export type Verdict =
  | { readonly ok: true; readonly username: string }
  | { readonly ok: false; readonly status: number; readonly reason: string; readonly fields: Fields }

/** Uses of one nonce: the highest count seen and the 31 below it. */
type Uses = { readonly time: number; highest: number; seen: number }
type Given = Credentials['parameters']
type Nonce = { readonly time: number; readonly issuer: string }

export class DigestVerifier {
  readonly realm: string
  private readonly options: Required<DigestOptions>
  private readonly uses = new Map<string, Uses>()
  private readonly nobodys: string
  private serial = 0
  /** Nonces up to this time may have been forgotten. */
  private forgotten = -1

  constructor(options: DigestOptions) {
    this.options = { lifetime: 300_000, memory: 100_000, algorithm: () => 'MD5', ...options }
    this.realm = options.realm
    this.nobodys = this.seal('nobody').repeat(2)
  }

  /** Nonces counted at present. */
  get counted(): number {
    return this.uses.size
  }

  /**
   * `secretOf` gives a user's HA1; a user has one algorithm and is never asked for a weaker one. `proxy`: 407 with
   * Proxy-Authenticate instead of 401.
   */
  verify(request: Message, secretOf: (username: string) => Secret | undefined, proxy = false): Verdict {
    const credentials = this.credentials(request, proxy)
    if (credentials === undefined) return this.challenge(secretOf(claimed(request)), proxy, false)
    const username = credentials.get('username') ?? ''
    const secret = secretOf(username)
    const refusal = this.refusal(request, credentials, secret)
    if (refusal === 'challenge' || refusal === 'stale') return this.challenge(secret, proxy, refusal === 'stale')
    if (refusal !== undefined) return { ok: false, status: 400, reason: refusal, fields: [] }
    return { ok: true, username: own(username) }
  }

  /** A 401 or 407 with a fresh nonce. */
  challenge(secret: Pick<Secret, 'algorithm'> | undefined, proxy: boolean, stale: boolean): Verdict {
    const algorithm = secret?.algorithm ?? this.options.algorithm()
    const parameters: [string, string][] = [
      ['realm', this.realm],
      ['nonce', this.nonce()],
      ['algorithm', algorithm],
      ['qop', 'auth'],
    ]
    if (stale) parameters.push(['stale', 'true'])
    const value = formatCredentials(parameters, true)
    return proxy
      ? { ok: false, status: 407, reason: 'Proxy Authentication Required', fields: [['Proxy-Authenticate', value]] }
      : { ok: false, status: 401, reason: 'Unauthorized', fields: [['WWW-Authenticate', value]] }
  }

  /** Those for our realm; a request may carry some for other realms (§22.3). */
  private credentials(request: Message, proxy: boolean): Given | undefined {
    for (const value of request.headers(proxy ? 'Proxy-Authorization' : 'Authorization')) {
      const credentials = readable(() => parseCredentials(value))
      if (credentials?.scheme === 'digest' && credentials.parameters.get('realm') === this.realm)
        return credentials.parameters
    }
    return undefined
  }

  /** The same work for a known and an unknown user, so that neither answer nor time tells them apart. */
  private refusal(
    request: Message,
    given: Given,
    secret: Secret | undefined,
  ): undefined | 'challenge' | 'stale' | 'The digest URI is not the Request-URI' {
    const judged = secret ?? this.decoy(this.options.algorithm())
    const nonce = this.genuine(given.get('nonce') ?? '')
    const right = this.matches(request, given, judged) && secret !== undefined
    if (!right || nonce === undefined) return 'challenge'
    if (!sameResource(given.get('uri') ?? '', request.requestURI)) return 'The digest URI is not the Request-URI'
    return this.firstUse(given.get('nonce') ?? '', nonce, given.get('nc') ?? '') ? undefined : 'stale'
  }

  /** Nobody's secret, as long as anybody's. */
  private decoy(algorithm: Algorithm): Secret {
    return { algorithm, ha1: this.nobodys.slice(0, algorithm === 'MD5' ? 32 : 64) }
  }

  private matches(request: Message, given: Given, secret: Secret): boolean {
    const qop = given.get('qop')
    if (qop !== 'auth' && qop !== 'auth-int') return false
    if (algorithmNamed(given.get('algorithm')) !== secret.algorithm) return false
    const expected = digestOf({
      secret,
      method: request.method,
      uri: given.get('uri') ?? '',
      nonce: given.get('nonce') ?? '',
      nc: given.get('nc') ?? '',
      cnonce: given.get('cnonce') ?? '',
      qop,
      body: request.body,
    })
    return equal(expected, given.get('response') ?? '')
  }

  private nonce(): string {
    const { wall, issuer } = this.options
    this.serial += 1
    const open = `${wall().toString(36)}.${this.serial.toString(36)}.${issuer}`
    return `${open}.${this.seal(open)}`
  }

  private seal(text: string): string {
    return createHmac('sha256', this.options.key).update(`${this.realm}\n${text}`).digest('hex').slice(0, 32)
  }

  /** What a nonce of ours or of a sister node says; undefined for any other. */
  private genuine(nonce: string): Nonce | undefined {
    const end = nonce.lastIndexOf('.')
    const open = nonce.slice(0, Math.max(end, 0))
    // One whose uses are counted has been found genuine before.
    if (!this.uses.has(nonce) && !equal(this.seal(open), nonce.slice(end + 1))) return undefined
    const [time = '', , issuer = ''] = open.split('.')
    return { time: Number.parseInt(time, 36), issuer }
  }

  /** Whether this is the first request with this count; false for what only another node could tell, or nobody. */
  private firstUse(nonce: string, { time, issuer }: Nonce, nc: string): boolean {
    const now = this.options.wall()
    const count = /^[0-9a-f]{8}$/i.test(nc) ? Number.parseInt(nc, 16) : 0
    if (issuer !== this.options.issuer || count === 0 || now - time > this.options.lifetime || time > now) return false
    const uses = this.uses.get(nonce)
    if (uses !== undefined) return counts(uses, count)
    if (time <= this.forgotten) return false
    this.forget(now)
    this.uses.set(own(nonce), { time, highest: count, seen: 1 })
    return true
  }

  /** Drops what has expired, and the oldest where memory is full; the map is in order of first use. */
  private forget(now: number) {
    for (const [nonce, { time }] of this.uses) {
      const expired = now - time > this.options.lifetime
      if (!expired && this.uses.size < this.options.memory) return
      this.uses.delete(nonce)
      if (!expired) this.forgotten = Math.max(this.forgotten, time)
    }
  }
}

/** A count may come late, since UDP reorders, but never twice. */
function counts(uses: Uses, count: number): boolean {
  if (count > uses.highest) {
    const step = count - uses.highest
    uses.seen = step > 31 ? 1 : ((uses.seen << step) | 1) >>> 0
    uses.highest = count
    return true
  }
  const back = uses.highest - count
  if (back > 31 || ((uses.seen >>> back) & 1) === 1) return false
  uses.seen = (uses.seen | (1 << back)) >>> 0
  return true
}

function equal(expected: string, given: string): boolean {
  return (
    expected.length === given.length && timingSafeEqual(Buffer.from(expected, 'latin1'), Buffer.from(given, 'latin1'))
  )
}

/** The user a request without credentials speaks for: the algorithm it is asked for is that user's. */
function claimed(request: Message): string {
  return readable(() => uriOf(parseNameAddr(request.header('From') ?? '')))?.user ?? ''
}

/**
 * RFC 7616 §3.4.6: the digest must be for this resource; URI parameters may have been added on the way, and the default
 * port written or left out. RFC 3261 §19.1.4 tells those two URIs apart, but they lead to the same place.
 */
function sameResource(digestURI: string, requestURI: string): boolean {
  const one = readable(() => parseURI(digestURI))
  const other = readable(() => parseURI(requestURI))
  if (one === undefined || other === undefined) return false
  return one.user === other.user && one.host.toLowerCase() === other.host.toLowerCase() && portOf(one) === portOf(other)
}

/** 0: the default one. */
const portOf = ({ scheme, port }: URI): number => (port === (scheme === 'sips' ? 5061 : 5060) ? 0 : port)

/** Undefined for what cannot be read: it proves nothing. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}
