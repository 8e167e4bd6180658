/** What a standby holds of one owner: kept equal to it batch by batch, and the snapshot to go on from. */
import type { Batch, Change, InstanceSnapshot, Snapshot } from './batch.ts'

type Copied = {
  machine: string
  state: string
  data: Readonly<Record<string, unknown>>
  /** On the clock of the one who copies. */
  readonly due: Map<string, number>
}

export class Copy<Effect> {
  readonly owner: string
  readonly #instances = new Map<string, Copied>()
  #effects: { id: string; effect: Effect; sequence: number }[]
  #sequence: number
  #ended: boolean

  /** `now`: the monotonic time here, from which the timers' remaining times count. */
  constructor(snapshot: Snapshot<Effect>, now: number) {
    this.owner = snapshot.owner
    this.#sequence = snapshot.sequence
    this.#effects = [...snapshot.effects]
    this.#ended = snapshot.ended
    for (const { id, machine, state, data, timers } of snapshot.instances) {
      const due = new Map(Object.entries(timers).map(([timer, left]) => [timer, now + left]))
      this.#instances.set(id, { machine, state, data, due })
    }
  }

  /** An owner that begins now: its first batch tells everything. */
  static begun<Effect>(owner: string): Copy<Effect> {
    return new Copy<Effect>({ owner, sequence: 0, instances: [], effects: [], ended: false }, 0)
  }

  /** False: batches are missing, so that only a snapshot helps. One that is known already changes nothing. */
  apply(batch: Batch<Effect>, now: number): boolean {
    if (batch.sequence <= this.#sequence) return true
    if (batch.sequence !== this.#sequence + 1) return false
    this.#sequence = batch.sequence
    this.#ended = batch.ended
    if (batch.ended) this.#instances.clear()
    for (const change of batch.changes) this.#change(change, now)
    this.#effects = this.#effects.filter(({ sequence }) => sequence > batch.performed)
    for (const { id, effect } of batch.effects) this.#effects.push({ id, effect, sequence: batch.sequence })
    return true
  }

  /** Nothing is left to go on with: it can be forgotten. */
  get over(): boolean {
    return this.#ended && this.#effects.length === 0
  }

  snapshot(now: number): Snapshot<Effect> {
    const instances = [...this.#instances].map(([id, { machine, state, data, due }]): InstanceSnapshot => {
      const timers = Object.fromEntries([...due].map(([timer, at]) => [timer, Math.max(0, at - now)]))
      return { id, machine, state, data, timers }
    })
    return { owner: this.owner, sequence: this.#sequence, instances, effects: [...this.#effects], ended: this.#ended }
  }

  #change({ id, machine, state, fields, dropped, timers }: Change, now: number): void {
    if (state === undefined) {
      this.#instances.delete(id)
      return
    }
    const copied = this.#instances.get(id) ?? { machine, state, data: {}, due: new Map<string, number>() }
    copied.state = state
    copied.data = merge(copied.data, fields, dropped)
    for (const [timer, left] of Object.entries(timers)) {
      if (left === null) copied.due.delete(timer)
      else copied.due.set(timer, now + left)
    }
    this.#instances.set(id, copied)
  }
}

function merge(data: Copied['data'], fields: Copied['data'], dropped: readonly string[]): Copied['data'] {
  const merged = { ...data, ...fields }
  for (const name of dropped) delete merged[name]
  return merged
}
