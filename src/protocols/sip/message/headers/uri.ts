/** SIP, SIPS and TEL URIs (RFC 3261 §19.1, RFC 3966): reading, writing, comparing. */
import { MalformedMessage } from '../errors.ts'
import { isToken, parameter, parametersOf } from '../scan.ts'
import { hostFault } from './host.ts'

/** All parts as written on the wire, escapes included; only the scheme is in lower case. */
export type URI = {
  readonly scheme: string
  /** Escaped; a number for tel; what follows the scheme for a scheme we do not know. Empty where there is none. */
  readonly user: string
  readonly password: string
  /** IPv6 with its brackets. Empty for schemes without a host. */
  readonly host: string
  /** 0 where none is written: the default of the transport. */
  readonly port: number
  /** From the first `;` on, e.g. `;transport=tcp;lr`. */
  readonly parameters: string
  /** From `?` on. */
  readonly headers: string
}

/** The largest port. */
const PORTS = 65_535

/** Throws `MalformedMessage`. A scheme other than sip, sips and tel is for the caller to refuse (416). */
export function parseURI(text: string): URI {
  const colon = text.indexOf(':')
  if (colon <= 0 || !isScheme(text, colon)) throw new MalformedMessage('a URI has no scheme')
  const scheme = text.slice(0, colon).toLowerCase()
  const rest = text.slice(colon + 1)
  if (holdsForbidden(rest)) throw new MalformedMessage('a URI holds a character that no URI may hold')
  if (scheme === 'sip' || scheme === 'sips') return parseSip(scheme, rest)
  const semicolon = scheme === 'tel' ? rest.indexOf(';') : -1
  const user = semicolon < 0 ? rest : rest.slice(0, semicolon)
  if (scheme === 'tel' && !isNumber(user)) throw new MalformedMessage('a tel URI has no number')
  return { ...none, scheme, user, parameters: semicolon < 0 ? '' : rest.slice(semicolon) }
}

const none: URI = { scheme: '', user: '', password: '', host: '', port: 0, parameters: '', headers: '' }

function parseSip(scheme: string, rest: string): URI {
  // No unescaped '@' may follow the userinfo, and a user part may hold ';' and '?' (§25.1).
  const at = rest.indexOf('@')
  const userinfo = at < 0 ? '' : rest.slice(0, at)
  if (at === 0) throw new MalformedMessage('a URI has an @ without a user')
  const after = rest.slice(at + 1)
  const question = after.indexOf('?')
  const address = question < 0 ? after : after.slice(0, question)
  const semicolon = address.indexOf(';')
  const { host, port } = parseHostPort(semicolon < 0 ? address : address.slice(0, semicolon))
  const colon = userinfo.indexOf(':')
  return {
    scheme,
    user: checkedEscapes(colon < 0 ? userinfo : userinfo.slice(0, colon)),
    password: colon < 0 ? '' : userinfo.slice(colon + 1),
    host,
    port,
    parameters: semicolon < 0 ? '' : address.slice(semicolon),
    headers: question < 0 ? '' : after.slice(question),
  }
}

/** `host`, `host:port`, `[v6]:port`. Throws `MalformedMessage`. */
export function parseHostPort(text: string): { host: string; port: number } {
  const bracket = text.charCodeAt(0) === 0x5b ? text.indexOf(']') : 0
  const colon = text.indexOf(':', Math.max(bracket, 0))
  const host = colon < 0 ? text : text.slice(0, colon)
  const fault = hostFault(host)
  if (fault !== '') throw new MalformedMessage(fault)
  return { host, port: colon < 0 ? 0 : portOf(text.slice(colon + 1)) }
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port >= 1 && port <= PORTS)) throw new MalformedMessage('a port is not a number from 1 to 65535')
  return port
}

const isScheme = (text: string, end: number) => /^[A-Za-z]/.test(text) && isToken(text, 0, end)

/** White space of ASCII, controls, quotes or angle brackets. */
export function holdsForbidden(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 0x21 || code === 0x22 || code === 0x3c || code === 0x3e || code === 0x7f) return true
  }
  return false
}

const isNumber = (text: string) => /^\+?[0-9A-Fa-f*#().-]+$/.test(text)

function checkedEscapes(user: string): string {
  for (let at = user.indexOf('%'); at >= 0; at = user.indexOf('%', at + 1))
    if (!/^[0-9A-Fa-f]{2}$/.test(user.slice(at + 1, at + 3))) throw new MalformedMessage('a URI has a broken escape')
  return user
}

/** Parameter `name` (lower case) of a URI; '' without a value, undefined where there is none. */
export const uriParameter = (uri: URI, name: string): string | undefined => parameter(uri.parameters, name)

/** `%41` is `A`; UTF-8 is made of what results. Escapes that are none stay as they are. */
export function unescapeText(text: string): string {
  if (text.indexOf('%') < 0) return text
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** Escapes everything that may not stand in a user part. */
export function escapeUser(text: string): string {
  if (/^[A-Za-z0-9\-_.!~*'()&=+$,;?/]*$/.test(text)) return text
  let escaped = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(byte)
    escaped += /[A-Za-z0-9\-_.!~*'()&=+$,;?/]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return escaped
}

/** §19.1.4. Schemes other than sip and sips are equal when their texts are. */
export function sameURI(one: URI, other: URI): boolean {
  return (
    one.scheme === other.scheme &&
    one.port === other.port &&
    canonical(one.user) === canonical(other.user) &&
    canonical(one.password) === canonical(other.password) &&
    one.host.toLowerCase() === other.host.toLowerCase() &&
    sameParameters(one, other) &&
    sameHeaders(one.headers, other.headers)
  )
}

/** Escapes of characters that need none are undone; the others stay, in upper case. */
const canonical = (text: string) =>
  text.replace(/%([0-9A-Fa-f]{2})/g, (escaped, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16))
    return /[A-Za-z0-9\-_.!~*'()]/.test(character) ? character : escaped.toUpperCase()
  })

/** These count even where only one of the two has them. */
const decisive = ['user', 'ttl', 'method', 'maddr', 'transport']

function sameParameters(one: URI, other: URI): boolean {
  const ours = parametersOf(one.parameters)
  const theirs = parametersOf(other.parameters)
  const differs = (name: string, value: string) =>
    canonical(value).toLowerCase() !== canonical(theirs.get(name) ?? '').toLowerCase()
  for (const name of decisive) if (ours.has(name) !== theirs.has(name)) return false
  for (const [name, value] of ours) if (theirs.has(name) && differs(name, value)) return false
  return true
}

function sameHeaders(one: string, other: string): boolean {
  if (one === other) return true
  const sorted = (text: string) =>
    text
      .slice(1)
      .split('&')
      .map((pair) => canonical(pair.replace(/^[^=]*/, (name) => name.toLowerCase())))
      .sort()
      .join('&')
  return sorted(one) === sorted(other)
}
