/**
 * A record of a trace file: length, CRC-32, then kind, time, the names of both ends, an id and a body. Written straight
 * into the batch that goes to disk, so that tracing a message costs one copy of it.
 */
import { crc32 } from 'node:zlib'

export const kinds = ['sip', 'event', 'routing', 'belongs', 'share', 'lost'] as const
/**
 * `belongs` ties the Call-ID in its body to the call in its id. `share`: calls of classes below the number in its body are
 * traced from here on. `lost`: so many records are missing before it.
 */
type Kind = (typeof kinds)[number]

export type TraceRecord = {
  readonly kind: Kind
  /** Wall-clock ms. */
  readonly at: number
  readonly from: string
  readonly to: string
  /** The callUUID; empty for SIP messages, whose Call-ID says whose they are. */
  readonly id: string
  readonly body: Buffer
}

export type WrittenRecord = Omit<TraceRecord, 'body'> & { readonly body: Buffer | string }

const frameBytes = 8
/** Kind, time, three lengths. */
const fixedBytes = 10
const longestName = 255
/** Beyond it a length is not to be believed, and a body is not kept. */
export const largestRecord = 1024 * 1024

/** Room that a record is sure to find enough. */
export const roomFor = (body: Buffer | string): number =>
  frameBytes + fixedBytes + 3 * longestName + (typeof body === 'string' ? 3 * body.length : body.length)

/** Writes at `offset`, where there is `roomFor` it; gives the offset after it. */
export function writeRecord(into: Buffer, offset: number, { kind, at, from, to, id, body }: WrittenRecord): number {
  const start = offset + frameBytes
  let end = start + fixedBytes
  into[start] = kinds.indexOf(kind)
  into.writeUIntBE(at, start + 1, 6)
  end += into[start + 7] = writeName(into, end, from)
  end += into[start + 8] = writeName(into, end, to)
  end += into[start + 9] = writeName(into, end, id)
  end += typeof body === 'string' ? into.write(body, end) : body.copy(into, end)
  into.writeUInt32BE(end - start, offset)
  into.writeUInt32BE(crc32(into.subarray(start, end)), offset + 4)
  return end
}

/** Names are short and mostly ASCII: byte by byte they cost less than a call of the engine's encoder each. */
function writeName(into: Buffer, offset: number, name: string): number {
  const length = Math.min(name.length, longestName)
  for (let at = 0; at < length; at++) {
    const code = name.charCodeAt(at)
    if (code > 0x7f) return into.write(name, offset, longestName)
    into[offset + at] = code
  }
  return length
}

/** `torn`: nothing after it can be read. `more`: it needs so many bytes from its offset on. */
export type Read = { readonly record: TraceRecord; readonly end: number } | { readonly more: number } | 'torn'

export function readRecord(bytes: Buffer, offset: number): Read {
  if (offset + frameBytes > bytes.length) return { more: frameBytes }
  const length = bytes.readUInt32BE(offset)
  if (length < fixedBytes || length > largestRecord) return 'torn'
  const start = offset + frameBytes
  const end = start + length
  if (end > bytes.length) return { more: frameBytes + length }
  if (crc32(bytes.subarray(start, end)) !== bytes.readUInt32BE(offset + 4)) return 'torn'
  const record = parse(bytes, start, end)
  return record ? { record, end } : 'torn'
}

function parse(bytes: Buffer, start: number, end: number): TraceRecord | undefined {
  const kind = kinds[bytes[start] as number]
  const from = start + fixedBytes
  const to = from + (bytes[start + 7] as number)
  const id = to + (bytes[start + 8] as number)
  const body = id + (bytes[start + 9] as number)
  if (kind === undefined || body > end) return undefined
  return {
    kind,
    at: bytes.readUIntBE(start + 1, 6),
    from: bytes.toString('utf8', from, to),
    to: bytes.toString('utf8', to, id),
    id: bytes.toString('utf8', id, body),
    body: bytes.subarray(body, end),
  }
}
