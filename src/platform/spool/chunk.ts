/** A piece of the spool in memory: the frames of consecutive records of one segment, as its file has them. */
import { headerBytes, recordAt, writeFrame } from './frame.ts'
import type { Segment } from './segment.ts'

export type SpoolRecord = { readonly position: number; readonly bytes: Buffer }

const usualBytes = 256 * 1024

export class Chunk {
  /** The position of its first record. */
  readonly start: number
  /** The position after its last record. */
  end: number
  readonly segment: Segment
  /** Where in the file it begins. */
  private readonly offset: number
  private readonly frames: Buffer
  private used = 0
  private given = 0

  constructor(segment: Segment, room: number) {
    this.segment = segment
    this.start = segment.end
    this.end = segment.end
    this.offset = segment.bytes
    this.frames = Buffer.allocUnsafeSlow(Math.max(usualBytes, headerBytes + room))
  }

  get size(): number {
    return this.frames.length
  }

  hasRoomFor(bytes: Buffer): boolean {
    return this.used + headerBytes + bytes.length <= this.frames.length
  }

  add(bytes: Buffer): void {
    const { segment } = this
    segment.offsets.push(segment.bytes)
    this.used = writeFrame(this.frames, this.used, bytes)
    segment.bytes = this.offset + this.used
    segment.end += 1
    this.end = segment.end
  }

  /** What has been added since the last time, for the file; `undefined`: nothing. */
  take(): Buffer | undefined {
    const { given, used } = this
    this.given = used
    return given === used ? undefined : this.frames.subarray(given, used)
  }

  /** The file it was given to has failed: another one takes all of it. */
  giveAgain(): void {
    this.given = 0
  }

  /** The records from one it has on, those before `end`. */
  read(from: number, end: number): SpoolRecord[] {
    const offset = this.segment.offsets[from - this.segment.start] ?? this.segment.bytes
    return recordsIn(this.frames, offset - this.offset, from, Math.min(end, this.end))
  }
}

/** The frames from `offset` on are the records from `first` on; none after one that is torn. */
export function recordsIn(frames: Buffer, offset: number, first: number, end: number): SpoolRecord[] {
  const records: SpoolRecord[] = []
  for (let position = first, at = offset; position < end; position++) {
    const bytes = recordAt(frames, at)
    if (!bytes) break
    records.push({ position, bytes })
    at += headerBytes + bytes.length
  }
  return records
}
