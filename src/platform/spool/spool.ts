/**
 * The record of what must reach the database: an append-only file, fsynced in batches, read from a position. A record
 * can be read once it survives a power loss, so a position that a reader has seen never stands for another record.
 * What every known reader has acknowledged is deleted, segment by segment.
 */
import type { Log } from '../log/log.ts'
import type { AppendFile, Disk, Runtime, Timer } from '../runtime/runtime.ts'
import { Chunk, recordsIn, type SpoolRecord } from './chunk.ts'
import { cut, newSegment, type Segment, segmentsIn } from './segment.ts'

export interface Spool {
  /** The position after the last record that can be read; the first record of all has position 1. */
  readonly durable: number
  /** Why records do not reach the disk, and what helps; `undefined`: they do. */
  readonly trouble: string | undefined
  /** Copies the bytes and tells their position; `undefined`: lost, as more than may waits for a failing disk. */
  append(bytes: Buffer): number | undefined
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
  /** So much may wait for a disk that fails: at 8 calls a second 64 MB are ten minutes. What comes beyond is lost. */
  readonly waitingBytes?: number
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
  // Where a disk failed, the file before may tell more than the one that went on.
  const last =
    segments.length > 0 ? Math.max(...segments.map(({ end }) => end)) : Math.max(1, ...acknowledgements.values())
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
/** ms until a failing disk is tried again. */
const retryAfter = 1000

async function readAcknowledgements(disk: Disk, directory: string): Promise<Map<string, number>> {
  const names = await disk.list(directory)
  if (!names.includes(acknowledgementsFile)) return new Map()
  const text = (await disk.read(`${directory}/${acknowledgementsFile}`)).toString('utf8')
  return new Map(Object.entries(JSON.parse(text) as Record<string, number>))
}

class FileSpool implements Spool {
  durable: number
  private readonly options: SpoolOptions
  private readonly runtime: Pick<Runtime, 'clock' | 'disk'>
  private readonly directory: string
  private readonly segmentBytes: number
  private readonly recentBytes: number
  private readonly waitingBytes: number
  private readonly segments: Segment[]
  private readonly acknowledgements: Map<string, number>
  private readonly listeners = new Set<() => void>()
  /** There is none while that of a new segment is being opened, and while the disk fails. */
  private file: AppendFile | undefined
  /** The newest records, those the file has not been given among them. */
  private chunks: Chunk[] = []
  private gathering = false
  private syncing: Promise<void> | undefined
  /** Why the disk failed last, until little waits again. */
  private failure: string | undefined
  private retrying: Timer | undefined
  private reopening: Promise<void> | undefined
  /** Records, until little waits again. */
  private lost = 0
  private saver: Timer | undefined
  private saving: Promise<void> | undefined
  private unsaved = false
  private closed = false

  constructor(options: SpoolOptions, segments: Segment[], file: AppendFile, acknowledgements: Map<string, number>) {
    this.options = options
    this.runtime = options.runtime
    this.directory = options.directory
    this.segmentBytes = options.segmentBytes ?? 64 * 1024 * 1024
    this.recentBytes = options.recentBytes ?? 4 * 1024 * 1024
    this.waitingBytes = options.waitingBytes ?? 64 * 1024 * 1024
    this.segments = segments
    this.file = file
    this.acknowledgements = acknowledgements
    this.durable = this.next
  }

  /** The position of the next record. */
  private get next(): number {
    return this.current.end
  }

  get trouble(): string | undefined {
    if (this.failure === undefined && this.lost === 0) return undefined
    const losing = this.lost > 0 ? `, and records are lost (${this.lost} so far)` : ''
    const why = this.failure ?? 'it is too slow'
    return `the spool cannot be written${losing}: make room on the disk of ${this.directory}, or mend it (${why})`
  }

  append(bytes: Buffer): number | undefined {
    const position = this.next
    const chunk = this.chunkFor(bytes)
    if (!chunk) return this.lose()
    chunk.add(bytes)
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
    await this.reopening
    this.retrying?.cancel()
    if (!this.file) await this.reopen()
    this.retrying?.cancel()
    this.closed = true
    const { next, durable, options, directory } = this
    if (durable < next) options.log.error({ directory, records: next - durable }, 'the spool is closed without them')
    await this.save()
    this.saver?.cancel()
    await this.file?.close().catch((error: unknown) => this.failed(error))
  }

  private chunkFor(bytes: Buffer): Chunk | undefined {
    const last = this.chunks.at(-1)
    if (last?.segment === this.current && last.hasRoomFor(bytes)) return last
    this.give()
    this.forget()
    if (this.waiting >= this.waitingBytes) return undefined
    const chunk = new Chunk(this.current, bytes.length)
    this.chunks.push(chunk)
    return chunk
  }

  /** Bytes of memory that hold what is not durable. */
  private get waiting(): number {
    return sizeOf(this.chunks.filter(({ end }) => end > this.durable))
  }

  private lose(): undefined {
    if (this.lost++ === 0) this.options.log.error({}, this.trouble ?? '')
  }

  /** What is durable need not be in memory, beyond what readers that keep up ask for. */
  private forget(): void {
    let bytes = sizeOf(this.chunks)
    let spare = 0
    for (const { size, end } of this.chunks) {
      if (bytes <= this.recentBytes || end > this.durable) break
      bytes -= size
      spare += 1
    }
    this.chunks.splice(0, spare)
  }

  /** What a turn has brought goes to the file in one piece. */
  private readonly handOver = (): void => {
    this.gathering = false
    this.give()
    if (this.file && this.durable < this.next) this.syncing ??= this.sync()
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

  /** What is not durable yet stays in memory; another file is tried. */
  private failed(error: unknown): void {
    const again = this.failure !== undefined
    this.failure = String(error)
    if (!again) this.options.log.error({}, this.trouble ?? '')
    this.file?.close().catch(() => {})
    this.file = undefined
    if (this.closed) return
    this.retrying = this.runtime.clock.after(retryAfter, () => {
      this.reopening = this.reopen().finally(() => {
        this.reopening = undefined
      })
    })
  }

  private async reopen(): Promise<void> {
    const { disk } = this.runtime
    try {
      this.beginAgain()
      const { path } = this.current
      // Nobody knows what a failed file ends with; nothing of this one is durable.
      await disk.replace(path, Buffer.alloc(0))
      this.file = await disk.append(path)
      if (this.durable === this.next) this.recovered()
      this.handOver()
      await this.syncing
    } catch (error) {
      this.failed(error)
    }
  }

  /** All that is not durable goes to the file of a segment that begins with it. */
  private beginAgain(): void {
    const { durable } = this
    const waiting = this.chunks.filter(({ end }) => end > durable)
    if (this.current.start === durable) {
      for (const chunk of waiting) chunk.giveAgain()
      return
    }
    const records = waiting.flatMap((chunk) => chunk.read(Math.max(durable, chunk.start), chunk.end))
    this.chunks = this.chunks.filter(({ end }) => end <= durable)
    while (this.segments.length > 1 && this.current.start >= durable) this.segments.pop()
    cut(this.current, durable)
    if (this.current.start < durable) this.segments.push(newSegment(this.directory, durable))
    for (const { bytes } of records) this.addAgain(bytes)
  }

  private addAgain(bytes: Buffer): void {
    let chunk = this.chunks.at(-1)
    if (chunk?.segment !== this.current || !chunk.hasRoomFor(bytes)) {
      chunk = new Chunk(this.current, bytes.length)
      this.chunks.push(chunk)
    }
    chunk.add(bytes)
  }

  private async rotate(before: AppendFile): Promise<void> {
    this.give()
    const segment = newSegment(this.directory, this.next)
    this.segments.push(segment)
    this.file = undefined
    // Synced when closed: what was appended to it since the last sync is durable then.
    await before.close()
    if (this.durable < segment.start) this.reached(segment.start)
    this.file = await this.runtime.disk.append(segment.path)
  }

  private reached(position: number): void {
    this.durable = position
    if (this.trouble !== undefined && 2 * this.waiting <= this.waitingBytes) this.recovered()
    for (const listener of this.listeners) listener()
  }

  private recovered(): void {
    const { log, directory } = this.options
    log.warn({ directory, lost: this.lost }, 'the spool is written again')
    this.failure = undefined
    this.lost = 0
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
      const { log, directory } = this.options
      log.error({ directory, error: String(error) }, 'acknowledgements of the spool are not kept yet')
      this.unsaved = true
      this.saver ??= this.runtime.clock.after(saveAfter, () => void this.save())
    } finally {
      this.saving = undefined
    }
  }

  private async drop(): Promise<void> {
    const needed = Math.min(...this.acknowledgements.values())
    for (const { path } of this.segments.slice(0, -1).filter(({ end }) => end <= needed)) {
      await this.runtime.disk.remove(path)
      this.segments.shift()
    }
  }
}

const sizeOf = (chunks: readonly Chunk[]): number => chunks.reduce((sum, { size }) => sum + size, 0)
