/** Bodies of several parts (RFC 5621; MIME, RFC 2046 §5.1): bytes are cut, nothing is decoded. */
import { parameter } from './scan.ts'

export type Part = {
  /** In lower case, without parameters; `text/plain` where none is named. */
  readonly type: string
  /** Content-Type as written. */
  readonly contentType: string
  /** Whoever does not understand it must refuse the message (RFC 5621 §8.2): so unless it says `optional`. */
  readonly required: boolean
  readonly bytes: Buffer
}

/** More than any peer sends. */
const mostParts = 16
/** A mixture of alternatives, and no further. */
const deepest = 2

/** The parts, those of a part of parts among them; undefined where the body is none of its type. */
export function partsOf(contentType: string, body: Buffer, depth = 1): Part[] | undefined {
  const boundary = unquoted(parameter(contentType, 'boundary') ?? '')
  if (boundary === '' || boundary.length > 70 || depth > deepest) return undefined
  const pieces = cut(body, boundary)
  if (pieces === undefined || pieces.length === 0 || pieces.length > mostParts) return undefined
  const parts: Part[] = []
  for (const piece of pieces) {
    const part = readPart(piece)
    if (part === undefined) return undefined
    const inner = part.type.startsWith('multipart/') ? partsOf(part.contentType, part.bytes, depth + 1) : [part]
    if (inner === undefined) return undefined
    parts.push(...inner)
  }
  return parts
}

/** What lies between the delimiters; undefined without a closing one. */
function cut(body: Buffer, boundary: string): Buffer[] | undefined {
  const delimiter = `--${boundary}`
  const text = body.toString('latin1')
  const pieces: Buffer[] = []
  let at = text.startsWith(delimiter) ? 0 : text.indexOf(`\r\n${delimiter}`) + 2
  if (at === 1) return undefined
  for (;;) {
    const after = at + delimiter.length
    if (text.startsWith('--', after)) return pieces
    const start = text.indexOf('\r\n', after) + 2
    const end = text.indexOf(`\r\n${delimiter}`, start - 2)
    if (start === 1 || end < 0 || pieces.length > mostParts) return undefined
    pieces.push(body.subarray(start, Math.max(start, end)))
    at = end + 2
  }
}

function readPart(piece: Buffer): Part | undefined {
  const text = piece.toString('latin1')
  // A part may begin with the empty line: it has no header then.
  const gap = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n') + 2
  if (gap === 1) return undefined
  const fields = text.slice(0, gap)
  const contentType = fieldIn(fields, 'content-type') ?? 'text/plain'
  const [type = ''] = contentType.split(';')
  const handling = parameter(fieldIn(fields, 'content-disposition') ?? '', 'handling')
  const bytes = piece.subarray(gap + 2)
  return { type: type.trim().toLowerCase(), contentType, required: handling?.toLowerCase() !== 'optional', bytes }
}

/** `c:` is Content-Type too: parts are written by the same hands as messages. */
function fieldIn(fields: string, name: string): string | undefined {
  const short = name === 'content-type' ? '|c' : ''
  const [, value] = new RegExp(`^(?:${name}${short})[ \\t]*:[ \\t]*([^\\r\\n]*)`, 'im').exec(fields) ?? []
  return value
}

const unquoted = (text: string): string => (text.startsWith('"') ? text.slice(1, -1) : text)
