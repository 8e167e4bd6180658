import { describe, expect, it } from 'vitest'
import { DigitDetector, digitOfEvent, eventOfDigit, writeEvent } from './telephone-event.ts'

const payload = (digit: number, end: boolean, duration = 800) => {
  const bytes = new Uint8Array(16)
  writeEvent(bytes, 12, digit, end, duration)
  return bytes
}
/** Packets as `[event, end, timestamp]`, 20 ms apart → the digits told. */
function told(packets: [event: number, end: boolean, timestamp: number][]): number[] {
  const detector = new DigitDetector()
  return packets
    .map(([event, end, timestamp], at) => detector.receive(payload(event, end), 12, timestamp, at * 20))
    .filter((digit) => digit >= 0)
}

describe('a telephone event (RFC 4733)', () => {
  it('has event, end bit, volume and duration (§2.3)', () => {
    expect([...payload(11, true, 0x0320).subarray(12)]).toEqual([11, 0x8a, 0x03, 0x20])
  })

  it.each([
    ['0', 0],
    ['9', 9],
    ['*', 10],
    ['#', 11],
    ['D', 15],
  ])('%s is event %d (§3.2)', (digit, event) => {
    expect(eventOfDigit(digit)).toBe(event)
    expect(digitOfEvent(event)).toBe(digit)
  })
})

describe('a digit', () => {
  it('is told once though its end is sent three times (§2.5.1.4)', () => {
    expect(
      told([
        [5, false, 160],
        [5, false, 160],
        [5, true, 160],
        [5, true, 160],
        [5, true, 160],
      ]),
    ).toEqual([5])
  })

  it('is told twice when it is typed twice', () => {
    expect(
      told([
        [5, true, 160],
        [5, true, 160],
        [5, true, 4000],
        [5, true, 4000],
      ]),
    ).toEqual([5, 5])
  })

  it('is told when only one packet of it arrived', () => {
    expect(told([[7, true, 160]])).toEqual([7])
  })

  it('whose ends got lost is told when the next begins', () => {
    expect(
      told([
        [1, false, 160],
        [2, false, 4000],
        [2, true, 4000],
      ]),
    ).toEqual([1, 2])
  })

  it('whose ends and whose successor but the ends got lost comes before it', () => {
    expect(
      told([
        [1, false, 160],
        [2, true, 4000],
        [2, true, 4000],
        [2, true, 4000],
      ]),
    ).toEqual([1, 2])
  })

  it('whose ends got lost is told after a pause', () => {
    const detector = new DigitDetector()
    detector.receive(payload(3, false), 12, 160, 1000)

    expect([detector.expire(1100), detector.expire(1121), detector.expire(2000)]).toEqual([-1, 3, -1])
  })

  it('is not told again by a packet that comes late', () => {
    expect(
      told([
        [1, true, 160],
        [2, true, 4000],
        [1, true, 160],
      ]),
    ).toEqual([1, 2])
  })

  it('is known across the wrap of timestamps', () => {
    expect(
      told([
        [1, true, 0xffffff60],
        [2, true, 800],
      ]),
    ).toEqual([1, 2])
  })

  it('of a stream that begins anew with an earlier timestamp is told', () => {
    expect(
      told([
        [1, true, 3_000_000_000],
        [2, true, 2_000_000_000],
        [3, true, 2_000_004_000],
      ]),
    ).toEqual([1, 2, 3])
  })

  it('is one however long its key is held: each segment has a timestamp of its own (§2.5.1.3)', () => {
    expect(
      told([
        [9, false, 160],
        [9, false, 160 + 0xffff],
        [9, false, 160 + 2 * 0xffff],
        [9, true, 160 + 2 * 0xffff],
        [9, true, 160 + 2 * 0xffff],
      ]),
    ).toEqual([9])
  })

  it('is no other event, like flash', () => {
    expect(
      told([
        [16, false, 160],
        [16, true, 160],
        [255, true, 900],
      ]),
    ).toEqual([])
  })
})
