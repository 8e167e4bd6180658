/** From, To, Contact, Route, Refer-To, P-Asserted-Identity, Path: a URI with a name and parameters (RFC 3261 §20.10). */
import { MalformedMessage } from '../errors.ts'
import { afterQuoted, fromWire, indexOutside, isToken, parameter, toWire, trimmed } from '../scan.ts'
import { holdsForbidden, parseURI, type URI } from './uri.ts'

export type NameAddr = {
  /** Unicode, unquoted; empty where there is none. */
  readonly displayName: string
  /** As written, without angle brackets; `*` in a Contact that removes all. */
  readonly uri: string
  /** From the first `;` after the address on. */
  readonly parameters: string
}

/** Reads one value. Throws `MalformedMessage`. */
export function parseNameAddr(value: string): NameAddr {
  const address = split(value)
  // §20.10: a bare star, in a Contact that removes all.
  if (address.uri !== '*' || value.indexOf('<') >= 0) parseURI(address.uri)
  return address
}

/** The URI of one value, where nothing else is asked for. Throws `MalformedMessage`. */
export const uriIn = (value: string): URI => parseURI(split(value).uri)

/** The URI is read by whoever asks. */
function split(value: string): NameAddr {
  const less = indexOutside(value, 0x3c, 0, value.length)
  if (less === value.length) return addrSpec(value)
  const greater = value.indexOf('>', less)
  if (greater < 0) throw new MalformedMessage('an address has no closing >')
  const after = trimmed(value, greater + 1, value.length)
  if (after !== '' && after.charCodeAt(0) !== 0x3b) throw new MalformedMessage('an address is followed by more than ;')
  const uri = value.slice(less + 1, greater)
  return { displayName: displayNameOf(trimmed(value, 0, less)), uri, parameters: after }
}

/** §20.10: without angle brackets, all parameters are the header's, and neither `,`, `?` nor `;` is the URI's. */
function addrSpec(value: string): NameAddr {
  const semicolon = value.indexOf(';')
  const uri = trimmed(value, 0, semicolon < 0 ? value.length : semicolon)
  const parameters = semicolon < 0 ? '' : value.slice(semicolon)
  if (uri.indexOf('?') >= 0) throw new MalformedMessage('an address with ? is not in angle brackets')
  return { displayName: '', uri, parameters }
}

function displayNameOf(text: string): string {
  if (text === '') return ''
  if (text.charCodeAt(0) !== 0x22) {
    if (!text.split(/[ \t\r\n]+/).every(isWord)) throw new MalformedMessage('a name is not quoted')
    return fromWire(text)
  }
  if (afterQuoted(text, 0, text.length) !== text.length || !closesQuote(text))
    throw new MalformedMessage('a quoted name does not end')
  return fromWire(unquote(text))
}

/** Letters that are not of ASCII have to be quoted (§25.1), but are not by every peer; they mislead nobody. */
const isWord = (text: string): boolean => isToken(text.replace(/[\x80-\xff]/g, 'x'))

function closesQuote(text: string): boolean {
  let escaped = false
  for (let index = 1; index < text.length - 1; index++) escaped = !escaped && text.charCodeAt(index) === 0x5c
  return text.length > 1 && text.endsWith('"') && !escaped
}

/** The content of a quoted string; text without quotes as it is. */
export function unquote(text: string): string {
  if (text.charCodeAt(0) !== 0x22) return text
  const inner = text.slice(1, text.endsWith('"') ? -1 : undefined)
  return inner.indexOf('\\') < 0 ? inner : inner.replace(/\\([\s\S])/g, '$1')
}

/** A quoted string. Control characters, line breaks among them, become spaces: names come from people. */
export const quote = (text: string): string => `"${withoutControls(text).replace(/["\\]/g, '\\$&')}"`

function withoutControls(text: string): string {
  let clean = ''
  for (const character of text) clean += character < ' ' || character === '\x7f' ? ' ' : character
  return clean
}

export type NameAddrParts = {
  readonly displayName?: string | undefined
  readonly uri: string
  readonly parameters?: string
}

/** Always with angle brackets, the name always quoted: what every peer understands. */
export function formatNameAddr({ displayName = '', uri, parameters = '' }: NameAddrParts): string {
  if (holdsForbidden(uri)) throw new MalformedMessage('a URI to be written holds white space, quotes or angle brackets')
  return `${displayName === '' ? '' : `${toWire(quote(displayName))} `}<${uri}>${parameters}`
}

/** Parameter `name` (lower case) of the field value; '' without a value, undefined where there is none. */
export const addrParameter = (address: NameAddr, name: string): string | undefined =>
  parameter(address.parameters, name)

export const uriOf = (address: NameAddr): URI => parseURI(address.uri)
