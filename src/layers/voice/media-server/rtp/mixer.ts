/**
 * A conference: what each of its legs hears of the others. Alone a leg hears nothing; of two each packet of one goes to
 * the other as it comes; three and more are mixed at every tick, each hearing all but itself.
 */
import { aLaw, encodeInto, muLaw } from '#protocols/media/codec/g711.ts'
import type { AudioCodec } from '#protocols/media/sdp/audio-session.ts'
import type { Leg } from './leg.ts'
import { frameSamples } from './outgoing-stream.ts'

export class Conference {
  readonly id: string
  private readonly legs: Leg[] = []
  private readonly sum = new Int32Array(frameSamples)
  private readonly own = new Int32Array(frameSamples)
  /** What a leg hears that says nothing itself, made once per tick and law. */
  private readonly common = { PCMU: new Uint8Array(frameSamples), PCMA: new Uint8Array(frameSamples) }
  private readonly isMade = { PCMU: false, PCMA: false }
  private speakers = 0

  constructor(id: string) {
    this.id = id
  }

  get size(): number {
    return this.legs.length
  }

  get isMixed(): boolean {
    return this.legs.length > 2
  }

  add(leg: Leg): void {
    this.legs.push(leg)
    if (this.legs.length === 3) for (const one of this.legs) one.incoming.reset()
    else if (this.legs.length > 3) leg.incoming.reset()
  }

  remove(leg: Leg): void {
    this.legs.splice(this.legs.indexOf(leg), 1)
  }

  /** The only other leg. */
  other(leg: Leg): Leg | undefined {
    if (this.legs.length !== 2) return undefined
    return this.legs[0] === leg ? this.legs[1] : this.legs[0]
  }

  /** Takes the frame of this tick from every leg and adds them up. */
  mix(): void {
    const { sum } = this
    sum.fill(0)
    this.isMade.PCMU = false
    this.isMade.PCMA = false
    this.speakers = 0
    for (const { incoming } of this.legs) {
      incoming.next()
      if (!incoming.heard) continue
      this.speakers += 1
      const { frame } = incoming
      for (let i = 0; i < frameSamples; i += 1) sum[i] = (sum[i] as number) + (frame[i] as number)
    }
  }

  /** Writes what `leg` hears in this tick. */
  writeMixed(leg: Leg, packet: Uint8Array, at: number, codec: AudioCodec): void {
    const law = codec === 'PCMA' ? aLaw : muLaw
    const others = this.speakers - (leg.incoming.heard ? 1 : 0)
    if (others === 0) packet.fill(law.silence, at, at + frameSamples)
    else if (leg.incoming.heard) {
      const { own, sum } = this
      const { frame } = leg.incoming
      for (let i = 0; i < frameSamples; i += 1) own[i] = clipped((sum[i] as number) - (frame[i] as number))
      encodeInto(law, own, packet, at, frameSamples)
    } else packet.set(this.commonFrame(codec), at)
  }

  private commonFrame(codec: AudioCodec): Uint8Array {
    const frame = this.common[codec]
    if (this.isMade[codec]) return frame
    this.isMade[codec] = true
    const { own, sum } = this
    for (let i = 0; i < frameSamples; i += 1) own[i] = clipped(sum[i] as number)
    encodeInto(codec === 'PCMA' ? aLaw : muLaw, own, frame, 0, frameSamples)
    return frame
  }
}

const clipped = (sample: number): number => Math.max(-32_768, Math.min(32_767, sample))
