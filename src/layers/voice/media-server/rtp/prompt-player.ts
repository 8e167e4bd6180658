/** Plays prompts one after the other into packets, over and over where wanted, without a gap in between. */
import { aLaw, muLaw } from '#protocols/media/codec/g711.ts'
import type { AudioCodec } from '#protocols/media/sdp/audio-session.ts'
import type { Prompt } from './channel.ts'

export class PromptPlayer {
  /** Names it in the report of its end. */
  readonly id: number
  private readonly prompts: readonly Prompt[]
  private left: number
  private current = 0
  private at = 0

  constructor(id: number, prompts: readonly Prompt[], iterate: number) {
    this.id = id
    this.prompts = prompts
    // Prompts without a sample would be repeated without end in one tick.
    this.left = prompts.some((prompt) => prompt.PCMU.length > 0) ? iterate : 0
  }

  get ended(): boolean {
    return this.left === 0
  }

  /** Writes the next `count` samples; silence where they end. */
  fill(packet: Uint8Array, start: number, count: number, codec: AudioCodec): void {
    const end = start + count
    let to = start
    while (to < end && this.left > 0) {
      const samples = (this.prompts[this.current] as Prompt)[codec]
      const length = Math.min(end - to, samples.length - this.at)
      for (let i = 0; i < length; i += 1) packet[to + i] = samples[this.at + i] as number
      to += length
      this.advance(length, samples.length)
    }
    if (to < end) packet.fill((codec === 'PCMA' ? aLaw : muLaw).silence, to, end)
  }

  private advance(length: number, whole: number) {
    this.at += length
    if (this.at < whole) return
    this.at = 0
    this.current += 1
    if (this.current < this.prompts.length) return
    this.current = 0
    this.left -= 1
  }
}
