/** What is in the middle: of numbers, and of several runs of one benchmark. */
import type { Figures } from './bench.ts'

/**
 * One run, whole, so that its figures belong together: by the ratio to the peer where there is one. One run that means
 * nothing spoils them all.
 */
export function medianOf(runs: readonly Figures[]): Figures {
  const sorted = [...runs].sort((one, other) => weight(one) - weight(other))
  const middle = runs.find(({ invalid }) => invalid !== undefined) ?? sorted[Math.floor((sorted.length - 1) / 2)]
  if (middle === undefined) throw new Error('no run has no median')
  return middle
}

export const medianNumber = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN

const weight = ({ ratio, value }: Figures): number => ratio ?? value
