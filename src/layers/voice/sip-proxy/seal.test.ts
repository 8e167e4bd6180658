import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSeal } from './seal.ts'

describe('sealed tokens', () => {
  it('open to what was sealed, at every proxy with the key', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }), (text) => {
        expect(createSeal('k').open('flow', createSeal('k').make('flow', text))).toBe(text)
      }),
    )
  })

  it('stand in a URI parameter as they are', () => {
    expect(createSeal('k').make('node', 'node1.dc1 ü;=?@')).toMatch(/^[A-Za-z0-9_-]+$/)
  })

  it('do not open when changed, with another key or for another purpose', () => {
    const seal = createSeal('k')
    const token = seal.make('node', 'node1.dc1')

    for (let index = 0; index < token.length; index++) {
      const other = token[index] === 'A' ? 'B' : 'A'
      expect(createSeal('k').open('node', token.slice(0, index) + other + token.slice(index + 1))).toBeUndefined()
    }
    expect(createSeal('other').open('node', token)).toBeUndefined()
    expect(seal.open('flow', token)).toBeUndefined()
  })

  it('refuse garbage of any length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2000 }), (garbage) => {
        expect(createSeal('k').open('node', garbage)).toBeUndefined()
      }),
    )
  })
})
