/**
 * Objects as people write them: defaults may be left out, a DN may name its secret instead of HA1s, a
 * person his password instead of a hash. `complete` turns
 * entries into objects.
 */
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { ha1s } from './digest-secret.ts'
import { type DN, type Kind, kindNames, kinds, type ObjectOf, type Objects, Settings } from './objects.ts'

/** What must be said of each kind; everything else has a default. */
type Required = {
  persons: 'employeeId' | 'name'
  dns: 'number'
  routingPoints: 'number' | 'name' | 'strategy'
  services: 'number' | 'name' | 'service'
  trunks: 'name'
  skills: 'name'
  strategies: 'name' | 'scxml'
}

export type EntryOf<K extends Kind> = Pick<ObjectOf<K>, Required[K] & keyof ObjectOf<K>> &
  Partial<ObjectOf<K>> &
  (K extends 'dns' ? { secret?: string } : K extends 'persons' ? { password?: string } : unknown)

export type Entries = { settings?: Partial<Settings> } & { [K in Kind]?: readonly EntryOf<K>[] }

/**
 * Fills in every default and turns secrets into HA1s. Passwords must have become hashes before: that takes time.
 * Says nothing of what is wrong: see `faults.ts`.
 */
export function complete(entries: Entries): Objects {
  const settings = withDefaults(Settings, entries.settings ?? {}) as Settings
  const objects = Object.fromEntries(
    kindNames.map((kind) => [
      kind,
      (entries[kind] ?? []).map((entry) => withDefaults(kinds[kind].schema, hashed(kind, entry, settings.realm))),
    ]),
  )
  return { settings, ...objects } as Objects
}

const withDefaults = (schema: TSchema, value: object): unknown => Value.Default(schema, structuredClone(value))

function hashed(kind: Kind, entry: object, realm: string): object {
  if (kind !== 'dns' || !('secret' in entry)) return entry
  const { secret, ...dn } = entry as EntryOf<'dns'>
  const algorithms: DN['algorithms'] = dn.algorithms ?? ['MD5']
  return { ...dn, ha1: ha1s(algorithms, dn.number, realm, secret ?? '') }
}
