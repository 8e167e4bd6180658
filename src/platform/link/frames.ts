/** Frames of links over TCP: a 4-byte big-endian length and so many bytes; an empty frame is a heartbeat. */

export const longestFrame = 1024 * 1024
/** Up to here one buffer is cheaper than two. */
const copied = 4096

/** Writes one frame. The bytes may not be changed afterwards. */
export function writeFrame(frame: Buffer, write: (bytes: Buffer) => void): void {
  const { length } = frame
  const head = Buffer.allocUnsafe(length > copied ? 4 : 4 + length)
  head.writeUInt32BE(length, 0)
  if (length <= copied) frame.copy(head, 4)
  write(head)
  if (length > copied) write(frame)
}

/** Cuts a byte stream into frames; each piece is copied at most once. */
export class FrameReader {
  private readonly take: (frame: Buffer) => void
  /** What came of a frame that is not whole yet. */
  private pieces: Buffer[] = []
  private held = 0
  /** How many bytes the next frame needs, its length included; 4 while that is not known. */
  private needed = 4

  constructor(take: (frame: Buffer) => void) {
    this.take = take
  }

  /** False when a frame is too long: nothing after it can be read. */
  push(bytes: Buffer): boolean {
    this.pieces.push(bytes)
    this.held += bytes.length
    if (this.held < this.needed) return true
    const data = this.pieces.length === 1 ? bytes : Buffer.concat(this.pieces)
    const end = this.cut(data)
    if (end < 0) return false
    this.pieces = end < data.length ? [data.subarray(end)] : []
    this.held = data.length - end
    return true
  }

  /** Where the first frame begins that is not whole; -1 when it would be too long. */
  private cut(data: Buffer): number {
    let at = 0
    this.needed = 4
    while (data.length - at >= 4) {
      const length = data.readUInt32BE(at)
      if (length > longestFrame) return -1
      this.needed = 4 + length
      if (data.length - at < this.needed) break
      this.take(data.subarray(at + 4, at + this.needed))
      at += this.needed
      this.needed = 4
    }
    return at
  }
}
