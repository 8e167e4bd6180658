import { describe, expect, it } from 'vitest'
import { encodeSample, muLaw } from '../codec/g711.ts'
import { heard, tone, toneShare } from './tone.ts'
import { readWav, writeWav } from './wav.ts'

const join = (...parts: Int16Array[]) => Int16Array.from(parts.flatMap((part) => [...part]))

describe('a tone', () => {
  it('is all of its own power and nothing of another', () => {
    const pure = tone(440, 0.5)

    expect(toneShare(pure, 440)).toBeCloseTo(1, 1)
    expect(toneShare(pure, 880)).toBeLessThan(0.01)
    expect(toneShare(new Int16Array(160), 440)).toBe(0)
  })

  it('is heard from its begin to its end, with its longest gap', () => {
    const recording = join(new Int16Array(1600), tone(440, 1), new Int16Array(800), tone(440, 1), tone(880, 1))

    const found = heard(recording, 440)

    expect(found.from).toBeCloseTo(0.2, 1)
    expect(found.seconds).toBeCloseTo(2.1, 1)
    expect(found.longestGap).toBeCloseTo(0.1, 1)
    expect(heard(recording, 1200).seconds).toBe(0)
  })
})

describe('a WAV file', () => {
  it('gives the samples that were written', () => {
    expect(readWav(writeWav(tone(440, 0.1)))).toEqual(tone(440, 0.1))
  })

  it('may be µ-law, with chunks of odd length before its data', () => {
    const file = writeWav(new Int16Array(0)).subarray(0, 36)
    file.writeUInt16LE(7, 20)
    file.writeUInt16LE(8, 34)
    const odd = Buffer.from('LIST\x03\0\0\0abc\0', 'latin1')
    const data = Buffer.from([...Buffer.from('data\x02\0\0\0', 'latin1'), 0x80, encodeSample(muLaw, 0)])

    expect(readWav(Buffer.concat([file, odd, data]))).toEqual(Int16Array.from([32_124, 0]))
  })

  it.each([
    ['no WAV file', Buffer.from('hello, world, hello')],
    ['at another rate', writeWav(tone(440, 0.1), 44_100)],
    ['cut off before its data', writeWav(tone(440, 0.1)).subarray(0, 36)],
    ['with a length beyond its end', Buffer.from('RIFF\0\0\0\0WAVEfmt \xff\xff\xff\xff', 'latin1')],
  ])('is refused with its cause: %s', (_what, file) => {
    expect(readWav(file)).toHaveProperty('error')
  })
})
