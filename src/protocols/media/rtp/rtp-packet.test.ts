import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  marker,
  payloadEnd,
  payloadStart,
  payloadType,
  rewriteHeader,
  sequence,
  sequenceDistance,
  ssrc,
  timestamp,
  timestampDistance,
  writeHeader,
} from './rtp-packet.ts'

const packet = (...bytes: number[]) => Uint8Array.from([...bytes, ...Array(172 - bytes.length).fill(0)])

describe('an RTP packet (RFC 3550 §5.1)', () => {
  it('reads the header it wrote, whatever the fields, modulo their width', () => {
    const any = fc.record({
      type: fc.nat(127),
      mark: fc.boolean(),
      seq: fc.nat(0x1ffff),
      time: fc.nat(),
      source: fc.nat(),
    })
    fc.assert(
      fc.property(any, ({ type, mark, seq, time, source }) => {
        const bytes = new Uint8Array(172)
        writeHeader(bytes, type, mark, seq, time * 4, source * 2)
        expect(payloadStart(bytes)).toBe(12)
        expect([payloadType(bytes), marker(bytes), sequence(bytes)]).toEqual([type, mark, seq & 0xffff])
        expect([timestamp(bytes), ssrc(bytes)]).toEqual([(time * 4) >>> 0, (source * 2) >>> 0])
      }),
    )
  })

  it('skips CSRCs and an extension before the payload', () => {
    expect(payloadStart(packet(0x8f))).toBe(72)
    expect(payloadStart(packet(0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 2))).toBe(24)
  })

  it('leaves padding out of the payload', () => {
    const padded = packet(0xa0)
    padded[171] = 4

    expect([payloadStart(padded), payloadEnd(padded)]).toEqual([12, 168])
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['11 bytes', new Uint8Array(11).fill(0x80)],
    ['version 1', packet(0x40)],
    ['15 CSRCs that do not fit', Uint8Array.from([0x8f, ...Array(20).fill(0)])],
    ['an extension that does not fit', packet(0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)],
    ['an extension without its length', Uint8Array.from([0x90, ...Array(12).fill(0)])],
    ['padding longer than the packet', Uint8Array.from([0xa0, ...Array(19).fill(0xff)])],
  ])('is not %s', (_what, bytes) => {
    expect(payloadStart(bytes)).toBe(-1)
  })

  it('never has a payload outside its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        const start = payloadStart(bytes)
        expect(start === -1 || (start >= 12 && start <= payloadEnd(bytes) && payloadEnd(bytes) <= bytes.length)).toBe(
          true,
        )
      }),
    )
  })

  it('keeps payload, CSRCs and extension when it is passed on', () => {
    const relayed = packet(0x91, 0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)

    rewriteHeader(relayed, 8, false, 0x10005, 7, 9)

    expect([...relayed.subarray(0, 12)]).toEqual([0x91, 8, 0, 5, 0, 0, 0, 7, 0, 0, 0, 9])
  })

  it('counts distances across the wrap of sequence numbers and timestamps (§A.1)', () => {
    expect(sequenceDistance(0xffff, 0)).toBe(1)
    expect(sequenceDistance(2, 0xfffe)).toBe(-4)
    expect(timestampDistance(0xffffff60, 0)).toBe(160)
    expect(timestampDistance(0, 0xffffff60)).toBe(-160)
  })
})
