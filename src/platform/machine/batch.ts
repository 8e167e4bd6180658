/** What one owner tells its copy: after an event-loop turn, and as a whole. All of it is plain data. */

export type Batch<Effect = unknown> = {
  readonly owner: string
  /** Counts up by one; a copy that misses one asks for a snapshot. */
  readonly sequence: number
  /** Effects of batches up to this one have been performed. */
  readonly performed: number
  readonly changes: readonly Change[]
  readonly effects: readonly Performed<Effect>[]
  /** The owner is gone once the effects have been performed. */
  readonly ended: boolean
}

export type Change = {
  readonly id: string
  readonly machine: string
  /** Undefined: the instance is gone, and the rest is empty. */
  readonly state: string | undefined
  /** The top-level fields of the data that are not the same any more. */
  readonly fields: Readonly<Record<string, unknown>>
  /** Fields that are not there any more. */
  readonly dropped: readonly string[]
  /** Timers that were started, with milliseconds to go, or stopped (null). */
  readonly timers: Readonly<Record<string, number | null>>
}

/** An effect and the instance it came from. */
export type Performed<Effect> = { readonly id: string; readonly effect: Effect }

export type Snapshot<Effect = unknown> = {
  readonly owner: string
  readonly sequence: number
  readonly instances: readonly InstanceSnapshot[]
  /** Decided and not known to have been performed: whoever goes on from here performs them first. */
  readonly effects: readonly (Performed<Effect> & { readonly sequence: number })[]
  readonly ended: boolean
}

export type InstanceSnapshot = {
  readonly id: string
  readonly machine: string
  readonly state: string
  readonly data: Readonly<Record<string, unknown>>
  /** Milliseconds to go. */
  readonly timers: Readonly<Record<string, number>>
}

type Data = Readonly<Record<string, unknown>>

/** The fields of `data` that differ from `before` by reference. */
export function changedFields(before: Data | undefined, data: Data): Pick<Change, 'fields' | 'dropped'> {
  if (before === data) return nothing
  const fields: Record<string, unknown> = {}
  for (const name in data) if (before === undefined || data[name] !== before[name]) fields[name] = data[name]
  const dropped: string[] = []
  for (const name in before) if (!(name in data)) dropped.push(name)
  return { fields, dropped }
}

const nothing: Pick<Change, 'fields' | 'dropped'> = { fields: {}, dropped: [] }
