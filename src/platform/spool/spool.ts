/**
 * The record of what must reach the database: an append-only file, fsynced in batches, read from a position. A record
 * can be read once it survives a power loss, so a position that a reader has seen never stands for another record.
 * What every known reader has acknowledged is deleted, segment by segment.
 */
import type { Log } from '../log/log.ts'
import type { AppendFile, Disk, Runtime, Timer } from '../runtime/runtime.ts'
import { Chunk, recordsIn, type SpoolRecord } from './chunk.ts'
import { newSegment, type Segment, segmentsIn } from './segment.ts'

export interface Spool {
  /** The position after the last record that can be read; the first record of all has position 1. */
  readonly durable: number
  /** Copies the bytes and tells their position. */
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
  readonly runtime: Pick<Runtime, 'clock' | 'disk'>
  readonly directory: string
  readonly log: Log
  /** A new segment begins after so many bytes. */
  readonly segmentBytes?: number
  /** So much of the newest records is kept in memory for readers that keep up. */
  readonly recentBytes?: number
  /**
   * Positions left out at opening: who tells records before they are durable names more than he ever tells, so that
   * none of those lost with the power stands for another record later.
   */
  readonly leaveOut?: number
}

/** Opens what is there, leaving out a torn end. Throws `DirectoryNotWritable`. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { directory } = options
  const { disk } = options.runtime
  const segments = await segmentsIn(disk, directory)
  const acknowledgements = await readAcknowledgements(disk, directory)
  const last = segments.at(-1)?.end ?? Math.max(1, ...acknowledgements.values())
  // A segment without records counts: positions in it may have been told.
  const next = segments.length > 0 || last > 1 ? last + (options.leaveOut ?? 0) : 1
  const current = newSegment(directory, next)
  const [before, empty] = [segments.filter(hasRecords), segments.filter((segment) => !hasRecords(segment))]
  for (const { path } of empty) if (path === current.path) await disk.remove(path)
  const file = await disk.append(current.path)
  // Not before there is a later name.
  for (const { path } of empty) if (path !== current.path) await disk.remove(path)
  return new FileSpool(options, [...before, current], file, acknowledgements)
}

const hasRecords = ({ offsets }: Segment): boolean => offsets.length > 0

const acknowledgementsFile = 'acknowledged.json'
/** ms until an acknowledgement is kept: what is told again after a crash is in the readers' databases already. */
const saveAfter = 5000

async function readAcknowledgements(disk: Disk, directory: string): Promise<Map<string, number>> {
  const names = await disk.list(directory)
  if (!names.includes(acknowledgementsFile)) return new Map()
  const text = (await disk.read(`${directory}/${acknowledgementsFile}`)).toString('utf8')
  return new Map(Object.entries(JSON.parse(text) as Record<string, number>))
}

class FileSpool implements Spool {
  durable: number
  private readonly runtime: Pick<Runtime, 'clock' | 'disk'>
  private readonly directory: string
  private readonly log: Log
  private readonly segmentBytes: number
  private readonly recentBytes: number
  private readonly segments: Segment[]
  private readonly acknowledgements: Map<string, number>
  private readonly listeners = new Set<() => void>()
  /** While the file of a new segment is being opened there is none. */
  private file: AppendFile | undefined
  /** The newest records, those the file has not been given among them. */
  private chunks: Chunk[] = []
  private gathering = false
  private syncing: Promise<void> | undefined
  private saver: Timer | undefined
  private saving: Promise<void> | undefined
  private unsaved = false
  private closed = false

  constructor(options: SpoolOptions, segments: Segment[], file: AppendFile, acknowledgements: Map<string, number>) {
    this.runtime = options.runtime
    this.directory = options.directory
    this.log = options.log
    this.segmentBytes = options.segmentBytes ?? 64 * 1024 * 1024
    this.recentBytes = options.recentBytes ?? 4 * 1024 * 1024
    this.segments = segments
    this.file = file
    this.acknowledgements = acknowledgements
    this.durable = this.next
  }

  /** The position of the next record. */
  private get next(): number {
    return this.current.end
  }

  append(bytes: Buffer): number {
    const position = this.next
    this.chunkFor(bytes).add(bytes)
    if (!this.gathering) this.runtime.clock.turn(this.handOver)
    this.gathering = true
    return position
  }

  async read(from: number, most: number): Promise<SpoolRecord[]> {
    const chunk = this.chunks.find(({ start, end }) => start <= from && from < end)
    return chunk ? chunk.read(from, Math.min(this.durable, from + most)) : this.readSegment(from, most)
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
    this.saver ??= this.runtime.clock.after(saveAfter, () => void this.save())
  }

  acknowledged(reader: string): number {
    const oldest = this.segments[0]?.start ?? 1
    return Math.max(oldest, this.acknowledgements.get(reader) ?? oldest)
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.handOver()
    await this.syncing
    this.closed = true
    await this.save()
    await this.file?.close().catch((error: unknown) => this.failed(error))
  }

  private chunkFor(bytes: Buffer): Chunk {
    const last = this.chunks.at(-1)
    if (last?.segment === this.current && last.hasRoomFor(bytes)) return last
    this.give()
    const chunk = new Chunk(this.current, bytes.length)
    this.chunks.push(chunk)
    this.forget()
    return chunk
  }

  /** What is in the file need not be in memory, beyond what readers that keep up ask for. */
  private forget(): void {
    let bytes = this.chunks.reduce((sum, { size }) => sum + size, 0)
    while (this.file && this.chunks.length > 1 && bytes > this.recentBytes) bytes -= this.chunks.shift()?.size ?? 0
  }

  /** What a turn has brought goes to the file in one piece. */
  private readonly handOver = (): void => {
    this.gathering = false
    this.give()
    if (this.durable < this.next) this.syncing ??= this.sync()
  }

  private give(): void {
    if (!this.file) return
    for (const chunk of this.chunks) {
      const frames = chunk.take()
      if (frames) this.file.append(frames)
    }
  }

  /** One sync at a time; what was appended meanwhile shares the next. */
  private async sync(): Promise<void> {
    try {
      while (this.file && this.durable < this.next && !this.closed) {
        this.give()
        const { next } = this
        await this.file.sync()
        this.reached(next)
        if (this.current.bytes >= this.segmentBytes) await this.rotate(this.file)
      }
    } catch (error) {
      this.failed(error)
    } finally {
      this.syncing = undefined
    }
  }

  private failed(error: unknown): void {
    this.log.error({ directory: this.directory, error: String(error) }, 'the spool cannot be written')
  }

  private async rotate(before: AppendFile): Promise<void> {
    this.give()
    const segment = newSegment(this.directory, this.next)
    this.segments.push(segment)
    this.file = undefined
    // Synced when closed: what was appended to it since the last sync is durable then.
    await before.close()
    this.file = await this.runtime.disk.append(segment.path)
    if (this.durable < segment.start) this.reached(segment.start)
  }

  private reached(position: number): void {
    this.durable = position
    for (const listener of this.listeners) listener()
  }

  private get current(): Segment {
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
    const end = segment.offsets[last - segment.start] ?? segment.bytes
    const frames = await this.runtime.disk.readAt(segment.path, offset, end - offset)
    return recordsIn(frames, 0, first, last)
  }

  private save(): Promise<void> {
    this.saver?.cancel()
    this.saver = undefined
    this.saving ??= this.saveAll()
    return this.saving
  }

  private async saveAll(): Promise<void> {
    const { disk } = this.runtime
    try {
      while (this.unsaved) {
        this.unsaved = false
        const text = JSON.stringify(Object.fromEntries(this.acknowledgements))
        await disk.replace(`${this.directory}/${acknowledgementsFile}`, Buffer.from(text))
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
      if (segment) await this.runtime.disk.remove(segment.path)
    }
  }
}
