/** Random times and choices of SIMULATED people. */

import { fraction } from '#platform/runtime/fraction.ts'
import type { Random } from '#platform/runtime/runtime.ts'

/** Whether something of that probability happens. */
export const chance = (random: Random, probability: number): boolean => fraction(random) < probability

export const between = (random: Random, from: number, to: number): number => from + (to - from) * fraction(random)

/** The wait for the next arrival of a Poisson process: exponential, never infinite. */
export const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - fraction(random))

/** What people take for something: half of them less than `median`, a few much more; by Box and Muller. */
export function logNormal(random: Random, median: number, sigma: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - fraction(random)))
  return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * fraction(random)))
}

/** One of some; each as often as its weight says. Throws without any. */
export function weighted<T extends { readonly weight: number }>(random: Random, choices: readonly T[]): T {
  const all = choices.reduce((sum, { weight }) => sum + weight, 0)
  let left = all * fraction(random)
  for (const choice of choices) {
    left -= choice.weight
    if (left < 0) return choice
  }
  const last = choices.at(-1)
  if (last === undefined) throw new TypeError('there is nothing to choose from')
  return last
}

export const oneOf = <T>(random: Random, choices: readonly T[]): T =>
  weighted(
    random,
    choices.map((value) => ({ value, weight: 1 })),
  ).value
