/** The files of a spool: each is named for the position of its first record. */
import type { Disk } from '../runtime/runtime.ts'
import { headerBytes, recordAt } from './frame.ts'

export type Segment = {
  readonly start: number
  /** The position after its last record. */
  end: number
  readonly path: string
  /** Where each record begins. */
  readonly offsets: number[]
  /** Where the next record goes. */
  bytes: number
}

const digits = 15
const nameOf = (start: number): string => `${String(start).padStart(digits, '0')}.spool`

/** One that begins at this position. */
export const newSegment = (directory: string, start: number): Segment => ({
  start,
  end: start,
  path: `${directory}/${nameOf(start)}`,
  offsets: [],
  bytes: 0,
})

/** In order; a torn end is left out. Of one without records the name tells where it would have begun. */
export async function segmentsIn(disk: Disk, directory: string): Promise<Segment[]> {
  const names = (await disk.list(directory)).filter((name) => /^\d{15}\.spool$/.test(name)).sort()
  const segments: Segment[] = []
  for (const name of names) {
    const path = `${directory}/${name}`
    const start = Number(name.slice(0, digits))
    const file = await disk.read(path)
    const { offsets, bytes } = recordsOf(file)
    segments.push({ start, end: start + offsets.length, path, offsets, bytes })
  }
  return segments
}

/** Leaves out the records from `end` on. */
export function cut(segment: Segment, end: number): void {
  if (end >= segment.end) return
  const count = end - segment.start
  segment.bytes = segment.offsets[count] ?? segment.bytes
  segment.offsets.length = count
  segment.end = end
}

function recordsOf(file: Buffer): Pick<Segment, 'offsets' | 'bytes'> {
  const offsets: number[] = []
  let at = 0
  for (let record = recordAt(file, 0); record; record = recordAt(file, at)) {
    offsets.push(at)
    at += headerBytes + record.length
  }
  return { offsets, bytes: at }
}
