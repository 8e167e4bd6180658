/** Digits as telephone events, a packet each 20 ms (RFC 4733 §2.5.1): three ends each, the same timestamp all along. */
import { eventLength, eventOfDigit, writeEvent } from '#protocols/media/dtmf/telephone-event.ts'
import { headerLength } from '#protocols/media/rtp/rtp-packet.ts'
import { frameSamples, type OutgoingStream } from './outgoing-stream.ts'

const frameMs = 20
/** §2.5.1.4: the end is sent three times. */
const ends = 3

export const eventPacketLength = headerLength + eventLength

export class DigitSender {
  /** Names it in the report of its end. */
  readonly id: number
  private readonly digits: string
  private readonly tone: number
  private readonly pause: number
  private digit = 0
  /** Ticks since the digit began; its pause follows in the same count. */
  private at = 0
  private time = 0

  constructor(id: number, digits: string, durationMs: number, intervalMs: number) {
    this.id = id
    this.digits = digits
    this.tone = Math.max(1, Math.round(durationMs / frameMs))
    this.pause = Math.max(ends - 1, Math.round(intervalMs / frameMs))
  }

  get ended(): boolean {
    return this.digit >= this.digits.length
  }

  /** Whether this tick belongs to a digit; then nothing else may be sent in it. */
  get isSending(): boolean {
    return !this.ended && this.at < this.tone + ends - 1
  }

  /** Writes the event packet of this tick, if there is one. */
  next(stream: OutgoingStream, packet: Uint8Array, type: number, tick: number): boolean {
    const sending = this.isSending
    if (sending) {
      if (this.at === 0) this.time = stream.begin(tick)
      stream.makeEvent(packet, type, this.time, this.at === 0, tick)
      const event = eventOfDigit(this.digits[this.digit] ?? '')
      const frames = Math.min(this.at + 1, this.tone)
      writeEvent(packet, headerLength, event, this.at >= this.tone - 1, frames * frameSamples)
    }
    this.at += 1
    if (this.at >= this.tone + this.pause) {
      this.at = 0
      this.digit += 1
    }
    return sending
  }
}
