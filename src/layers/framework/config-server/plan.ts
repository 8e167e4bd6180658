/** What applying entries to the objects comes to: a decision, nothing is stored or hashed here. */
import { isDeepStrictEqual } from 'node:util'
import { type Change, changesBetween, withChanges } from '#protocols/model/changes.ts'
import { complete, type Entries } from '#protocols/model/entries.ts'
import { type Fault, faultsOf } from '#protocols/model/faults.ts'
import { keyOf, kindNames, type Objects } from '#protocols/model/objects.ts'
import type { ApplyOptions } from '#protocols/model/writer.ts'

export type Plan = {
  readonly objects: Objects
  readonly changes: readonly Change[]
  /** Where there are any, nothing may be applied. */
  readonly faults: readonly Fault[]
}

/** Entries add and replace; what they do not name stays, unless it is pruned. Passwords are hashes by now. */
export function plan(before: Objects, entries: Entries, { prune = false }: ApplyOptions = {}): Plan {
  // Secrets are hashed with the realm that will be in force.
  const settings = prune ? entries.settings : { ...before.settings, ...entries.settings }
  const named = complete({ ...entries, settings: settings ?? {} })
  const objects = prune ? named : merged(before, named)
  const faults = [...twice(named), ...faultsOf(objects), ...staleSecrets(before, objects)]
  return { objects: ordered(before, objects), changes: changesBetween(before, objects), faults }
}

const merged = (before: Objects, named: Objects): Objects =>
  withChanges(
    before,
    changesBetween(before, named).filter((change) => change.type !== 'remove'),
  )

/** Objects keep their places whatever the order of the entries: what is stored and published must stay the same. */
const ordered = (before: Objects, objects: Objects): Objects => withChanges(before, changesBetween(before, objects))

/** Merging would hide that the entries name an object twice. */
const twice = (named: Objects): Fault[] =>
  kindNames.flatMap((kind) => {
    const keys = named[kind].map((object) => keyOf(kind, object))
    const repeated = new Set(keys.filter((key, index) => keys.indexOf(key) !== index))
    return [...repeated].map((key) => ({ kind, key, message: `${key} is taken: ${kind} names it twice` }))
  })

/** HA1s hold the realm (RFC 7616 §3.4.2): with another one they would fit no phone any more. */
function staleSecrets(before: Objects, after: Objects): Fault[] {
  if (before.settings.realm === after.settings.realm) return []
  const old = new Map(before.dns.map((dn) => [dn.number, dn.ha1]))
  const stale = after.dns.filter(
    ({ number, ha1 }) => Object.keys(ha1).length > 0 && isDeepStrictEqual(ha1, old.get(number)),
  )
  if (stale.length === 0) return []
  const message = `${stale.length} DNs have secrets for realm ${before.settings.realm}, such as ${stale[0]?.number}; give their secrets again together with the new realm`
  return [{ kind: 'settings', property: 'realm', message }]
}
