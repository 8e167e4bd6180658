/** What lies between two revisions of the objects: what the Config Server stores, sends on and shows as a diff. */
import { isDeepStrictEqual } from 'node:util'
import { type Kind, keyOf, kindNames, type ObjectOf, type Objects, type Settings } from './objects.ts'

export type Change =
  | { readonly type: 'settings'; readonly settings: Settings }
  | { readonly type: 'put'; readonly kind: Kind; readonly key: string; readonly object: ObjectOf<Kind> }
  | { readonly type: 'remove'; readonly kind: Kind; readonly key: string }

/** One change as people are told it: never a value, for some are hashes. */
export type ChangeSummary = {
  readonly action: 'added' | 'changed' | 'removed'
  readonly kind: Kind | 'settings'
  readonly key?: string
  /** The properties that differ, where it was changed. */
  readonly properties?: readonly string[]
}

/** What leads from `before` to `after`; nothing where they say the same. */
export function changesBetween(before: Objects, after: Objects): Change[] {
  const settings: Change[] = isDeepStrictEqual(before.settings, after.settings)
    ? []
    : [{ type: 'settings', settings: after.settings }]
  return [...settings, ...kindNames.flatMap((kind) => changesOfKind(kind, before[kind], after[kind]))]
}

function changesOfKind(kind: Kind, before: readonly ObjectOf<Kind>[], after: readonly ObjectOf<Kind>[]): Change[] {
  const old = keyed(kind, before)
  const now = keyed(kind, after)
  const put = [...now]
    .filter(([key, object]) => !isDeepStrictEqual(old.get(key), object))
    .map(([key, object]): Change => ({ type: 'put', kind, key, object }))
  const remove = [...old.keys()].filter((key) => !now.has(key)).map((key): Change => ({ type: 'remove', kind, key }))
  return [...put, ...remove]
}

/** The changes as people are told them; `before` is what they start from. */
export function summaryOf(before: Objects, changes: readonly Change[]): ChangeSummary[] {
  const tables = new Map(kindNames.map((kind) => [kind, keyed(kind, before[kind])]))
  return changes.map((change) => {
    if (change.type === 'settings')
      return { action: 'changed', kind: 'settings', properties: differing(before.settings, change.settings) }
    const { kind, key } = change
    if (change.type === 'remove') return { action: 'removed', kind, key }
    const old = tables.get(kind)?.get(key)
    return old === undefined
      ? { action: 'added', kind, key }
      : { action: 'changed', kind, key, properties: differing(old, change.object) }
  })
}

function differing(before: object, after: object): string[] {
  const old = before as Record<string, unknown>
  const now = after as Record<string, unknown>
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
    (property) => !isDeepStrictEqual(old[property], now[property]),
  )
}

/** The objects after these changes; objects keep their places, new ones come last. */
export function withChanges(objects: Objects, changes: readonly Change[]): Objects {
  const tables = new Map(kindNames.map((kind) => [kind, keyed(kind, objects[kind])]))
  let settings = objects.settings
  for (const change of changes) {
    if (change.type === 'settings') settings = change.settings
    else if (change.type === 'put') tables.get(change.kind)?.set(change.key, change.object)
    else tables.get(change.kind)?.delete(change.key)
  }
  const kinds = Object.fromEntries([...tables].map(([kind, table]) => [kind, [...table.values()]]))
  return { settings, ...kinds } as Objects
}

const keyed = (kind: Kind, objects: readonly ObjectOf<Kind>[]): Map<string, ObjectOf<Kind>> =>
  new Map(objects.map((object) => [keyOf(kind, object), object]))
