/**
 * The record of what must reach the database: an append-only file, fsynced in batches, read from a position. A record
 * can be read once it survives a power loss, so a position that a reader has seen never stands for another record.
 * What every known reader has acknowledged is deleted, segment by segment.
 */
import type { Log } from '../log/log.ts'
import type { AppendFile, Disk, Timer } from '../runtime/runtime.ts'
import { frame, headerBytes, recordAt } from './frame.ts'
import { nameOf, type Segment, segmentsIn } from './segment.ts'

export type SpoolRecord = { readonly position: number; readonly bytes: Buffer }

export interface Spool {
  /** The position after the last record that can be read; the first record of all has position 1. */
  readonly durable: number
  /** Takes the bytes as they are and tells their position; they must not be changed afterwards. */
  append(bytes: Buffer): number
  /** At most `most` records from `from` on; none where there are none yet. */
  read(from: number, most: number): Promise<SpoolRecord[]>
  /** Runs whenever there is more to read. */
  advanced(run: () => void): Timer
  /** Everything before `position` is in the reader's database. */
  acknowledge(reader: string, position: number): void
  /** From where a reader must be told; the oldest record there is for a reader not known. */
  acknowledged(reader: string): number
  close(): Promise<void>
}

export type SpoolOptions = {
  readonly disk: Disk
  readonly directory: string
  readonly log: Log
  /** A new segment begins after so many bytes. */
  readonly segmentBytes?: number
  /** So many of the newest records are kept in memory for readers that keep up. */
  readonly recent?: number
  /**
   * Positions left out at opening: who tells records before they are durable names more than he ever tells, so that
   * none of those lost with the power stands for another record later.
   */
  readonly leaveOut?: number
}

/** Opens what is there, leaving out a torn end. Throws `DirectoryNotWritable`. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { disk, directory } = options
  const segments = await segmentsIn(disk, directory)
  const acknowledgements = await readAcknowledgements(disk, directory)
  const last = Math.max(1, segments.at(-1)?.end ?? Math.max(1, ...acknowledgements.values()))
  const next = last > 1 ? last + (options.leaveOut ?? 0) : 1
  const file = await disk.append(`${directory}/${nameOf(next)}`)
  const current: Segment = { start: next, end: next, path: `${directory}/${nameOf(next)}`, offsets: [] }
  return new FileSpool(
    options,
    [...segments.filter((segment) => segment.start < next), current],
    file,
    acknowledgements,
  )
}

const acknowledgementsFile = 'acknowledged.json'

async function readAcknowledgements(disk: Disk, directory: string): Promise<Map<string, number>> {
  const names = await disk.list(directory)
  if (!names.includes(acknowledgementsFile)) return new Map()
  const text = (await disk.read(`${directory}/${acknowledgementsFile}`)).toString('utf8')
  return new Map(Object.entries(JSON.parse(text) as Record<string, number>))
}

class FileSpool implements Spool {
  durable: number
  private readonly disk: Disk
  private readonly directory: string
  private readonly log: Log
  private readonly segmentBytes: number
  private readonly mostRecent: number
  private readonly segments: Segment[]
  private readonly acknowledgements: Map<string, number>
  private readonly listeners = new Set<() => void>()
  private file: AppendFile
  /** Where in the current segment the next record goes. */
  private fileBytes = 0
  /** While the file of a new segment is being opened, its first records. */
  private held: Buffer[] | undefined
  private next: number
  /** The newest records, the last one at `next - 1`. */
  private recent: Buffer[] = []
  private syncing: Promise<void> | undefined
  private saving: Promise<void> | undefined
  private unsaved = false
  private closed = false

  constructor(options: SpoolOptions, segments: Segment[], file: AppendFile, acknowledgements: Map<string, number>) {
    this.disk = options.disk
    this.directory = options.directory
    this.log = options.log
    this.segmentBytes = options.segmentBytes ?? 64 * 1024 * 1024
    this.mostRecent = options.recent ?? 10_000
    this.segments = segments
    this.file = file
    this.acknowledgements = acknowledgements
    this.next = segments.at(-1)?.end ?? 1
    this.durable = this.next
  }

  append(bytes: Buffer): number {
    const position = this.next++
    const segment = this.current()
    const framed = frame(bytes)
    segment.offsets.push(this.fileBytes)
    segment.end = this.next
    this.fileBytes += framed.length
    if (this.held) this.held.push(framed)
    else this.file.append(framed)
    this.recent.push(bytes)
    // Trimmed in blocks: shifting an array for each record would cost more than the record.
    if (this.recent.length > 2 * this.mostRecent) this.recent = this.recent.slice(-this.mostRecent)
    this.syncing ??= this.sync()
    return position
  }

  async read(from: number, most: number): Promise<SpoolRecord[]> {
    const oldest = this.next - this.recent.length
    if (from < oldest) return this.readSegment(from, Math.min(most, oldest - from))
    const end = Math.min(this.durable, from + most)
    const records: SpoolRecord[] = []
    for (let position = from; position < end; position++) {
      const bytes = this.recent[position - oldest]
      if (bytes) records.push({ position, bytes })
    }
    return records
  }

  advanced(run: () => void): Timer {
    this.listeners.add(run)
    return { cancel: () => this.listeners.delete(run) }
  }

  acknowledge(reader: string, position: number): void {
    const before = this.acknowledgements.get(reader) ?? 0
    if (position <= before) return
    this.acknowledgements.set(reader, Math.min(position, this.durable))
    this.unsaved = true
    this.saving ??= this.save()
  }

  acknowledged(reader: string): number {
    const oldest = this.segments[0]?.start ?? 1
    return Math.max(oldest, this.acknowledgements.get(reader) ?? oldest)
  }

  async close(): Promise<void> {
    if (this.closed) return
    await this.syncing
    this.closed = true
    await this.saving
    await this.file.close()
  }

  /** One sync at a time; what was appended meanwhile shares the next. */
  private async sync(): Promise<void> {
    try {
      while (this.durable < this.next && !this.closed) {
        const reached = this.next
        await this.file.sync()
        this.durable = reached
        for (const listener of this.listeners) listener()
        if (this.fileBytes >= this.segmentBytes) await this.rotate()
      }
    } catch (error) {
      this.log.error({ directory: this.directory, error: String(error) }, 'the spool cannot be written')
    } finally {
      this.syncing = undefined
    }
  }

  private async rotate(): Promise<void> {
    const start = this.next
    const path = `${this.directory}/${nameOf(start)}`
    const before = this.file
    this.segments.push({ start, end: start, path, offsets: [] })
    this.fileBytes = 0
    this.held = []
    // Synced when closed: what was appended to it since the last sync is durable then.
    await before.close()
    this.file = await this.disk.append(path)
    for (const framed of this.held) this.file.append(framed)
    this.held = undefined
    this.durable = Math.max(this.durable, start)
  }

  private current(): Segment {
    const segment = this.segments.at(-1)
    if (!segment) throw new Error('a spool has a segment')
    return segment
  }

  private async readSegment(from: number, most: number): Promise<SpoolRecord[]> {
    // Between two segments positions may have been left out.
    const segment = this.segments.find((each) => from < each.end)
    if (!segment) return []
    const first = Math.max(from, segment.start)
    const last = Math.min(segment.end, first + most, this.durable)
    if (first >= last) return []
    const offset = segment.offsets[first - segment.start] ?? 0
    const end = segment.offsets[last - segment.start] ?? (await this.disk.size(segment.path))
    const bytes = await this.disk.readAt(segment.path, offset, end - offset)
    const records: SpoolRecord[] = []
    for (let position = first, at = 0; position < last; position++) {
      const record = recordAt(bytes, at)
      if (!record) break
      records.push({ position, bytes: record })
      at += headerBytes + record.length
    }
    return records
  }

  private async save(): Promise<void> {
    try {
      while (this.unsaved) {
        this.unsaved = false
        const text = JSON.stringify(Object.fromEntries(this.acknowledgements))
        await this.disk.replace(`${this.directory}/${acknowledgementsFile}`, Buffer.from(text))
        await this.drop()
      }
    } catch (error) {
      this.log.error({ directory: this.directory, error: String(error) }, 'acknowledgements of the spool are not kept')
    } finally {
      this.saving = undefined
    }
  }

  private async drop(): Promise<void> {
    const needed = Math.min(...this.acknowledgements.values())
    while (this.segments.length > 1 && (this.segments[0]?.end ?? 0) <= needed) {
      const segment = this.segments.shift()
      if (segment) await this.disk.remove(segment.path)
    }
  }
}
