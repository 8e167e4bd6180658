import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aLaw, aToMu, decodeInto, encodeInto, encodeSample, muLaw, muToA } from './g711.ts'

const codes = [...Array(256).keys()]

describe('G.711', () => {
  it.each([
    [muLaw, 0x00, -32_124],
    [muLaw, 0x80, 32_124],
    [muLaw, 0x8f, 16_764],
    [muLaw, 0x9f, 8316],
    [muLaw, 0xaf, 4092],
    [muLaw, 0xbf, 1980],
    [muLaw, 0xcf, 924],
    [muLaw, 0xdf, 396],
    [muLaw, 0xef, 132],
    [muLaw, 0xff, 0],
    [muLaw, 0x7e, -8],
    [aLaw, 0xd5, 8],
    [aLaw, 0x55, -8],
    [aLaw, 0xaa, 32_256],
    [aLaw, 0x2a, -32_256],
    [aLaw, 0xc5, 264],
    [aLaw, 0xf5, 528],
    [aLaw, 0xe5, 1056],
    [aLaw, 0x95, 2112],
    [aLaw, 0x85, 4224],
    [aLaw, 0xb5, 8448],
    [aLaw, 0xa5, 16_896],
  ])('decodes the reference points of its tables 1 and 2 (%#)', (law, code, sample) => {
    expect(law.decode[code]).toBe(sample)
  })

  it('encodes each decoded sample to its own code again', () => {
    const again = (law: typeof muLaw) => codes.map((code) => encodeSample(law, law.decode[code] ?? 0))

    expect(again(aLaw)).toEqual(codes)
    // µ-law has a negative zero, which is encoded as the positive one.
    expect(again(muLaw)).toEqual(codes.map((code) => (code === 0x7f ? 0xff : code)))
  })

  it('encodes every sample to within half a step: 3 % of it, or 8', () => {
    fc.assert(
      fc.property(fc.integer({ min: -32_768, max: 32_767 }), fc.constantFrom('µ', 'A'), (sample, name) => {
        const law = name === 'A' ? aLaw : muLaw
        const decoded = law.decode[encodeSample(law, sample)] ?? 0
        const clipped = Math.max(-32_256, Math.min(32_256, sample))
        expect(Math.abs(decoded - clipped)).toBeLessThanOrEqual(Math.abs(clipped) * 0.032 + 12)
      }),
    )
  })

  it('goes from law to law and back within the coarser step, silence to silence', () => {
    expect(muToA[muLaw.silence]).toBe(aLaw.silence)
    for (const code of codes) {
      const there = aLaw.decode[muToA[code] ?? 0] ?? 0
      const sample = muLaw.decode[code] ?? 0
      expect(Math.abs(there - sample)).toBeLessThanOrEqual(Math.abs(sample) * 0.04 + 9)
      const back = muLaw.decode[aToMu[code] ?? 0] ?? 0
      const original = aLaw.decode[code] ?? 0
      expect(Math.abs(back - original)).toBeLessThanOrEqual(Math.abs(original) * 0.04 + 9)
    }
  })

  it('decodes and encodes runs in place of a packet', () => {
    const packet = Uint8Array.from([1, 2, 0x80, 0x9f, 0xaf, 9])
    const samples = new Int16Array(3)
    const out = new Uint8Array(6)

    decodeInto(muLaw, packet, 2, 3, samples)
    encodeInto(muLaw, samples, out, 1, 3)

    expect([...samples]).toEqual([32_124, 8316, 4092])
    expect([...out]).toEqual([0, 0x80, 0x9f, 0xaf, 0, 0])
  })
})
