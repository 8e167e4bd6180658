/**
 * Randomness from a seed, one stream per purpose: removing a fault takes nothing from the stream of the workload, so
 * the rest of a run stays what it was.
 */
import type { Random } from '#platform/runtime/runtime.ts'

export class Stream implements Random {
  readonly #state: Uint32Array

  constructor(seed: number, ...purpose: readonly (string | number)[]) {
    this.#state = Uint32Array.from([1, 2, 3, 4], (salt) => hash32(`${salt}/${seed}/${purpose.join('/')}`))
    for (let round = 0; round < 12; round++) this.uint32()
  }

  /** sfc32 (Chris Doty-Humphrey): small, fast, passes the usual batteries. */
  uint32(): number {
    const s = this.#state
    const [a, b, c, counter] = s as unknown as [number, number, number, number]
    const result = (a + b + counter) >>> 0
    s[3] = counter + 1
    s[0] = b ^ (b >>> 9)
    s[1] = c + (c << 3)
    s[2] = ((c << 21) | (c >>> 11)) + result
    return result
  }

  /** From 0, without 1. */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000
  }

  /** A whole number from 0, without `limit`. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  between(from: number, to: number): number {
    return from === to ? from : from + this.fraction() * (to - from)
  }

  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError('nothing to pick from')
    return from[this.below(from.length)] as T
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count)
    for (let at = 0; at < count; at++) bytes[at] = this.uint32() >>> 24
    return bytes
  }

  hex(count: number): string {
    return this.bytes(count).toString('hex')
  }
}

/** FNV-1a with a final mix. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
