/**
 * One RTP stream that we send (RFC 3550 §5.1): one SSRC, sequence number and timestamp that go on without a break
 * whether packets are made here, 20 ms at a time, or passed on from another stream.
 */
import {
  marker,
  rewriteHeader,
  sequence,
  sequenceDistance,
  ssrc,
  timestamp,
  timestampDistance,
  writeHeader,
} from '#protocols/media/rtp/rtp-packet.ts'

/** 20 ms at 8 kHz. */
export const frameSamples = 160
/** A passed-on stream that jumps by more has begun anew. */
const sequenceJump = 1_000
const timestampJump = 80_000

export type StreamStart = { readonly ssrc: number; readonly sequence: number; readonly timestamp: number }

export class OutgoingStream {
  /** Tick of the last packet. */
  sentAt = -1
  private readonly source: number
  /** Of the last packet, in the order of the stream. */
  private sequence: number
  /** Where the audio sent so far ends, as a timestamp. */
  private end: number
  /** The timestamp of tick 0: made packets follow the ticks. */
  private base: number
  private mark = true

  /** The stream that is passed on, and how its numbers become ours. */
  private passing = false
  private passedSource = 0
  private passedSequence = 0
  private passedTimestamp = 0
  private sequenceOffset = 0
  private timestampOffset = 0
  /** Sequence numbers since the passing on began: what is older came too late for it. */
  private passedCount = 0

  constructor(start: StreamStart, tick: number) {
    this.source = start.ssrc
    this.sequence = start.sequence
    this.end = start.timestamp
    this.base = start.timestamp - tick * frameSamples
  }

  /** Writes the header of a packet made here, of one frame of audio. */
  make(packet: Uint8Array, type: number, tick: number): void {
    const time = this.begin(tick)
    this.write(packet, type, this.mark, time, tick)
    this.mark = false
    this.end = (time + frameSamples) | 0
  }

  /** The timestamp of an event that begins now; `makeEvent` writes its packets. */
  begin(tick: number): number {
    if (this.passing) this.interrupt()
    const time = (this.base + tick * frameSamples) | 0
    const behind = timestampDistance(time, this.end)
    if (behind <= 0) return time
    this.base += behind
    return (time + behind) | 0
  }

  /** A packet of an event that began at `time`; its first one has the marker (RFC 4733 §2.3.3). */
  makeEvent(packet: Uint8Array, type: number, time: number, first: boolean, tick: number): void {
    this.write(packet, type, first, time, tick)
    this.end = (this.base + (tick + 1) * frameSamples) | 0
    this.mark = true
  }

  /** What is passed on, or all that is sent, ends for now: what comes next has the marker (RFC 3551 §4.1). */
  interrupt(): void {
    this.passing = false
    this.mark = true
  }

  /** Rewrites the header of a packet of another stream to be one of ours; false: too late, it is not to be sent. */
  pass(packet: Uint8Array, type: number, samples: number, tick: number): boolean {
    const number = sequence(packet)
    const time = timestamp(packet)
    const ahead = sequenceDistance(this.passedSequence, number)
    const anew = !this.passing || this.hasJumped(packet, ahead, time)
    if (anew) this.anchor(packet, number, time, tick)
    else if (ahead <= 0 && -ahead > this.passedCount) return false
    else if (ahead > 0) this.advance(number, time, ahead)
    const ours = (time + this.timestampOffset) | 0
    const end = (ours + samples) | 0
    if (timestampDistance(this.end, end) > 0) this.end = end
    rewriteHeader(packet, type, anew || marker(packet), number + this.sequenceOffset, ours, this.source)
    this.sentAt = tick
    return true
  }

  private write(packet: Uint8Array, type: number, mark: boolean, time: number, tick: number) {
    this.sequence = (this.sequence + 1) & 0xffff
    this.sentAt = tick
    writeHeader(packet, type, mark, this.sequence, time, this.source)
  }

  private hasJumped(packet: Uint8Array, ahead: number, time: number): boolean {
    return (
      ssrc(packet) !== this.passedSource ||
      Math.abs(ahead) > sequenceJump ||
      Math.abs(timestampDistance(this.passedTimestamp, time)) > timestampJump
    )
  }

  private anchor(packet: Uint8Array, number: number, time: number, tick: number) {
    const ours = this.begin(tick)
    this.passing = true
    this.mark = false
    this.passedSource = ssrc(packet)
    this.passedSequence = number
    this.passedTimestamp = time
    this.passedCount = 0
    this.sequence = (this.sequence + 1) & 0xffff
    this.sequenceOffset = this.sequence - number
    this.timestampOffset = ours - time
  }

  private advance(number: number, time: number, ahead: number) {
    this.passedSequence = number
    this.passedTimestamp = time
    this.passedCount += ahead
    this.sequence = (number + this.sequenceOffset) & 0xffff
  }
}
