/** Of several runs of one benchmark the one in the middle, whole, so that its figures belong together. */
import type { Figures } from './bench.ts'

/** By the ratio to the peer where there is one. One run that means nothing spoils them all. */
export function medianOf(runs: readonly Figures[]): Figures {
  const sorted = [...runs].sort((one, other) => weight(one) - weight(other))
  const middle = runs.find(({ invalid }) => invalid !== undefined) ?? sorted[Math.floor((sorted.length - 1) / 2)]
  if (middle === undefined) throw new Error('no run has no median')
  return middle
}

const weight = ({ ratio, value }: Figures): number => ratio ?? value
