/**
 * A trace on disk: segment files that are only appended to, in batches, and forgotten by age and size. Writing never
 * waits and reads nothing. Under load a share of the calls is traced; when the disk does not keep up, records are dropped.
 * Both are counted, and ladders say so.
 */
import type { Log } from '../log/log.ts'
import type { Counter, Metrics } from '../metrics/metrics.ts'
import type { AppendFile, Runtime, Timer } from '../runtime/runtime.ts'
import { callIDIn } from './call-id.ts'
import type { Masking } from './mask.ts'
import { readCall } from './read-call.ts'
import { largestRecord, roomFor, type TraceRecord, type WrittenRecord, writeRecord } from './record.ts'
import { expired, type Retention, segmentPath, segmentsIn, type TraceSegment } from './segments.ts'
import { classOf, classOfCall, Share, whole, wordsOf } from './share.ts'
import type { Trace, TraceItem, TraceReader } from './trace.ts'

export interface DiskTrace extends Trace, TraceReader {
  /** What is in hand goes to disk; nothing is taken any more. */
  close(): Promise<void>
}

export type DiskTraceOptions = {
  readonly runtime: Pick<Runtime, 'clock' | 'disk'>
  readonly log: Log
  readonly metrics: Metrics
  readonly directory: string
  /** As the settings `ladderDays` and `ladderMegabytes` are now. */
  readonly retention: () => Retention
  /** As the setting `ladderKilobytesPerSecond` is now, in bytes; unbounded unless told. */
  readonly budget?: () => number
  /** Takes each SIP message of calls that are traced, besides the disk. */
  readonly copy?: (at: number, from: string, to: string, bytes: Buffer) => void
  /** As the setting `maskDigits` is now. */
  readonly masking?: () => Masking
  /** Whether the text of an event says that its call is over: reading stops soon after it. */
  readonly ends?: (text: string) => boolean
  readonly segmentBytes?: number
  /** Bytes the disk has not taken beyond which records are dropped. */
  readonly mostQueued?: number
}

/** Opens a new segment beside what is there; the torn end of an earlier one stays behind. Throws `DirectoryNotWritable`. */
export async function openDiskTrace(options: DiskTraceOptions): Promise<DiskTrace> {
  const segments = await segmentsIn(options.runtime.disk, options.directory)
  const trace = new SegmentedTrace(options, segments)
  await trace.open()
  return trace
}

const batchBytes = 256 * 1024
const batchTime = 100
/** How often the disk is asked whether it has taken what was given to it, unless much is on its way. */
const syncTime = 1000
const syncBytes = 1024 * 1024
/** A segment is closed after this long too: retention by age deletes whole segments. */
const segmentTime = 3_600_000
const retryTime = 10_000
/** A number of up to ten digits. */
const roomForRemark = roomFor('0123456789')

class SegmentedTrace implements DiskTrace {
  private readonly options: DiskTraceOptions
  private readonly segmentBytes: number
  private readonly mostQueued: number
  private readonly segments: TraceSegment[]
  private readonly dropped: Counter<never>
  private readonly leftOut: Counter<never>
  private readonly share: Share
  private file: AppendFile | undefined
  /** Batches while there is no file: the next one is being opened. */
  private held: Buffer[] = []
  private batch = Buffer.allocUnsafeSlow(batchBytes)
  private batchStart = 0
  private batchEnd = 0
  /** Bytes given to the file that are not known to be on disk. */
  private unsynced = 0
  private syncing: Promise<void> | undefined
  private syncedAt = 0
  private opening: Promise<void> | undefined
  private droppedNow = 0
  private timer: Timer | undefined
  private hourly: Timer | undefined
  private retrying: Timer | undefined
  private closed = false

  constructor(options: DiskTraceOptions, segments: TraceSegment[]) {
    this.options = options
    this.segments = segments
    this.segmentBytes = options.segmentBytes ?? 8 * 1024 * 1024
    this.mostQueued = options.mostQueued ?? 8 * 1024 * 1024
    this.dropped = options.metrics.counter('trace_dropped_total', 'Records of ladders the disk was too slow for')
    this.leftOut = options.metrics.counter('trace_left_out_total', 'Records of calls that are not traced under load')
    const { runtime, budget = () => Number.POSITIVE_INFINITY } = options
    this.share = new Share({ clock: runtime.clock, budget, changed: ({ limit }) => this.say(limit) })
  }

  async open(): Promise<void> {
    await this.nextSegment()
    await this.forgetOld()
    this.everyHour()
  }

  follows(message: { readonly callID: string }): boolean {
    if (this.share.limit === whole || this.share.admits(classOf(message.callID))) return true
    this.leftOut.inc()
    return false
  }

  message(from: string, to: string, bytes: Buffer): void {
    this.put('sip', from, to, '', bytes)
  }

  note(callUUID: string, kind: 'event' | 'routing', from: string, to: string, text: string | Buffer): void {
    this.put(kind, from, to, callUUID, text)
  }

  belongs(callID: string, callUUID: string): void {
    this.put('belongs', '', '', callUUID, callID)
  }

  async read(callUUID: string): Promise<TraceItem[]> {
    this.flush()
    await this.opening
    await this.file?.sync().catch(() => {})
    const { runtime, ends = () => false, masking = () => ({ digits: false }) } = this.options
    return readCall({ disk: runtime.disk, segments: [...this.segments], callUUID, ends, masking: masking() })
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.flush()
    this.closed = true
    this.hourly?.cancel()
    this.retrying?.cancel()
    await this.opening
    await this.syncing
    await this.file?.close().catch((error: unknown) => this.failed(error))
  }

  private put(kind: TraceRecord['kind'], from: string, to: string, id: string, body: Buffer | string) {
    const { share } = this
    if (share.limit !== whole && !share.admits(id === '' ? classOf(callIDIn(body as Buffer) ?? '') : classOfCall(id)))
      return this.leftOut.inc()
    const at = this.options.runtime.clock.wall()
    if (kind === 'sip') this.options.copy?.(at, from, to, body as Buffer)
    const room = roomFor(body)
    if (this.closed || room > largestRecord || this.queued + room > this.mostQueued) return this.drop()
    share.spend(this.write(room, { kind, at, from, to, id, body }))
  }

  /** Gives how many bytes it took. */
  private write(room: number, record: WrittenRecord): number {
    if (this.batchEnd + room > this.batch.length) this.newBatch(room)
    const start = this.batchEnd
    this.batchEnd = writeRecord(this.batch, start, record)
    this.timer ??= this.options.runtime.clock.after(batchTime, () => this.flush())
    return this.batchEnd - start
  }

  private say(limit: number): void {
    this.options.log.info({ limit }, `from now on ${wordsOf(limit)} is traced`)
    this.remark('share', limit)
  }

  /** What ladders have to say of themselves. */
  private remark(kind: 'share' | 'lost', count: number): void {
    if (!this.closed) this.write(roomForRemark, this.remarkOf(kind, count))
  }

  private remarkOf(kind: 'share' | 'lost', count: number): WrittenRecord {
    return { kind, at: this.options.runtime.clock.wall(), from: '', to: '', id: '', body: String(count) }
  }

  private get queued(): number {
    return this.unsynced + this.batchEnd - this.batchStart
  }

  private newBatch(room: number): void {
    this.flush()
    this.batch = Buffer.allocUnsafeSlow(Math.max(batchBytes, room))
    this.batchStart = 0
    this.batchEnd = 0
  }

  /** Hands over what was written since the last time; the rest of the buffer takes what follows. */
  private flush(): void {
    this.timer?.cancel()
    this.timer = undefined
    if (this.batchEnd === this.batchStart) return
    const bytes = this.batch.subarray(this.batchStart, this.batchEnd)
    this.batchStart = this.batchEnd
    this.unsynced += bytes.length
    if (this.file) this.append(this.file, bytes)
    else this.held.push(bytes)
  }

  private append(file: AppendFile, bytes: Buffer): void {
    this.give(file, bytes)
    if (file.position >= this.segmentBytes) this.rotate()
    else if (this.unsynced >= syncBytes || this.now() - this.syncedAt >= syncTime) this.syncing ??= this.sync(file)
  }

  private give(file: AppendFile, bytes: Buffer): void {
    file.append(bytes)
    const segment = this.segments.at(-1)
    if (segment) segment.bytes = file.position
  }

  /** Less for the power loss than to know how far behind the disk is. */
  private async sync(file: AppendFile): Promise<void> {
    const given = this.unsynced
    this.syncedAt = this.now()
    try {
      await file.sync()
      this.taken(given)
    } catch (error) {
      this.failed(error)
    } finally {
      this.syncing = undefined
    }
  }

  private taken(bytes: number): void {
    this.unsynced -= bytes
    if (this.droppedNow === 0) return
    this.options.log.warn({ records: this.droppedNow }, 'the disk was too slow: ladders lack records')
    this.remark('lost', this.droppedNow)
    this.droppedNow = 0
  }

  private drop(): void {
    this.dropped.inc()
    this.droppedNow++
  }

  private rotate(): void {
    const { file } = this
    this.file = undefined
    this.opening ??= this.replace(file).finally(() => {
      this.opening = undefined
    })
  }

  private async replace(file: AppendFile | undefined): Promise<void> {
    try {
      await this.syncing
      await file?.close()
      this.taken(this.unsynced - this.heldBytes())
      await this.nextSegment()
      await this.forgetOld()
    } catch (error) {
      this.failed(error)
    }
  }

  private async nextSegment(): Promise<void> {
    const { runtime, directory } = this.options
    const start = Math.max(runtime.clock.wall(), (this.segments.at(-1)?.start ?? 0) + 1)
    const path = segmentPath(directory, start)
    const file = await runtime.disk.append(path)
    this.segments.push({ start, path, bytes: 0 })
    if (this.share.limit !== whole) this.give(file, this.begun())
    for (const bytes of this.held.splice(0)) this.give(file, bytes)
    this.file = file
  }

  /** A segment tells by itself what its records are a share of. */
  private begun(): Buffer {
    const bytes = Buffer.alloc(roomForRemark)
    return bytes.subarray(0, writeRecord(bytes, 0, this.remarkOf('share', this.share.limit)))
  }

  private heldBytes(): number {
    return this.held.reduce((sum, bytes) => sum + bytes.length, 0)
  }

  /** What the broken file had not taken is lost; another one is tried. */
  private failed(error: unknown): void {
    const { log, directory, runtime } = this.options
    log.error({ directory, error: String(error) }, 'the trace cannot be written: ladders lack records')
    this.file?.close().catch(() => {})
    this.file = undefined
    this.unsynced = this.heldBytes()
    if (this.closed) return
    this.retrying ??= runtime.clock.after(retryTime, () => {
      this.retrying = undefined
      this.rotate()
    })
  }

  private async forgetOld(): Promise<void> {
    const { runtime, retention } = this.options
    const count = expired(this.segments, retention(), runtime.clock.wall())
    for (const { path } of this.segments.splice(0, count)) await runtime.disk.remove(path)
  }

  private everyHour(): void {
    this.hourly = this.options.runtime.clock.after(segmentTime, () => {
      if ((this.file?.position ?? 0) > 0) this.rotate()
      else this.forgetOld().catch((error: unknown) => this.failed(error))
      this.everyHour()
    })
  }

  private now(): number {
    return this.options.runtime.clock.monotonic()
  }
}
