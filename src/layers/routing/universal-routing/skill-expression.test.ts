import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedSkillExpression } from '../errors.ts'
import { skillExpression } from './skill-expression.ts'

describe('skill expression', () => {
  it.each([
    ['support >= 5', { support: 5 }, true],
    ['support >= 5', { support: 4 }, false],
    ['support > 0 & english >= 3', { support: 1, english: 3 }, true],
    ['support>0&english>=3', { support: 1 }, false],
    ['billing = 2 || sales != 0', { billing: 1, sales: 1 }, true],
    ['billing == 2 && (sales < 3 | spanish <= 1)', { billing: 2, sales: 9, spanish: 1 }, true],
  ])('%s with %j is %s', (text, skills, expected) => {
    expect(skillExpression(text)(skills)).toBe(expected)
  })

  it('takes the left side first: & does not bind stronger than |', () => {
    expect(skillExpression('a > 0 | b > 0 & c > 0')({ a: 1 })).toBe(false)
    expect(skillExpression('a > 0 | (b > 0 & c > 0)')({ a: 1 })).toBe(true)
  })

  it('counts a skill the agent does not have as level 0', () => {
    expect(skillExpression('sales < 1')({})).toBe(true)
  })

  it.each([
    ['', 'expected a skill instead of the end'],
    ['support', 'expected a comparison such as >= instead of the end'],
    ['support >= x', 'expected a level instead of "x"'],
    ['(support > 1', 'expected ")" instead of the end'],
    ['support > 1 sales > 2', 'expected the end, & or | instead of "sales"'],
    ['support > 1; drop', 'unexpected ";" at 12'],
  ])('refuses "%s": %s', (text, problem) => {
    expect(() => skillExpression(text)).toThrow(problem)
  })

  it('throws nothing but MalformedSkillExpression, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab1 ()&|<>=!-;'), maxLength: 60 }), (text) => {
        try {
          skillExpression(text)({})
          return true
        } catch (error) {
          return error instanceof MalformedSkillExpression
        }
      }),
    )
  })
})
