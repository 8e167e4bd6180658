/** Where the parts of the topmost Via lie that every message is asked for: one pass over its characters, no texts. */
import { sameIgnoringCase } from './field-names.ts'
import { afterAngle, afterQuoted, isSpace, LESS, QUOTE } from './scan.ts'

const COMMA = 0x2c
const COLON = 0x3a
const SEMICOLON = 0x3b
const EQUALS = 0x3d

/** Indices into the text of a message; -1 where there is none. */
export class ViaSpan {
  /** Of the value, and where the first item of its list ends. */
  readonly start: number
  end: number
  /** Between protocol and parameters. */
  sentBy: number
  sentByEnd: number
  branch = -1
  branchEnd = -1
  hasRport = false
  hasReceived = false

  constructor(text: string, start: number, end: number) {
    this.start = start
    this.end = endOfPart(text, start, end)
    this.sentByEnd = this.end
    this.sentBy = afterProtocol(text, start, this.end)
    while (this.sentByEnd > this.sentBy && isSpace(text.charCodeAt(this.sentByEnd - 1))) this.sentByEnd--
    while (this.end < end && text.charCodeAt(this.end) === SEMICOLON) this.parameter(text, this.end + 1, end)
  }

  /** The port that sent-by names; 0 where it names none. */
  port(text: string): number {
    let port = 0
    for (let index = this.sentByEnd - 1, unit = 1; index > this.sentBy; index--, unit *= 10) {
      const code = text.charCodeAt(index)
      if (code === COLON) return port
      if (code < 0x30 || code > 0x39) return 0
      port += (code - 0x30) * unit
    }
    return 0
  }

  /** The next parameter; of two alike the first counts. */
  private parameter(text: string, start: number, end: number) {
    let from = start
    while (from < end && isSpace(text.charCodeAt(from))) from++
    this.end = endOfPart(text, from, end)
    // Of these three alone anything is asked.
    const letter = text.charCodeAt(from) | 32
    if (letter === 0x62) this.noteBranch(text, from)
    else if (letter === 0x72) {
      if (afterName(text, 'rport', from, this.end) > 0) this.hasRport = true
      else if (afterName(text, 'received', from, this.end) > 0) this.hasReceived = true
    }
  }

  private noteBranch(text: string, start: number) {
    const after = afterName(text, 'branch', start, this.end)
    if (after < 0 || this.branch >= 0) return
    let from = Math.min(after + 1, this.end)
    let to = this.end
    while (from < to && isSpace(text.charCodeAt(from))) from++
    while (to > from && isSpace(text.charCodeAt(to - 1))) to--
    this.branch = from
    this.branchEnd = to
  }
}

/** Where the part that begins at `start` ends: at a semicolon or comma outside quotes and angle brackets. */
function endOfPart(text: string, start: number, end: number): number {
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index)
    if (code === SEMICOLON || code === COMMA) return index
    if (code === QUOTE) index = afterQuoted(text, index, end) - 1
    else if (code === LESS) index = afterAngle(text, index, end) - 1
  }
  return end
}

/** `SIP/2.0/UDP host:port`: the index of the host. */
function afterProtocol(text: string, start: number, stop: number): number {
  let from = text.indexOf('/', text.indexOf('/', start) + 1) + 1
  while (from < stop && isSpace(text.charCodeAt(from))) from++
  while (from < stop && !isSpace(text.charCodeAt(from))) from++
  while (from < stop && isSpace(text.charCodeAt(from))) from++
  return Math.min(from, stop)
}

/** Where the name of the parameter at `start`–`end` ends, its `=` if it has one; -1 where it is not this `name`. */
function afterName(text: string, name: string, start: number, end: number): number {
  let after = start + name.length
  if (after > end || !sameIgnoringCase(text, start, name)) return -1
  while (after < end && isSpace(text.charCodeAt(after))) after++
  return after === end || text.charCodeAt(after) === EQUALS ? after : -1
}
