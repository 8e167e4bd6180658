/** `ringmain config`: the configuration objects as YAML. */
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { parseStrategy } from '#layers/routing/orchestration/scxml/parse.ts'
import { ConfigurationInvalid } from '#platform/config/errors.ts'
import { withChanges } from '#protocols/model/changes.ts'
import { complete } from '#protocols/model/entries.ts'
import { checkObjects, type ObjectsFile, readObjects } from '#protocols/model/file/read-objects.ts'
import { writeObjects } from '#protocols/model/file/write-objects.ts'
import { type Kind, kindNames, type Objects } from '#protocols/model/objects.ts'
import type { Applied } from '#protocols/model/writer.ts'
import { type ClientOptions, clientCommand, json, jsonCommand } from './client-command.ts'
import { CommandFailed } from './errors.ts'
import { connect, type Server, ServerRefused } from './server.ts'
import type { Terminal } from './terminal.ts'

type ApplyOptions = ClientOptions & { readonly prune?: boolean }

export function configCommand(program: Command, terminal: Terminal): void {
  const config = program.command('config').description('configuration objects as YAML')
  const prune = '--prune'
  const pruned = 'remove every object that the file does not name'
  clientCommand(config, 'apply <file>', 'adds and replaces the objects of a file')
    .option(prune, pruned)
    .action((file: string, options: ApplyOptions) => change('apply', file, options, terminal))
  clientCommand(config, 'diff <file>', 'tells what applying a file would change')
    .option(prune, pruned)
    .action((file: string, options: ApplyOptions) => change('preview', file, options, terminal))
  clientCommand(config, 'export [file]', 'writes all objects; hashes instead of secrets').action(
    async (file: string | undefined, options: ClientOptions) =>
      write(file, await exported(await connect(options, terminal), options), terminal),
  )
  jsonCommand(config, 'check <file>', 'tells what is wrong with a file; needs no server').action(
    async (file: string, options: { json?: boolean }) => {
      const { entries } = await read(file)
      const counts = kindNames.map((kind) => [kind, entries[kind]?.length ?? 0] as const)
      if (options.json) terminal.out(json({ file, faults: [], objects: Object.fromEntries(counts) }))
      else terminal.err(`${file} is right: ${counts.map(([kind, count]) => `${count} ${kind}`).join(', ')}`)
    },
  )
}

/** Strategies are read from beside the file. Throws `ConfigurationInvalid`, `MalformedStrategy`. */
async function read(file: string, alone = true): Promise<ObjectsFile> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandFailed(`${file} cannot be read: ${error.message}`)
  })
  const objects = await readObjects(file, text, (path) => readFile(resolve(dirname(file), path), 'utf8'))
  for (const { name, scxml } of objects.entries.strategies ?? []) parseStrategy(name, scxml)
  // What a file leaves out may be there already where it is applied: that, the server knows.
  if (alone) checkObjects(file, objects)
  return objects
}

async function change(verb: 'apply' | 'preview', file: string, options: ApplyOptions, terminal: Terminal) {
  const objects = await read(file, false)
  const server = await connect(options, terminal)
  const body = { entries: objects.entries, prune: options.prune ?? false }
  const applied = await server.send<Applied>('POST', `/api/v1/config/${verb}`, body).catch((error: unknown) => {
    throw error instanceof ServerRefused ? located(file, objects, error) : error
  })
  if (options.json) return terminal.out(json(applied))
  for (const change of applied.changes) terminal.out(lineOf(change))
  const count = applied.changes.length
  const done = verb === 'apply' ? `revision ${applied.revision}` : 'nothing was changed, this is what apply would do'
  terminal.err(count === 0 ? `no difference, revision ${applied.revision}` : `${count} changes, ${done}`)
}

function lineOf({ action, kind, key, properties }: Applied['changes'][number]): string {
  const sign = { added: '+', changed: '~', removed: '-' }[action]
  const what = key === undefined ? kind : `${kind} ${key}`
  return properties === undefined ? `${sign} ${what}` : `${sign} ${what}: ${properties.join(', ')}`
}

/** The server names kind, key and property of what it refuses; the file knows where that stands. */
function located(file: string, objects: ObjectsFile, error: ServerRefused): Error {
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

async function exported(server: Server, { json: asJSON }: ClientOptions): Promise<string> {
  const { objects } = await server.get<{ objects: Objects }>('/api/v1/config')
  return asJSON ? json(objects) : writeObjects(withChanges({ ...complete({}), ...objects }, []))
}

async function write(file: string | undefined, text: string, terminal: Terminal): Promise<void> {
  if (file === undefined || file === '-') return terminal.out(text.trimEnd())
  // Hashes can be guessed at: for the owner only.
  await writeFile(file, text, { mode: 0o600 }).catch((error: Error) => {
    throw new CommandFailed(`${file} cannot be written: ${error.message}`)
  })
  terminal.err(`written to ${file}`)
}
