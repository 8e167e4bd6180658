/** Reading pieces of header text: list items, parameters, quoted strings. Single passes over characters, no regex. */
import { sameIgnoringCase } from './field-names.ts'

export const QUOTE = 0x22
const COMMA = 0x2c
const SEMICOLON = 0x3b
export const LESS = 0x3c
const EQUALS = 0x3d
const BACKSLASH = 0x5c

export const isSpace = (code: number): boolean => code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a

/** The index after the quoted string that begins at `start`; `end` where it is not closed. */
export function afterQuoted(text: string, start: number, end: number): number {
  for (let index = start + 1; index < end; index++) {
    const code = text.charCodeAt(index)
    if (code === BACKSLASH) index++
    else if (code === QUOTE) return index + 1
  }
  return end
}

/** The index of the first `wanted` outside quotes and angle brackets, or `end`. */
export function indexOutside(text: string, wanted: number, start: number, end: number): number {
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index)
    if (code === wanted) return index
    if (code === QUOTE) index = afterQuoted(text, index, end) - 1
    else if (code === LESS) index = afterAngle(text, index, end) - 1
  }
  return end
}

/** The index after the `>` that closes the `<` at `start`; `end` where it is not closed. */
export function afterAngle(text: string, start: number, end: number): number {
  const close = text.indexOf('>', start)
  return close < 0 || close >= end ? end : close + 1
}

/** Where the first item of a comma-separated list ends. */
export const endOfItem = (text: string, start: number, end: number): number => indexOutside(text, COMMA, start, end)

export function trimmed(text: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

/** The items of a comma-separated list, trimmed; empty items are left out. */
export function splitList(text: string): string[] {
  const items: string[] = []
  for (let start = 0; start < text.length; ) {
    const end = endOfItem(text, start, text.length)
    const item = trimmed(text, start, end)
    if (item !== '') items.push(item)
    start = end + 1
  }
  return items
}

/**
 * The value of parameter `name` (lower case) of the field value at `start`–`end`, outside quotes and angle brackets;
 * '' for one without a value, undefined where there is none.
 */
export function parameterAt(text: string, name: string, start: number, end: number): string | undefined {
  let at = indexOutside(text, SEMICOLON, start, end)
  while (at < end) {
    let from = at + 1
    while (isSpace(text.charCodeAt(from))) from++
    const next = indexOutside(text, SEMICOLON, from, end)
    if (from + name.length <= next && sameIgnoringCase(text, from, name)) {
      let after = from + name.length
      while (after < next && isSpace(text.charCodeAt(after))) after++
      if (after === next) return ''
      if (text.charCodeAt(after) === EQUALS) return trimmed(text, after + 1, next)
    }
    at = next
  }
  return undefined
}

export const parameter = (value: string, name: string): string | undefined => parameterAt(value, name, 0, value.length)

/** Parameters by lower-case name, in order; '' for one without a value. The first of two alike counts. */
export function parametersOf(value: string): Map<string, string> {
  const found = new Map<string, string>()
  let at = indexOutside(value, SEMICOLON, 0, value.length)
  while (at < value.length) {
    const next = indexOutside(value, SEMICOLON, at + 1, value.length)
    const equals = indexOutside(value, EQUALS, at + 1, next)
    const name = trimmed(value, at + 1, equals).toLowerCase()
    if (name !== '' && !found.has(name)) found.set(name, equals < next ? trimmed(value, equals + 1, next) : '')
    at = next
  }
  return found
}

/** A folded value as one line (RFC 3261 §7.3.1). */
export function unfold(value: string): string {
  if (value.indexOf('\n') < 0) return value
  let line = ''
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code !== 0x0d && code !== 0x0a) line += value[index]
  }
  return line
}

/** Whether every character may stand in a token (RFC 3261 §25.1). */
export function isToken(text: string, start = 0, end: number = text.length): boolean {
  for (let index = start; index < end; index++) if (tokenTable[text.charCodeAt(index)] !== 1) return false
  return end > start
}

const tokenTable = new Uint8Array(256)
for (const character of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~")
  tokenTable[character.charCodeAt(0)] = 1

/** A decimal number of at most `max`; NaN for anything else. Signs, spaces and other digits are refused. */
export function decimal(text: string, max: number, start = 0, end: number = text.length): number {
  let value = 0
  for (let index = start; index < end; index++) {
    const digit = text.charCodeAt(index) - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
    if (value > max) return Number.NaN
  }
  return start < end ? value : Number.NaN
}

/** Text on the wire is its bytes, one character each; these turn it into Unicode and back (RFC 3261 §25.1, UTF-8). */
export const fromWire = (text: string): string => Buffer.from(text, 'latin1').toString('utf8')
export const toWire = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/**
 * A copy that does not keep the message alive it was cut from: for anything that is retained. Cutting a joined string
 * makes the engine write it anew first, which costs a third of the way through a Buffer; what is shorter it copies anyway.
 */
export const own = (text: string): string => (text.length < 13 ? text : ` ${text}`.slice(1))

/** One digit at least and nothing else. */
export const isDigits = (text: string): boolean => /^\d+$/.test(text)
