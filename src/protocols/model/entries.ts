/**
 * Objects as people write them: defaults may be left out, a DN may name its secret instead of HA1s, a
 * person his password instead of a hash. `complete` turns
 * entries into objects.
 */
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { ha1s } from './digest-secret.ts'
import {
  type Credentials,
  type DN,
  digestAlgorithms,
  type Kind,
  kindNames,
  kinds,
  type ObjectOf,
  type Objects,
  Settings,
  type Trunk,
} from './objects.ts'
import { domainOf } from './trunk.ts'

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

/** A provider may be given the password instead of HA1s, and no realm where that is its domain. */
export type TrunkEntry = Omit<EntryOf<'trunks'>, 'credentials' | 'registration'> & {
  readonly credentials?: { readonly username: string; readonly secret?: string } & Partial<Credentials>
  readonly registration?: Partial<NonNullable<Trunk['registration']>>
}

export type Entries = { settings?: Partial<Settings> } & {
  [K in Kind]?: readonly (K extends 'trunks' ? TrunkEntry : EntryOf<K>)[]
}

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
  if (kind === 'trunks') return trunkHashed(entry as TrunkEntry)
  if (kind !== 'dns' || !('secret' in entry)) return entry
  const { secret, ...dn } = entry as EntryOf<'dns'>
  const algorithms: DN['algorithms'] = dn.algorithms ?? ['MD5']
  return { ...dn, ha1: ha1s(algorithms, dn.number, realm, secret ?? '') }
}

/** For every algorithm: which one is wanted the provider says. */
function trunkHashed(entry: TrunkEntry): object {
  if (entry.credentials === undefined) return entry
  const { secret, ...given } = entry.credentials
  const { username, realm = domainOf(entry) } = given
  const ha1 = secret === undefined ? given.ha1 : ha1s(digestAlgorithms, username, realm, secret)
  return { ...entry, credentials: { ...given, realm, ha1: ha1 ?? {} } }
}
