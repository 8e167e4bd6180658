/** Passwords of persons: only argon2id hashes are kept, each with a salt of its own (RFC 9106). */
import { hash, verify } from '@node-rs/argon2'
import type { Entries, EntryOf } from '#protocols/model/entries.ts'
import type { Objects } from '#protocols/model/objects.ts'

/**
 * `strong` is OWASP's minimum, about 15 ms of CPU each. `light` is for installations whose passwords are no secrets,
 * as in the demo, where thousands of persons are applied at once: 1 ms each.
 */
const passwordCosts = {
  strong: { memoryCost: 19_456, timeCost: 2, parallelism: 1 },
  light: { memoryCost: 1024, timeCost: 1, parallelism: 1 },
} as const
export type PasswordCost = keyof typeof passwordCosts

/** Hashing runs on the threads that disks and DNS use too: they must not all be taken. */
const atOnce = 2

/** The entries with a hash for each password; a person whose password is the same as before keeps his hash. */
export async function withPasswordHashes(entries: Entries, before: Objects, cost: PasswordCost): Promise<Entries> {
  if (!entries.persons?.some((person) => person.password !== undefined)) return entries
  const hashes = new Map(before.persons.map((person) => [person.employeeId, person.passwordHash]))
  const persons = [...entries.persons]
  const waiting = persons.keys()
  const work = async (): Promise<void> => {
    for (const index of waiting) {
      const person = persons[index]
      if (person) persons[index] = await hashed(person, hashes.get(person.employeeId), cost)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return { ...entries, persons }
}

async function hashed(person: EntryOf<'persons'>, before: string | undefined, cost: PasswordCost) {
  const { password, ...rest } = person
  if (password === undefined) return person
  const keep = before !== undefined && hasCost(before, cost) && (await verify(before, password).catch(() => false))
  return { ...rest, passwordHash: keep ? before : await hash(password, passwordCosts[cost]) }
}

/** The PHC form names the cost; another one is hashed anew. */
function hasCost(passwordHash: string, cost: PasswordCost): boolean {
  const { memoryCost, timeCost, parallelism } = passwordCosts[cost]
  return passwordHash.startsWith(`$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`)
}
