/** Rendezvous hashing: everybody picks the same name for a key, and a lost name moves only its own keys. */

import { fnv1a } from '#platform/fnv1a.ts'

/** The name with the highest weight for `key`; none when there are no names. */
export function rendezvous(key: string, names: Iterable<string>): string | undefined {
  const hash = fnv1a(key)
  let best: string | undefined
  let highest = -1
  for (const name of names) {
    const weight = mix(hash ^ fnv1a(name))
    // Equal weights: the order of the names must not decide.
    if (weight > highest || (weight === highest && best !== undefined && name < best)) {
      highest = weight
      best = name
    }
  }
  return best
}

/** All names, the one that `rendezvous` gives first: whom to try next when the ones before do not answer. */
export function ranked(key: string, names: Iterable<string>): string[] {
  const hash = fnv1a(key)
  const weights = Array.from(names, (name) => ({ name, weight: mix(hash ^ fnv1a(name)) }))
  return weights.sort((one, other) => other.weight - one.weight || (one.name < other.name ? -1 : 1)).map(nameOf)
}

const nameOf = ({ name }: { name: string }): string => name

/** MurmurHash3's finalizer: without it names that differ in one character get unequal shares. */
function mix(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
