// Mutants of real messages at the parsers: whatever comes, they answer with a value or a MalformedMessage, and what they
// have read they read again. `npm run fuzz` goes on for longer.
import { randomInt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Stream } from '#simulation/stream.ts'
import { checkBytes } from './fuzz/check.ts'
import { found, hunt, keep } from './fuzz/hunt.ts'
import { seeds } from './fuzz/seeds.ts'

describe('fuzz', () => {
  it('the messages it begins with are good', () => {
    for (const seed of seeds) expect(() => checkBytes(Buffer.from(seed, 'latin1'))).not.toThrow()
  })

  it.each(found())('$name, which broke a rule once, breaks none', ({ bytes }) => {
    expect(() => checkBytes(bytes)).not.toThrow()
  })

  it('15,000 new mutants break no rule', () => {
    const seed = randomInt(0x7fff_ffff)

    const failure = hunt(new Stream(seed, 'fuzz'), 15_000)

    expect(failure && { kept: keep(failure), seed, error: failure.error }).toBeUndefined()
  })
})
