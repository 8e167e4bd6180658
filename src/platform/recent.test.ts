import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Recent } from './recent.ts'

describe('what was told last', () => {
  it('is the newest of each key, so many keys at least and twice as many at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(30), { maxLength: 100 }), (count, keys) => {
        const recent = new Recent<number, number>(count)
        for (const [index, key] of keys.entries()) recent.set(key, index)

        const newest = [...new Set(keys.toReversed())]
        const known = newest.filter((key) => recent.has(key))

        for (const key of newest.slice(0, count)) expect(recent.get(key)).toBe(keys.lastIndexOf(key))
        for (const key of known) expect(recent.get(key)).toBe(keys.lastIndexOf(key))
        expect(known.length).toBeLessThanOrEqual(2 * count)
      }),
    )
  })
})
