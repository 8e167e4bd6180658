/** The order in which the servers of an SRV record set are tried: by priority, then at random by weight (RFC 2782). */
import type { SrvRecord } from '#platform/runtime/runtime.ts'

/** `random`: from 0, without 1. */
export function inOrder(records: readonly SrvRecord[], random: () => number): readonly SrvRecord[] {
  const byPriority = new Map<number, SrvRecord[]>()
  for (const record of records) {
    const equal = byPriority.get(record.priority)
    if (equal === undefined) byPriority.set(record.priority, [record])
    else equal.push(record)
  }
  return [...byPriority.keys()]
    .sort((a, b) => a - b)
    .flatMap((priority) => drawn(byPriority.get(priority) ?? [], random))
}

/** Each place is drawn among those left, of few; one of weight 0 has a small chance while others have some. */
function drawn(records: readonly SrvRecord[], random: () => number): readonly SrvRecord[] {
  const left = [...records].sort((one, other) => one.weight - other.weight)
  const order: SrvRecord[] = []
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0)
    let rest = Math.floor(random() * (total + 1))
    const index = left.findIndex(({ weight }) => {
      rest -= weight
      return rest <= 0
    })
    order.push(...left.splice(index, 1))
  }
  return order
}
