/** Finds everything of one call in the segments that can hold it. */
import type { Disk } from '../runtime/runtime.ts'
import { callIDIn } from './call-id.ts'
import { Gaps } from './gaps.ts'
import { type Masking, masked, maskedEvent } from './mask.ts'
import type { TraceRecord } from './record.ts'
import { recordsOf, type TraceSegment } from './segments.ts'
import type { TraceItem } from './trace.ts'

/** A proxy of another host, whose clock is not ours, may see the INVITE before the call has its callUUID. */
const before = 5_000
/** A call of which nothing is heard for so long is over: each of its legs is probed far more often. */
const quiet = 600_000
/** Retransmissions after the end: RFC 3261 timers B, F, H, J. */
const afterEnd = 40_000

/** Milliseconds since 1970 at which a UUIDv7 was made (RFC 9562 §5.7). */
function timeOfUUID(uuid: string): number | undefined {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(uuid)) return undefined
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16)
}

/** `proxy1.dc1 192.0.2.1:5060`: a name and an address, or one of them. */
function endsOf(from: string, to: string): Pick<TraceItem, 'from' | 'to' | 'fromAddress' | 'toAddress'> {
  const [fromName = '', fromAddress = addressIn(fromName)] = from.split(' ')
  const [toName = '', toAddress = addressIn(toName)] = to.split(' ')
  return { from: fromName, to: toName, ...(fromAddress && { fromAddress }), ...(toAddress && { toAddress }) }
}

/** What has a port is an address. */
const addressIn = (end: string): string | undefined => (/:\d+$/.test(end) ? end : undefined)

/** `place`: which of all records it is. */
export type Found = { readonly place: number; readonly item: TraceItem }

export type CallReading = {
  readonly disk: Disk
  /** All there are, oldest first. */
  readonly segments: readonly TraceSegment[]
  readonly callUUID: string
  /** Whether this event ends its call. */
  readonly ends: (text: string) => boolean
  readonly masking: Masking
}

export async function readCall(reading: CallReading): Promise<TraceItem[]> {
  const begin = timeOfUUID(reading.callUUID)
  if (begin === undefined) return []
  const search = new Search(reading, begin - before)
  await search.forward()
  await search.backward()
  const { found, gaps } = search
  return [...found, ...gaps.found].sort((one, other) => one.place - other.place).map(({ item }) => item)
}

class Search {
  readonly found: Found[] = []
  readonly gaps: Gaps
  private readonly reading: CallReading
  private readonly begin: number
  private until: number
  private ended = false
  /** Call-ID → the place of the record that told whose it is; earlier messages are searched for afterwards. */
  private readonly callIDs = new Map<string, number>()

  constructor(reading: CallReading, begin: number) {
    this.reading = reading
    this.begin = begin
    this.until = begin + quiet
    this.gaps = new Gaps(reading.callUUID, begin + before)
  }

  async forward(): Promise<void> {
    for await (const [place, record] of this.records()) {
      if (record.at > this.until) break
      this.gaps.see(place, record, this.ended)
      if (this.take(place, record) && !this.ended) this.until = Math.max(this.until, record.at + quiet)
    }
    this.gaps.end()
  }

  /** Messages that came before it was told that their Call-ID belongs to the call. */
  async backward(): Promise<void> {
    const last = Math.max(-1, ...this.callIDs.values())
    for await (const [place, record] of this.records()) {
      if (place >= last) return
      if (record.kind === 'sip' && place < this.toldAt(record)) this.keep(place, record)
    }
  }

  private take(place: number, record: TraceRecord): boolean {
    if (record.kind === 'share' || record.kind === 'lost') return false
    if (record.kind === 'sip') {
      if (this.toldAt(record) < 0) return false
      this.keep(place, record)
      return true
    }
    if (record.id !== this.reading.callUUID) return false
    if (record.kind === 'belongs') this.learn(record.body.toString(), place)
    else this.keep(place, record)
    return true
  }

  private learn(callID: string, place: number): void {
    if (!this.callIDs.has(callID)) this.callIDs.set(callID, place)
  }

  private toldAt({ body }: TraceRecord): number {
    if (this.callIDs.size === 0) return -1
    return this.callIDs.get(callIDIn(body) ?? '') ?? -1
  }

  private keep(place: number, { kind, at, from, to, body }: TraceRecord): void {
    if (kind === 'belongs' || kind === 'share' || kind === 'lost') return
    this.found.push(...this.gaps.resumed())
    const { masking } = this.reading
    const text = kind === 'sip' ? masked(body.toString(), masking) : maskedEvent(body.toString(), masking)
    const ends = kind === 'sip' ? endsOf(from, to) : { from, to }
    this.found.push({ place, item: { at, kind, ...ends, text } })
    if (kind === 'event' && !this.ended && this.reading.ends(text)) {
      this.ended = true
      this.until = at + afterEnd
    }
  }

  /** With each record its place: they count up from the first segment that can hold the call. */
  private async *records(): AsyncGenerator<[number, TraceRecord]> {
    const { disk, segments } = this.reading
    let place = 0
    for (const [index, segment] of segments.entries()) {
      const next = segments[index + 1]
      if (next !== undefined && next.start < this.begin) continue
      if (segment.start > this.until) return
      for await (const record of recordsOf(disk, segment)) yield [place++, record]
    }
  }
}
