/**
 * Digest arithmetic and the fields that carry it: RFC 7616 and RFC 8760 (SHA-256, SHA-512/256), RFC 2617 (MD5), as
 * RFC 3261 §22 uses them. Secrets are HA1 values; a password is hashed where it is entered and kept nowhere.
 */
import { hash as hashOf } from 'node:crypto'

/** What OpenSSL calls each. */
const hashNames = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' } as const
export type Algorithm = keyof typeof hashNames

/** H(username:realm:password) in lower-case hex: good for one realm and one algorithm. */
export type Secret = { readonly algorithm: Algorithm; readonly ha1: string }

export const secretOf = (username: string, realm: string, password: string, algorithm: Algorithm): Secret => ({
  algorithm,
  ha1: hash(algorithm, Buffer.from(`${username}:${realm}:${password}`, 'utf8')),
})

/** What a digest is made of. `body` counts only for `auth-int`. */
export type DigestParts = {
  readonly secret: Secret
  readonly method: string
  readonly uri: string
  readonly nonce: string
  readonly nc: string
  readonly cnonce: string
  /** `none`: a server of RFC 2069, which knows no qop. */
  readonly qop: 'auth' | 'auth-int' | 'none'
  readonly body?: Buffer
}

/** RFC 7616 §3.4.1–§3.4.3. */
export function digestOf(parts: DigestParts): string {
  const { secret, nonce, qop } = parts
  const { algorithm, ha1 } = secret
  const entity = qop === 'auth-int' ? `:${hash(algorithm, parts.body ?? Buffer.alloc(0))}` : ''
  const ha2 = hash(algorithm, `${parts.method}:${parts.uri}${entity}`)
  if (qop === 'none') return hash(algorithm, `${ha1}:${nonce}:${ha2}`)
  return hash(algorithm, `${ha1}:${nonce}:${parts.nc}:${parts.cnonce}:${qop}:${ha2}`)
}

/** Text is as it stood on the wire, one character a byte. */
function hash(algorithm: Algorithm, content: string | Buffer): string {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content
  return hashOf(hashNames[algorithm], bytes, 'hex')
}

/** The algorithm a field names, MD5 where it names none (RFC 2617 §3.2.1); undefined: one we do not know. */
export function algorithmNamed(name: string | undefined): Algorithm | undefined {
  const upper = (name ?? 'MD5').toUpperCase()
  return Object.hasOwn(hashNames, upper) ? (upper as Algorithm) : undefined
}
