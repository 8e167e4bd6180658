import { describe, expect, it } from 'vitest'
import { ranked, rendezvous } from './rendezvous.ts'

const keys = Array.from({ length: 4000 }, (_, index) => `call-${index}@10.0.0.1;tag=${index * 7}`)
const nodes = ['node1.dc1', 'node2.dc1', 'node3.dc1', 'node4.dc1']
const shares = (names: string[]) => {
  const counts = new Map<string, number>()
  for (const key of keys) {
    const name = rendezvous(key, names) ?? ''
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

describe('rendezvous hashing', () => {
  it('gives each name its share within a tenth', () => {
    for (const count of shares(nodes).values()) expect(Math.abs(count - 1000)).toBeLessThan(100)
  })

  it('does not depend on the order of the names', () => {
    for (const key of keys.slice(0, 200)) {
      expect(rendezvous(key, nodes)).toBe(rendezvous(key, [...nodes].reverse()))
    }
  })

  it('moves only the keys of a name that is gone', () => {
    const left = nodes.filter((name) => name !== 'node2.dc1')

    for (const key of keys) {
      const before = rendezvous(key, nodes)
      if (before !== 'node2.dc1') expect(rendezvous(key, left)).toBe(before)
    }
  })

  it('ranks all names, so that the next one is what is picked when the first is gone', () => {
    for (const key of keys.slice(0, 200)) {
      const [first, second] = ranked(key, nodes)
      expect(first).toBe(rendezvous(key, nodes))
      expect(second).toBe(
        rendezvous(
          key,
          nodes.filter((name) => name !== first),
        ),
      )
    }
  })

  it('has no answer without names', () => {
    expect(rendezvous('any', [])).toBeUndefined()
  })
})
