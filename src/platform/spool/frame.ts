/** A record in a spool file: length, CRC-32, bytes; so a torn end is known as such. */
import { crc32 } from 'node:zlib'

export const headerBytes = 8
const largest = 16 * 1024 * 1024

/** Writes at `offset`, where there is room for it; gives the offset after it. */
export function writeFrame(into: Buffer, offset: number, bytes: Buffer): number {
  into.writeUInt32BE(bytes.length, offset)
  into.writeUInt32BE(crc32(bytes), offset + 4)
  return offset + headerBytes + bytes.copy(into, offset + headerBytes)
}

/** The record at `offset`; `undefined` where the file ends or is torn. */
export function recordAt(file: Buffer, offset: number): Buffer | undefined {
  if (offset + headerBytes > file.length) return undefined
  const length = file.readUInt32BE(offset)
  const end = offset + headerBytes + length
  if (length > largest || end > file.length) return undefined
  const bytes = file.subarray(offset + headerBytes, end)
  return crc32(bytes) === file.readUInt32BE(offset + 4) ? bytes : undefined
}
