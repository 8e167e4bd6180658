/**
 * Bytes to `Message` (RFC 3261 §7, §16.3 item 1): the start line, the lines of the header, and the six fields that no
 * message may lack. What a field says beyond that is judged by whoever reads it.
 */
import { MalformedMessage } from './errors.ts'
import {
  CALL_ID,
  CONTENT_LENGTH,
  CSEQ,
  FROM,
  fieldName,
  MAX_FORWARDS,
  sameIgnoringCase,
  TO,
  VIA,
} from './field-names.ts'
import { cellOf, endOfLine, type FieldTable, indexFields, WIDTH } from './field-table.ts'
import { defaultLimits, type MessageLimits } from './limits.ts'
import { Message } from './message.ts'
import { decimal, isSpace, isToken, own } from './scan.ts'

const SPACE = 0x20
const QUESTION = 0x3f
const AT = 0x40

const methods = ['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'REGISTER', 'INFO', 'UPDATE', 'PRACK', 'REFER'].concat([
  'NOTIFY',
  'SUBSCRIBE',
  'MESSAGE',
  'PUBLISH',
])

/** One string for each method, so that a kept method keeps no message. */
export const methodNamed = (text: string): string => methodAt(text, 0, text.length)

function methodAt(text: string, start: number, end: number): string {
  for (const method of methods) if (method.length === end - start && text.startsWith(method, start)) return method
  return own(text.slice(start, end))
}

/** The message in `bytes`; what follows its Content-Length is left out (§18.3). Throws `MalformedMessage`. */
export function parseMessage(bytes: Buffer, limits: MessageLimits = defaultLimits): Message {
  if (bytes.length > limits.messageBytes) throw new MalformedMessage('the message is too large', 513)
  const text = bytes.toString('latin1')
  const start = afterEmptyLines(text)
  return start === 0 ? parseText(bytes, text, limits) : parseText(bytes.subarray(start), text.slice(start), limits)
}

/** §7.5: empty lines before the start line are ignored. */
function afterEmptyLines(text: string): number {
  let at = 0
  while (text.charCodeAt(at) === 0x0d && text.charCodeAt(at + 1) === 0x0a) at += 2
  return at
}

function parseText(bytes: Buffer, text: string, limits: MessageLimits): Message {
  const end = endOfLine(text, 0)
  const status = text.startsWith('SIP/') ? statusOf(text, end) : 0
  if (status !== 0 && end === statusEnd) return parseText(...withSpace(bytes, text), limits)
  const method = status === 0 ? methodOf(text, end) : ''
  const table = indexFields(text, end + 2, limits)
  const cseq = cseqOf(text, table)
  const length = table.body + bodyLength(text, table)
  const message = new Message(
    length < bytes.length ? bytes.subarray(0, length) : bytes,
    status === 0 ? method : cseq.method,
    status,
    cseq.number,
    length < text.length ? text.slice(0, length) : text,
    table,
  )
  const fault = faultOf(message, cseq.method, length > text.length)
  if (fault !== '') throw new MalformedMessage(fault, 400, answerable(message))
  if (status === 0) checkStartLine(message, method.length + 1, end)
  return message
}

/** The first thing wrong with the fields every message needs (§8.1.1); '' where nothing is. */
function faultOf(message: Message, cseqMethod: string, short: boolean): string {
  const { cells } = message.table
  let seen = 0
  for (let cell = 0; cell < cells.length; cell += WIDTH) {
    const id = cells[cell] ?? 0
    const bit = id > 0 && id <= MAX_FORWARDS ? 1 << id : 0
    // Two values for one of these are read differently by different parties: nobody may choose.
    if ((seen & bit & singles) !== 0) return `more than one ${fieldName(id)}`
    seen |= bit
  }
  if ((seen & required) !== required) return `no ${missing(seen)}`
  if (Number.isNaN(message.cseq)) return 'CSeq is not a number and a method'
  if (message.isRequest && cseqMethod !== message.method) return 'the method of CSeq is not that of the request'
  if (short) return 'Content-Length is not the length of the body'
  return ''
}

const bit = (...ids: number[]) => ids.reduce((bits, id) => bits | (1 << id), 0)
const singles = bit(FROM, TO, CALL_ID, CSEQ, CONTENT_LENGTH, MAX_FORWARDS)
const required = bit(VIA, FROM, TO, CALL_ID, CSEQ)
const missing = (seen: number) => fieldName([VIA, FROM, TO, CALL_ID, CSEQ].find((id) => (seen & (1 << id)) === 0) ?? 0)

/** The message, where it is a request whose sender can be told what is wrong with it. */
function answerable(message: Message): Message | undefined {
  const addressed = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].every((name) => message.header(name) !== undefined)
  return message.isRequest && message.method !== 'ACK' && addressed ? message : undefined
}

const statusEnd = 'SIP/2.0 200'.length

/** §7.2: a space ends the status, where no reason follows too. Some phones leave out both; nobody else need know of that. */
function withSpace(bytes: Buffer, text: string): [bytes: Buffer, text: string] {
  const mended = Buffer.concat([bytes.subarray(0, statusEnd), Buffer.from(' '), bytes.subarray(statusEnd)])
  return [mended, `${text.slice(0, statusEnd)} ${text.slice(statusEnd)}`]
}

/** `SIP/2.0 200 OK`. */
function statusOf(text: string, end: number): number {
  if (!sameIgnoringCase(text, 0, 'sip/2.0 ')) throw new MalformedMessage('the version is not SIP/2.0', 505)
  const status = decimal(text, 699, 8, statusEnd)
  if (!(status >= 100) || (end !== statusEnd && text.charCodeAt(statusEnd) !== SPACE))
    throw new MalformedMessage('the status line has no status of three digits')
  return status
}

function methodOf(text: string, end: number): string {
  const space = text.indexOf(' ')
  if (space < 0 || space >= end || !isToken(text, 0, space)) throw new MalformedMessage('the start line has no method')
  return methodAt(text, 0, space)
}

/** `Request-URI SIP/2.0` after the method: one space each, nothing more (§7.1). */
function checkStartLine(message: Message, start: number, end: number) {
  const { text } = message
  const space = text.indexOf(' ', start)
  if (space <= start || space >= end)
    throw new MalformedMessage('the start line has no Request-URI', 400, answerable(message))
  if (end - space !== 8 || !sameIgnoringCase(text, space + 1, 'sip/2.0')) {
    const version = sameIgnoringCase(text, space + 1, 'sip/') && text.indexOf(' ', space + 1) >= end
    throw new MalformedMessage('the start line does not end with SIP/2.0', version ? 505 : 400, answerable(message))
  }
  const fault = uriFault(text, start, space)
  if (fault !== '') throw new MalformedMessage(fault, 400, answerable(message))
}

/** Only what would break framing or mislead a router; the parts are judged by `parseURI`. */
function uriFault(text: string, start: number, end: number): string {
  const colon = text.indexOf(':', start)
  if (colon < 0 || colon >= end) return 'the Request-URI has no scheme'
  let headers = false
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index)
    // A user part may hold a question mark; behind the host it begins headers (§19.1.1).
    if (code === QUESTION) headers = true
    else if (code === AT) headers = false
    if (code < 0x21 || code === 0x22 || code === 0x3c || code === 0x3e || code === 0x7f)
      return 'the Request-URI holds a character that no URI may hold'
  }
  // §19.1.5: those are for whoever makes a request of the URI; nobody takes them from one that came.
  return headers && sameIgnoringCase(text, start, 'sip') ? 'the Request-URI has headers' : ''
}

const noCSeq = { number: Number.NaN, method: '' }

/** `314159 INVITE`; the number is below 2^31 (§8.1.1.5). */
function cseqOf(text: string, table: FieldTable): { number: number; method: string } {
  const cell = cellOf(table, CSEQ)
  if (cell < 0) return noCSeq
  const start = table.cells[cell + 2] ?? 0
  const end = table.cells[cell + 3] ?? 0
  let digits = start
  while (digits < end && !isSpace(text.charCodeAt(digits))) digits++
  let method = digits
  while (method < end && isSpace(text.charCodeAt(method))) method++
  if (method === digits || !isToken(text, method, end)) return noCSeq
  return { number: decimal(text, 0x7fff_ffff, start, digits), method: methodAt(text, method, end) }
}

/** §18.3: without Content-Length the body is what follows in the datagram. */
function bodyLength(text: string, table: FieldTable): number {
  const cell = cellOf(table, CONTENT_LENGTH)
  if (cell < 0) return text.length - table.body
  const length = decimal(text, 0x7fff_ffff, table.cells[cell + 2], table.cells[cell + 3])
  return Number.isNaN(length) ? Number.POSITIVE_INFINITY : length
}
