import { describe, expect, it } from 'vitest'
import { encodeSample, muLaw } from '#protocols/media/codec/g711.ts'
import { IncomingAudio } from './incoming-audio.ts'

/** A frame in which every sample is the same. */
const frame = (sample: number, samples = 160) => new Uint8Array(samples).fill(encodeSample(muLaw, sample))
const write = (audio: IncomingAudio, time: number, sample: number, samples = 160) =>
  audio.write(frame(sample, samples), 0, samples, time, muLaw)

/** What the next frames hold: a sample each, `-` where nothing was heard. */
const next = (audio: IncomingAudio, count: number): (number | '-')[] =>
  Array.from({ length: count }, () => {
    audio.next()
    return audio.heard ? Math.round((audio.frame[80] ?? 0) / 1000) : '-'
  })

describe('audio on its way into a mix', () => {
  it('is heard 40 ms later, in the order of its timestamps', () => {
    const audio = new IncomingAudio()
    write(audio, 0, 1000)
    write(audio, 320, 3000)
    write(audio, 160, 2000)

    expect(next(audio, 6)).toEqual([0, 0, 1, 2, 3, '-'])
  })

  it('is silence where a packet got lost, not the sound before', () => {
    const audio = new IncomingAudio()
    write(audio, 0, 1000)
    write(audio, 320, 3000)

    expect(next(audio, 5)).toEqual([0, 0, 1, 0, 3])
  })

  it('may come in packets of any length', () => {
    const audio = new IncomingAudio()
    write(audio, 0, 2000, 480)

    expect(next(audio, 6)).toEqual([0, 0, 2, 2, 2, '-'])
  })

  it('is lost where it comes too late, and followed anew where it always does', () => {
    const audio = new IncomingAudio()
    write(audio, 0, 1000)
    next(audio, 10)

    const taken = Array.from({ length: 6 }, (_, at) => write(audio, 160 * (at + 1), 4000))

    expect(taken).toEqual([false, false, false, false, true, true])
    expect(next(audio, 4)).toEqual([0, 0, 4, 4])
  })

  it('does not pile up delay where the other clock is ahead', () => {
    const audio = new IncomingAudio()
    for (let at = 0; at < 20; at += 1) write(audio, at * 160, 5000)

    const heard = next(audio, 30)

    expect(heard.filter((sample) => sample === 5).length).toBeLessThanOrEqual(10)
    expect(heard.at(-1)).toBe('-')
  })

  it('goes on across the end of the timestamps', () => {
    const audio = new IncomingAudio()
    write(audio, 0x1_0000_0000 - 160, 1000)
    write(audio, 0, 2000)

    expect(next(audio, 4)).toEqual([0, 0, 1, 2])
  })
})
