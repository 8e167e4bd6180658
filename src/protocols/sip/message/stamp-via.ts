/** What a server adds to the topmost Via of a request (RFC 3261 §18.2.1, RFC 3581 §4): where it really came from. */
import { MalformedMessage } from './errors.ts'
import { sameIgnoringCase, VIA } from './field-names.ts'
import { cellOf, WIDTH } from './field-table.ts'
import { parseVia } from './headers/via.ts'
import { Message } from './message.ts'
import { indexOutside, trimmed } from './scan.ts'
import type { ViaSpan } from './via-span.ts'

const SEMICOLON = 0x3b
const COLON = 0x3a
const EQUALS = 0x3d

/**
 * The request with `received` where sent-by is not the source's address or rport was asked for, and `rport` where it
 * was asked for. Throws `MalformedMessage` where the topmost Via is none.
 */
export function stampVia(request: Message, source: { readonly host: string; readonly port: number }): Message {
  const { text, via: span } = request
  if (span === undefined) throw new MalformedMessage('no Via')
  if (!span.hasRport && sentFrom(text, span, source.host)) return request
  const value = text.slice(span.start, span.end)
  const via = parseVia(value)
  const host = via.host.startsWith('[') ? via.host.slice(1, -1) : via.host
  if (via.rport === undefined && host === source.host && via.received === undefined) return request
  const received = `;received=${source.host.includes(':') ? `[${source.host}]` : source.host}`
  const stamp = via.rport === undefined ? received : `;rport=${source.port}${received}`
  return spliced(request, span, stamped(value, stamp))
}

/** Fast and sure: `SIP/2.0/UDP host:port;…` with the very host, and no `received` that somebody else wrote. */
function sentFrom(text: string, { start, end, hasReceived }: ViaSpan, host: string): boolean {
  const space = text.indexOf(' ', start)
  if (space !== start + 11 || !sameIgnoringCase(text, start, 'sip/2.0/') || !text.startsWith(host, space + 1))
    return false
  const after = space + 1 + host.length
  const code = text.charCodeAt(after)
  if (after < end && code !== SEMICOLON && code !== COLON) return false
  return isPort(text, after, end) && !hasReceived
}

/** Whether a port, if one follows, is one; what else may stand there is for parseVia to judge. */
function isPort(text: string, start: number, end: number): boolean {
  if (start >= end || text.charCodeAt(start) !== COLON) return true
  let port = 0
  for (let index = start + 1; index < end; index++) {
    const code = text.charCodeAt(index)
    if (code === SEMICOLON) break
    if (code < 0x30 || code > 0x39 || index > start + 5) return false
    port = port * 10 + code - 0x30
  }
  return port > 0 && port <= 65_535
}

/**
 * The stamp in the place of any there was, before all other parameters: behind one whose quotes do not end nobody would
 * find it.
 */
function stamped(value: string, stamp: string): string {
  const first = indexOutside(value, SEMICOLON, 0, value.length)
  let text = trimmed(value, 0, first) + stamp
  for (let at = first; at < value.length; ) {
    const next = indexOutside(value, SEMICOLON, at + 1, value.length)
    const equals = indexOutside(value, EQUALS, at + 1, next)
    const name = trimmed(value, at + 1, equals).toLowerCase()
    if (name !== 'rport' && name !== 'received') text += value.slice(at, next)
    at = next
  }
  return text
}

/** The message with another text in the place of its topmost Via: nothing of it is read again. */
function spliced(request: Message, { start, end }: ViaSpan, inserted: string): Message {
  const { text, table } = request
  const longer = inserted.length - (end - start)
  const cells = table.cells.slice()
  for (let index = cellOf(table, VIA) + WIDTH - 1; index < cells.length; index++)
    if (index % WIDTH !== 0) cells[index] = (cells[index] ?? 0) + longer
  const changed = text.slice(0, start) + inserted + text.slice(end)
  return new Message(undefined, request.method, 0, request.cseq, changed, { cells, body: table.body + longer })
}
