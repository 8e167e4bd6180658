/** The epoch of an instance: one more than that of the instance of this name before it, whatever host it was on. */
import type { Coordination } from '#platform/coordination/coordination.ts'

export async function nextEpoch(coordination: Coordination, dc: string, node: string): Promise<number> {
  const key = `sip-server-epoch/${dc}/${node}`
  for (;;) {
    const entry = await coordination.get(key)
    const epoch = Number(entry?.value ?? 0) + 1
    const { done } = await coordination.compareAndSet(key, entry?.revision ?? 0, String(epoch))
    if (done) return epoch
  }
}
