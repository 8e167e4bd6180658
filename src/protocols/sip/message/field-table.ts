/** Where each header field of a message lies (RFC 3261 §7.3): one pass over the text, offsets only. */
import { MalformedMessage } from './errors.ts'
import { fieldIdAt } from './field-names.ts'
import type { MessageLimits } from './limits.ts'
import { isToken } from './scan.ts'

const CR = 0x0d
const LF = 0x0a
const SPACE = 0x20
const TAB = 0x09
const COLON = 0x3a

/** Four numbers a field: id, start of the line, start and end of the value (folded lines included, trimmed). */
export type FieldTable = {
  readonly cells: number[]
  /** The index after the empty line. */
  readonly body: number
}
export const WIDTH = 4

/** The cell of the first field with this id at or after `from`; -1 where there is none. */
export function cellOf({ cells }: FieldTable, id: number, from = 0): number {
  for (let cell = from; cell < cells.length; cell += WIDTH) if (cells[cell] === id) return cell
  return -1
}

/** `start` is the index after the start line. */
export function indexFields(text: string, start: number, limits: MessageLimits): FieldTable {
  const cells: number[] = []
  let at = start
  for (;;) {
    const first = text.charCodeAt(at)
    if (first === CR && text.charCodeAt(at + 1) === LF) return { cells, body: at + 2 }
    const end = endOfLine(text, at)
    if (end > start + limits.headerBytes) throw new MalformedMessage('the header is too large', 513)
    if (first === SPACE || first === TAB) fold(cells, text, at, end)
    else {
      if (cells.length >= limits.fields * WIDTH) throw new MalformedMessage('too many header fields', 513)
      addField(cells, text, at, end)
    }
    at = end + 2
  }
}

/** The index of the CR that ends the line. A CR or LF alone ends a line for others but not for us, so it is refused. */
export function endOfLine(text: string, start: number): number {
  const lf = text.indexOf('\n', start)
  if (lf < 0) throw new MalformedMessage('the header does not end')
  if (lf === start || text.indexOf('\r', start) !== lf - 1) throw new MalformedMessage('a line does not end with CR LF')
  return lf - 1
}

function addField(cells: number[], text: string, start: number, end: number) {
  const colon = text.indexOf(':', start)
  if (colon < 0 || colon >= end) throw new MalformedMessage('a header line has no colon')
  let nameEnd = colon
  while (nameEnd > start && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--
  const id = fieldIdAt(text, start, nameEnd)
  if (id === 0 && !isToken(text, start, nameEnd)) throw new MalformedMessage('a header field has no valid name')
  let from = colon + 1
  while (from < end && isBlank(text.charCodeAt(from))) from++
  cells.push(id, start, from, trimEnd(text, from, end))
}

/** §7.3.1: a line that begins with white space continues the value before it. */
function fold(cells: number[], text: string, start: number, end: number) {
  if (cells.length === 0) throw new MalformedMessage('the first header line begins with white space')
  const stop = trimEnd(text, start, end)
  if (stop > start) cells[cells.length - 1] = stop
}

const isBlank = (code: number) => code === SPACE || code === TAB

function trimEnd(text: string, start: number, end: number): number {
  let stop = end
  while (stop > start && isBlank(text.charCodeAt(stop - 1))) stop--
  return stop
}

/** Whether the field at `line` has this name (lower case), for names without an id. */
export const isNamed = (text: string, line: number, lower: string): boolean => {
  for (let index = 0; index < lower.length; index++) {
    if ((lowered[text.charCodeAt(line + index)] ?? 0) !== lower.charCodeAt(index)) return false
  }
  const after = text.charCodeAt(line + lower.length)
  return after === COLON || isBlank(after)
}

const lowered = Uint8Array.from({ length: 256 }, (_, code) => (code >= 65 && code <= 90 ? code + 32 : code))
