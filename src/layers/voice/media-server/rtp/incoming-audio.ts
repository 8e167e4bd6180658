/**
 * The audio of one leg on its way into a mix: a ring of samples addressed by RTP timestamp, read a frame at a tick. It
 * smooths jitter of 40 ms; what comes later is lost, and a stream that goes its own way is followed anew.
 */
import { decodeInto, type Law } from '#protocols/media/codec/g711.ts'
import { timestampDistance } from '#protocols/media/rtp/rtp-packet.ts'
import { frameSamples } from './outgoing-stream.ts'

/** A power of two: 512 ms. */
const ringSamples = 4096
/** How far the audio is read behind the first packet. */
const delay = 2 * frameSamples
/** More than this waiting is delay without use: the other side's clock runs ahead of ours. */
const mostWaiting = 10 * frameSamples
/** So many packets in a row that came too late mean that the delay has grown. */
const lateLimit = 5

export class IncomingAudio {
  /** The frame of this tick. */
  readonly frame = new Int16Array(frameSamples)
  /** Whether the frame holds anything that was received. */
  heard = false
  private readonly ring = new Int16Array(ringSamples)
  private readonly decoded = new Int16Array(ringSamples)
  private running = false
  /** Timestamp of the next sample to read, and where what was received ends. */
  private read = 0
  private end = 0
  private late = 0

  /** False: it came too late. */
  write(packet: Uint8Array, at: number, count: number, time: number, law: Law): boolean {
    const length = Math.min(count, ringSamples / 4)
    if (!this.running || this.isElsewhere(time, length)) this.follow(time)
    if (timestampDistance(this.read, time) < 0) {
      this.late += 1
      if (this.late < lateLimit) return false
      this.follow(time)
    } else this.late = 0
    decodeInto(law, packet, at, length, this.decoded)
    for (let i = 0; i < length; i += 1) this.ring[(time + i) & (ringSamples - 1)] = this.decoded[i] as number
    const end = (time + length) | 0
    if (timestampDistance(this.end, end) > 0) this.end = end
    return true
  }

  /** Takes the frame of the next tick. */
  next(): void {
    this.heard = this.running && timestampDistance(this.read, this.end) > 0
    for (let i = 0; this.heard && i < frameSamples; i += 1) {
      const slot = (this.read + i) & (ringSamples - 1)
      this.frame[i] = this.ring[slot] as number
      // What is lost is silence, not the sound of half a second ago.
      this.ring[slot] = 0
    }
    this.read = (this.read + frameSamples) | 0
  }

  reset(): void {
    this.running = false
    this.heard = false
    this.ring.fill(0)
  }

  private isElsewhere(time: number, length: number): boolean {
    const ahead = timestampDistance(this.read, time)
    return ahead + length > mostWaiting || ahead < -ringSamples
  }

  private follow(time: number) {
    this.ring.fill(0)
    this.running = true
    this.late = 0
    this.read = (time - delay) | 0
    this.end = this.read
  }
}
