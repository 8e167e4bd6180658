import { describe, expect, it } from 'vitest'
import { millisecondsOf, timestamp } from './time.ts'

/** 2026-11-22T10:00Z */
const start = 1_795_341_600_000

describe('times', () => {
  it('are told in UTC with milliseconds', () => {
    expect([0, 7, 999, 1000, 999.9, -1].map((ms) => timestamp(start + ms))).toEqual([
      '2026-11-22T10:00:00.000Z',
      '2026-11-22T10:00:00.007Z',
      '2026-11-22T10:00:00.999Z',
      '2026-11-22T10:00:01.000Z',
      '2026-11-22T10:00:00.999Z',
      '2026-11-22T09:59:59.999Z',
    ])
  })

  it('are read as they were told, and NaN where they are none', () => {
    expect(millisecondsOf(timestamp(1_767_225_600_123))).toBe(1_767_225_600_123)
    expect(millisecondsOf('2026-11-22T11:00:00+01:00')).toBe(start)
    expect(millisecondsOf('yesterday')).toBeNaN()
  })
})
