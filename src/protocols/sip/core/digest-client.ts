/** Answering digest challenges (RFC 3261 §22.2, §22.3; RFC 7616 §3.4): only for realms we have a secret for. */
import type { Random } from '#platform/runtime/runtime.ts'
import type { Fields } from '../message/draft.ts'
import { MalformedMessage } from '../message/errors.ts'
import { formatCredentials, parseCredentials } from '../message/headers/digest.ts'
import type { Message } from '../message/message.ts'
import { type Algorithm, algorithmNamed, digestOf, type Secret } from './digest.ts'

/** What we answer with: `secretOf` gives the HA1 for the algorithm that the challenge names. */
export type Identity = {
  readonly username: string
  readonly realm: string
  secretOf(algorithm: Algorithm): Secret | undefined
}

type Challenge = { readonly parameters: ReadonlyMap<string, string>; readonly algorithm: Algorithm }

/**
 * The fields that answer the challenges of a 401 or 407; undefined where none of them is for a realm of ours: a
 * secret is never used for anybody else. `attempt` counts from 1: a second challenge is answered only where it says
 * that the nonce was stale, as the same credentials cannot become right.
 */
export function answerChallenge(
  response: Message,
  request: { readonly method: string; readonly uri: string; readonly body?: Buffer | undefined },
  identity: Identity,
  random: Random,
  attempt: number,
): Fields | undefined {
  const proxy = response.status === 407
  const found = challengeFor(response.headers(proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate'), identity)
  if (found === undefined || attempt > 2) return undefined
  if (attempt === 2 && found.parameters.get('stale')?.toLowerCase() !== 'true') return undefined
  const secret = identity.secretOf(found.algorithm)
  if (secret === undefined) return undefined
  const value = credentials(found, request, identity.username, secret, random.hex(8))
  return value === undefined ? undefined : [[proxy ? 'Proxy-Authorization' : 'Authorization', value]]
}

/** Why `answerChallenge` has no answer, for people. */
export function whyUnanswered(response: Message, { realm }: Identity, attempt: number): string {
  const values = [...response.headers('WWW-Authenticate'), ...response.headers('Proxy-Authenticate')]
  const challenges = values.flatMap((value) => readable(value) ?? [])
  const ours = challenges.filter((parameters) => parameters.get('realm') === realm)
  if (challenges.length === 0) return 'asks for a password by no scheme we know'
  if (ours.length === 0) return `asks for realm "${challenges[0]?.get('realm') ?? ''}", not for "${realm}"`
  if (attempt === 1) return 'wants an algorithm or a quality of protection that we do not have'
  const stale = ours.some((parameters) => parameters.get('stale')?.toLowerCase() === 'true')
  return stale ? 'calls every nonce of its own stale' : 'does not take the user name or the password'
}

/** RFC 8760 §2.4: the first one we can answer; the server puts what it prefers first. */
function challengeFor(values: readonly string[], identity: Identity): Challenge | undefined {
  for (const value of values) {
    const parameters = readable(value)
    const algorithm = algorithmNamed(parameters?.get('algorithm'))
    if (parameters?.get('realm') !== identity.realm || algorithm === undefined) continue
    if (identity.secretOf(algorithm) !== undefined) return { parameters, algorithm }
  }
  return undefined
}

function credentials(
  { parameters, algorithm }: Challenge,
  request: { readonly method: string; readonly uri: string; readonly body?: Buffer | undefined },
  username: string,
  secret: Secret,
  cnonce: string,
): string | undefined {
  const qop = qopOf(parameters.get('qop'))
  if (qop === undefined) return undefined
  const nonce = parameters.get('nonce') ?? ''
  const { method, uri, body } = request
  const nc = '00000001'
  const response = digestOf({ secret, method, uri, nonce, nc, cnonce, qop, ...(body === undefined ? {} : { body }) })
  const fields: [string, string][] = [
    ['username', username],
    ['realm', parameters.get('realm') ?? ''],
    ['nonce', nonce],
    ['uri', uri],
    ['response', response],
    ['algorithm', algorithm],
  ]
  const opaque = parameters.get('opaque')
  if (opaque !== undefined) fields.push(['opaque', opaque])
  if (qop !== 'none') fields.push(['qop', qop], ['nc', nc], ['cnonce', cnonce])
  return formatCredentials(fields, false)
}

/** `auth` where it is offered, `auth-int` where nothing else is; undefined where we know none of them. */
function qopOf(offered: string | undefined): 'auth' | 'auth-int' | 'none' | undefined {
  if (offered === undefined) return 'none'
  const tokens = offered
    .toLowerCase()
    .split(',')
    .map((token) => token.trim())
  if (tokens.includes('auth')) return 'auth'
  return tokens.includes('auth-int') ? 'auth-int' : undefined
}

function readable(value: string): ReadonlyMap<string, string> | undefined {
  try {
    const { scheme, parameters } = parseCredentials(value)
    return scheme === 'digest' ? parameters : undefined
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}
