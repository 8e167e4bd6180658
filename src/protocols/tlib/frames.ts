/** Frames of T-Library over TCP: a 4-byte big-endian length, then one JSON object in UTF-8. */

/** A longer frame ends the connection: no message of the protocol comes near it. */
export const longestFrame = 1024 * 1024

export function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(4 + length)
  frame.writeUInt32BE(length, 0)
  frame.write(text, 4)
  return frame
}

/** Cuts a byte stream into frames. `take` gives `false` when a frame is too long: nothing after it can be read. */
export function frameReader(frame: (text: string) => void): (bytes: Buffer) => boolean {
  let rest: Buffer = Buffer.alloc(0)
  return (bytes) => {
    let data = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    while (data.length >= 4) {
      const length = data.readUInt32BE(0)
      if (length > longestFrame) return false
      if (data.length < 4 + length) break
      frame(data.toString('utf8', 4, 4 + length))
      data = data.subarray(4 + length)
    }
    rest = data
    return true
  }
}
