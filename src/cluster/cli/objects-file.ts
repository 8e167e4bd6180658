/** Files of configuration objects as `ringmain config` reads and writes them. */
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parseStrategy } from '#layers/routing/orchestration/scxml/parse.ts'
import { ConfigurationInvalid } from '#platform/config/errors.ts'
import { complete } from '#protocols/model/entries.ts'
import { checkObjects, type ObjectsFile, readObjects } from '#protocols/model/file/read-objects.ts'
import { type Writing, writeObjects } from '#protocols/model/file/write-objects.ts'
import { type Kind, kindNames, type Objects } from '#protocols/model/objects.ts'
import { CommandFailed } from './errors.ts'
import type { ServerRefused } from './server.ts'
import type { Terminal } from './terminal.ts'

/** Strategies are read from beside the file. Throws `ConfigurationInvalid`, `MalformedStrategy`. */
export async function readObjectsFile(file: string): Promise<ObjectsFile> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandFailed(`${file} cannot be read: ${error.message}`)
  })
  const objects = await readObjects(file, text, (path) => readFile(resolve(dirname(file), path), 'utf8'))
  for (const { name, scxml } of objects.entries.strategies ?? []) parseStrategy(name, scxml)
  return objects
}

/** Reads a file that must be right by itself, and tells how many objects of each kind it has. */
export async function checkObjectsFile(file: string): Promise<Record<Kind, number>> {
  const objects = await readObjectsFile(file)
  checkObjects(file, objects)
  const counts = kindNames.map((kind) => [kind, objects.entries[kind]?.length ?? 0])
  return Object.fromEntries(counts) as Record<Kind, number>
}

/** The server names kind, key and property of what it refuses; the file knows where that stands. */
export function located(file: string, objects: ObjectsFile, error: ServerRefused): Error {
  if (error.errors.length === 0) return error
  const faults = error.errors.map(({ pointer, detail }) => {
    const [kind = 'settings', ...rest] = pointer.split('/').slice(1)
    const [key, property] = kind === 'settings' ? [undefined, rest[0]] : rest
    const subject = `${[kind, key, property].filter((part) => part !== undefined).join('.')} `
    return objects.placed({
      kind: kind as Kind | 'settings',
      message: detail.startsWith(subject) ? detail.slice(subject.length) : detail,
      ...(key !== undefined && { key }),
      ...(property !== undefined && { property }),
    })
  })
  return new ConfigurationInvalid(file, faults)
}

/** As YAML; kinds that the server has none of may be left out of its answer. */
export const objectsText = (objects: Partial<Objects>, writing: Writing): string =>
  writeObjects({ ...complete({}), ...objects }, writing)

/** Without the hashes of passwords and of digest secrets: who has an HA1 can sign in with it. */
export const withoutSecrets = ({
  persons = [],
  dns = [],
  trunks = [],
  ...others
}: Partial<Objects>): Partial<Objects> => ({
  ...others,
  persons: persons.map(({ passwordHash: _, ...person }) => person),
  dns: dns.map((dn) => ({ ...dn, ha1: {} })),
  trunks: trunks.map(({ credentials, ...trunk }) => ({
    ...trunk,
    ...(credentials && { credentials: { ...credentials, ha1: {} } }),
  })),
})

export async function writeText(file: string | undefined, text: string, terminal: Terminal): Promise<void> {
  if (file === undefined || file === '-') return terminal.out(text.trimEnd())
  // Hashes can be guessed at: for the owner only.
  await writeFile(file, text, { mode: 0o600 }).catch((error: Error) => {
    throw new CommandFailed(`${file} cannot be written: ${error.message}`)
  })
  terminal.err(`written to ${file}`)
}
