/**
 * SRTP in both directions (RFC 3711 §3.3), without an allocation for the packet. Rollover counters begin at 0, so both
 * sides must see the beginning of a stream.
 */
import { timingSafeEqual } from 'node:crypto'
import { headerEnd, sequence, ssrc } from '../rtp/rtp-packet.ts'
import { largestPacket, type Suite, Transform, tagLengths } from './transform.ts'

/** `master`: key and salt, 30 octets. */
export type SrtpKey = { readonly suite: Suite; readonly master: Uint8Array }

const sequences = 0x1_0000
/** A packet that we send is later than the newest by so many at most. */
const mostLate = 1_000

/** One stream that we send, of one SSRC, its packets in order but for a few. */
export class SrtpSender {
  private readonly transform: Transform
  private readonly tagLength: number
  private readonly room: Buffer
  private highest = -1

  constructor({ suite, master }: SrtpKey) {
    this.transform = new Transform(master)
    this.tagLength = tagLengths[suite]
    this.room = Buffer.alloc(largestPacket + this.tagLength)
  }

  /** The RTP packet as it is to be sent, until the next one is asked for. */
  protect(packet: Buffer): Buffer {
    const { room, transform, tagLength } = this
    const { length } = packet
    const index = indexAfter(this.highest, sequence(packet))
    this.highest = Math.max(this.highest, index)
    packet.copy(room)
    transform.crypt(room, headerEnd(packet, length), length, ssrc(packet), index)
    transform.authenticate(room, length, rolloverOf(index)).copy(room, length, 0, tagLength)
    return room.subarray(0, length + tagLength)
  }
}

/** Of how many packets before the newest it is known which have come (RFC 3711 §3.3.2 asks for 64). */
const window = 128
/** A phone may begin a new SSRC with each re-INVITE; the oldest of more are forgotten. */
const mostSources = 16

/** What the other side sends, from whichever SSRC. */
export class SrtpReceiver {
  private readonly transform: Transform
  private readonly tagLength: number
  private readonly sources = new Map<number, Source>()

  constructor({ suite, master }: SrtpKey) {
    this.transform = new Transform(master)
    this.tagLength = tagLengths[suite]
  }

  /** Decrypts in place and gives the length of the RTP packet; -1: not from him, or it came before. */
  read(packet: Buffer): number {
    const length = packet.length - this.tagLength
    const start = headerEnd(packet, length)
    if (start < 0) return -1
    const id = ssrc(packet)
    const source = this.sources.get(id) ?? new Source()
    const index = indexOf(sequence(packet), source.highest)
    if (index < 0 || source.has(index) || !this.isAuthentic(packet, length, index)) return -1
    source.add(index)
    this.keep(id, source)
    this.transform.crypt(packet, start, length, id, index)
    return length
  }

  private isAuthentic(packet: Buffer, length: number, index: number): boolean {
    const tag = this.transform.authenticate(packet, length, rolloverOf(index)).subarray(0, this.tagLength)
    return timingSafeEqual(tag, packet.subarray(length))
  }

  /** Only what is authentic takes a place. */
  private keep(id: number, source: Source): void {
    if (this.sources.has(id)) return
    const [oldest] = this.sources.keys()
    if (oldest !== undefined && this.sources.size >= mostSources) this.sources.delete(oldest)
    this.sources.set(id, source)
  }
}

/** Which packets of one SSRC have come. */
class Source {
  highest = -1
  /** Each place has the last index that came of those with the same remainder. */
  private readonly seen = new Float64Array(window).fill(-1)

  has(index: number): boolean {
    return index <= this.highest - window || this.seen[index % window] === index
  }

  add(index: number): void {
    this.seen[index % window] = index
    if (index > this.highest) this.highest = index
  }
}

/** RFC 3711 §3.3.1: the index nearest to the highest one, among those with this sequence number. */
function indexOf(sequence: number, highest: number): number {
  if (highest < 0) return sequence
  const rollover = rolloverOf(highest) * sequences
  const ahead = rollover + sequence - highest
  if (ahead > sequences / 2) return rollover - sequences + sequence
  if (ahead <= -sequences / 2) return rollover + sequences + sequence
  return rollover + sequence
}

/**
 * Of a packet to be sent: one that is not late is ahead, however far, since no index may come again (§3.3.1, §9.1). Who
 * hears us loses us where it is ahead by more than half of the sequence numbers.
 */
function indexAfter(highest: number, sequence: number): number {
  if (highest < 0) return sequence
  const ahead = (sequence - highest) & (sequences - 1)
  const late = (sequences - ahead) % sequences
  return late <= Math.min(mostLate, highest) ? highest - late : highest + ahead
}

const rolloverOf = (index: number): number => Math.floor(index / sequences)
