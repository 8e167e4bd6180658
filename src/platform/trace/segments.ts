/** The files of a trace: each is named for the time of its first record, and holds what came until the next one's. */
import { FileNotFound } from '../runtime/errors.ts'
import type { Disk } from '../runtime/runtime.ts'
import { readRecord, type TraceRecord } from './record.ts'

export type TraceSegment = { readonly start: number; readonly path: string; bytes: number }

const digits = 15
export const segmentPath = (directory: string, start: number): string =>
  `${directory}/${String(start).padStart(digits, '0')}.trace`

/** Oldest first. */
export async function segmentsIn(disk: Disk, directory: string): Promise<TraceSegment[]> {
  const names = (await disk.list(directory)).filter((name) => /^\d{15}\.trace$/.test(name)).sort()
  const segments: TraceSegment[] = []
  for (const name of names) {
    const path = `${directory}/${name}`
    segments.push({ start: Number(name.slice(0, digits)), path, bytes: await disk.size(path) })
  }
  return segments
}

const chunkBytes = 256 * 1024

/**
 * The records of a segment in order, read in chunks so that nothing else waits long; none after a torn end, and none of
 * a segment that has been deleted meanwhile.
 */
export async function* recordsOf(disk: Disk, { path }: TraceSegment): AsyncGenerator<TraceRecord> {
  let from = 0
  let wanted = chunkBytes
  for (;;) {
    const bytes = await chunk(disk, path, from, wanted)
    let at = 0
    for (;;) {
      const read = readRecord(bytes, at)
      if (read === 'torn') return
      if ('more' in read) {
        if (bytes.length < wanted) return
        wanted = Math.max(chunkBytes, read.more)
        break
      }
      yield read.record
      at = read.end
    }
    from += at
  }
}

async function chunk(disk: Disk, path: string, from: number, length: number): Promise<Buffer> {
  try {
    return await disk.readAt(path, from, length)
  } catch (error) {
    if (error instanceof FileNotFound) return Buffer.alloc(0)
    throw error
  }
}

export type Retention = { readonly days: number; readonly megabytes: number }

const day = 86_400_000

/** How many of the oldest segments are beyond the retention; the newest, which is written to, always stays. */
export function expired(segments: readonly TraceSegment[], { days, megabytes }: Retention, now: number): number {
  let bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0)
  let count = 0
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1]
    const old = next !== undefined && next.start < now - days * day
    if (next === undefined || (!old && bytes <= megabytes * 1024 * 1024)) break
    bytes -= segment.bytes
    count++
  }
  return count
}
