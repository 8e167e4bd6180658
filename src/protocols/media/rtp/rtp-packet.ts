/**
 * RTP packets in place (RFC 3550 §5.1): fields are read from and written into the bytes, nothing is allocated per
 * packet. `payloadStart` must have accepted a packet before its other fields are read.
 */

export const headerLength = 12

/** Where the payload begins, or -1 for what is no RTP packet: CSRCs, extension and padding must fit in the bytes. */
export function payloadStart(packet: Uint8Array, length: number = packet.length): number {
  const start = headerEnd(packet, length)
  return start >= 0 && start + paddingOf(packet, length) <= length ? start : -1
}

/** Where the header ends with its CSRCs and extension, or -1 where they do not fit: all that can be read of an encrypted packet. */
export function headerEnd(packet: Uint8Array, length: number): number {
  if (length < headerLength) return -1
  const first = packet[0] as number
  if (first >> 6 !== 2) return -1
  let start = headerLength + (first & 0x0f) * 4
  if (first & 0x10) {
    if (start + 4 > length) return -1
    start += 4 + (((packet[start + 2] as number) << 8) | (packet[start + 3] as number)) * 4
  }
  return start <= length ? start : -1
}

/** Where the payload ends, padding left out. */
export const payloadEnd = (packet: Uint8Array, length: number = packet.length): number =>
  length - paddingOf(packet, length)

/** A padding count of zero is no padding at all: it is read as one byte (the count itself). */
const paddingOf = (packet: Uint8Array, length: number): number =>
  (packet[0] as number) & 0x20 ? Math.max(1, packet[length - 1] as number) : 0

export const payloadType = (packet: Uint8Array): number => (packet[1] as number) & 0x7f
export const marker = (packet: Uint8Array): boolean => ((packet[1] as number) & 0x80) !== 0
export const sequence = (packet: Uint8Array): number => ((packet[2] as number) << 8) | (packet[3] as number)
export const timestamp = (packet: Uint8Array): number => read32(packet, 4)
export const ssrc = (packet: Uint8Array): number => read32(packet, 8)

/** Writes a header without CSRCs, extension and padding; the fields wrap as the wire does. */
export function writeHeader(
  packet: Uint8Array,
  type: number,
  mark: boolean,
  seq: number,
  time: number,
  source: number,
): void {
  packet[0] = 0x80
  packet[1] = (type & 0x7f) | (mark ? 0x80 : 0)
  packet[2] = (seq >> 8) & 0xff
  packet[3] = seq & 0xff
  write32(packet, 4, time)
  write32(packet, 8, source)
}

/** Overwrites what a relay changes in a packet it passes on; version, CSRCs, extension and payload stay. */
export function rewriteHeader(
  packet: Uint8Array,
  type: number,
  mark: boolean,
  seq: number,
  time: number,
  source: number,
): void {
  const first = packet[0] as number
  writeHeader(packet, type, mark, seq, time, source)
  packet[0] = first
}

/** How far `to` is after `from` on the circle of 16 bits: -32768 to 32767. */
export const sequenceDistance = (from: number, to: number): number => ((to - from) << 16) >> 16
/** How far `to` is after `from` on the circle of 32 bits. */
export const timestampDistance = (from: number, to: number): number => (to - from) | 0

const read32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0

function write32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >>> 24) & 0xff
  bytes[at + 1] = (value >>> 16) & 0xff
  bytes[at + 2] = (value >>> 8) & 0xff
  bytes[at + 3] = value & 0xff
}
