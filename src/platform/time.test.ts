import { expect, it } from 'vitest'
import { millisecondsOf, timestamp } from './time.ts'

it('writes an instant as RFC 3339 in UTC with milliseconds and reads it back', () => {
  const instant = 1_795_341_600_007

  expect(timestamp(instant)).toBe('2026-11-22T10:00:00.007Z')
  expect(millisecondsOf(timestamp(instant))).toBe(instant)
})
