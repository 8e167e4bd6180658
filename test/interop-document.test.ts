// docs/interop.md is true: it claims what tests declare that they prove, all of it and nothing else.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  after,
  declaredIn,
  documentOf,
  documentPath,
  keyOf,
  type Proof,
  proofsIn,
  testOf,
} from './rig/interop/document.ts'

const text = readFileSync(documentPath, 'utf8')
const unique = (keys: readonly string[]) => [...new Set(keys)].sort()

describe('docs/interop.md', () => {
  it('tells of a proof for each cell that a test declares, and of no other', () => {
    const declared = declaredIn('test').map(keyOf)

    expect(declared.length).toBeGreaterThan(10)
    expect(unique(proofsIn(text).map(keyOf))).toEqual(unique(declared))
  })

  it('is what its proofs make of it', () => {
    expect(text).toBe(documentOf(proofsIn(text)))
  })

  it('names tests that are there', () => {
    const unknown = proofsIn(text).filter(({ file, test }) => !titlesIn(file).some((title) => title.test(test)))

    expect(unknown).toEqual([])
  })

  it('keeps, after a part of the tests has run, what it tells of the others, and loses what failed', () => {
    const of = (file: string, test: string): Proof => ({ peer: 'SIPp', version: '3.6.1', feature: 'call', file, test })
    const [elsewhere, filtered, failed, passes] = [of('a', 'x'), of('b', 'x'), of('b', 'y'), of('b', 'z')]
    const run = { files: new Set(['b']), leftOut: new Set([testOf(filtered)]), proofs: [passes] }

    expect(after(run, [elsewhere, filtered, failed])).toEqual([elsewhere, filtered, passes])
  })

  it('says works where a test has passed, partly where something is missing all the same, and else why', () => {
    const hold = { peer: 'SIPp', version: '3.6.1', feature: 'TLS', file: 'test/interop/a.test.ts', test: 'a > b' }
    const made = documentOf([])

    expect(documentOf([hold as Proof])).toMatch(/^\| SIPp 3\.6\.1 .*\| partly +\|/m)
    expect(made).toMatch(/^\| SIPp +\| scripted .*\| – +\| – +\| not shown yet +\|$/m)
    expect(made).toMatch(/^\| SIPp +\| TLS +\| – +\| Debian’s is built without +\|$/m)
    expect(proofsIn(documentOf([hold as Proof]))).toEqual([hold])
  })
})

/** The titles of a file's tests, as what the names of their runs end with; what it.each fills in may be anything. */
function titlesIn(file: string): RegExp[] {
  const calls = readFileSync(file, 'utf8').matchAll(/\b(?:it|it\.each\([\s\S]*?\))\(\s*'((?:[^'\\]|\\.)*)'/g)
  const escaped = (title: string) => title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/%s|\\\$\w+/g, '.*')
  return [...calls].map(([, title = '']) => new RegExp(`${escaped(title)}$`))
}
