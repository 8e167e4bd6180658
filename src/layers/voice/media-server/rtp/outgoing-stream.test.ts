import { describe, expect, it } from 'vitest'
import { headerLength, marker, sequence, ssrc, timestamp, writeHeader } from '#protocols/media/rtp/rtp-packet.ts'
import { frameSamples, OutgoingStream } from './outgoing-stream.ts'

const newStream = () => new OutgoingStream({ ssrc: 77, sequence: 65_534, timestamp: -320 }, 0)
const packet = () => new Uint8Array(headerLength + frameSamples)

/** A packet as somebody else sent it. */
function theirs(number: number, time: number, source = 5): Uint8Array {
  const bytes = packet()
  writeHeader(bytes, 0, false, number, time, source)
  return bytes
}
const read = (bytes: Uint8Array) => [sequence(bytes), timestamp(bytes), marker(bytes)]

function make(stream: OutgoingStream, tick: number) {
  const bytes = packet()
  stream.make(bytes, 0, tick)
  return read(bytes)
}
function pass(stream: OutgoingStream, bytes: Uint8Array, tick: number) {
  return stream.pass(bytes, 0, frameSamples, tick) ? read(bytes) : undefined
}

describe('an RTP stream that we send', () => {
  it('counts by one and by the ticks, round the ends of its numbers (RFC 3550 §5.1)', () => {
    const stream = newStream()

    expect([make(stream, 1), make(stream, 2), make(stream, 4)]).toEqual([
      [65_535, 0x1_0000_0000 - 160, true],
      [0, 0, false],
      [1, 320, false],
    ])
  })

  it('gives passed-on packets its own numbers and SSRC, and keeps their losses and their order to be seen', () => {
    const stream = newStream()
    make(stream, 1)
    const first = theirs(9000, 50_000)

    const numbers = [
      pass(stream, first, 2),
      pass(stream, theirs(9002, 50_320), 4),
      pass(stream, theirs(9001, 50_160), 4),
    ]

    expect(ssrc(first)).toBe(77)
    expect(numbers).toEqual([
      [0, 0, true],
      [2, 320, false],
      [1, 160, false],
    ])
    expect(make(stream, 5)).toEqual([3, 480, true])
  })

  it('begins anew with a marker where another stream, or the same after a jump, is passed on', () => {
    const stream = newStream()
    pass(stream, theirs(1, 1000), 2)

    expect(pass(stream, theirs(800, 99, 6), 3)).toEqual([0, 160, true])
    expect(pass(stream, theirs(40_000, 99, 6), 4)).toEqual([1, 320, true])
    expect(pass(stream, theirs(40_001, 1_000_000, 6), 5)).toEqual([2, 480, true])
  })

  it('drops what is older than the passing on: its number has been used', () => {
    const stream = newStream()
    pass(stream, theirs(10, 1000), 2)

    expect(pass(stream, theirs(9, 840), 2)).toBeUndefined()
  })

  it('never goes back in time, however far ahead the passed-on stream was', () => {
    const stream = newStream()
    for (let count = 0; count < 5; count += 1) pass(stream, theirs(count, count * 160), 2)

    expect(make(stream, 3)).toEqual([4, 800, true])
    expect(make(stream, 4)).toEqual([5, 960, false])
  })
})
