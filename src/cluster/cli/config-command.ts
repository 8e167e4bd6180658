/** `ringmain config`: the configuration objects as YAML. */
import type { Command } from 'commander'
import type { Objects } from '#protocols/model/objects.ts'
import type { Applied } from '#protocols/model/writer.ts'
import { type ClientOptions, clientCommand, json, jsonCommand } from './client-command.ts'
import { connect, ServerRefused } from './server.ts'
import type { Terminal } from './terminal.ts'

type ApplyOptions = ClientOptions & { readonly prune?: boolean }

/** Loaded when it is needed: compiling the schemas takes longer than all other commands. */
const files = () => import('./objects-file.ts')

export function configCommand(program: Command, terminal: Terminal): void {
  const config = program.command('config').description('configuration objects as YAML')
  const change = (verb: 'apply' | 'preview', usage: string, description: string) =>
    clientCommand(config, usage, description)
      .option('--prune', 'remove every object that the file does not name')
      .action((file: string, options: ApplyOptions) => changed(verb, file, options, terminal))
  change('apply', 'apply <file>', 'adds and replaces the objects of a file')
  change('preview', 'diff <file>', 'tells what applying a file would change')
  clientCommand(config, 'export [file]', 'writes all objects; hashes instead of secrets').action(
    async (file: string | undefined, options: ClientOptions) => {
      const { objects } = await (await connect(options, terminal)).get<{ objects: Objects }>('/api/v1/config')
      const { objectsText, writeText } = await files()
      await writeText(file, options.json ? json(objects) : objectsText(objects), terminal)
    },
  )
  jsonCommand(config, 'check <file>', 'tells what is wrong with a file; needs no server').action(
    async (file: string, options: { json?: boolean }) => {
      const counts = await (await files()).checkObjectsFile(file)
      const told = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`)
      if (options.json) terminal.out(json({ file, objects: counts }))
      else terminal.err(`${file} is right: ${told.join(', ')}`)
    },
  )
}

async function changed(verb: 'apply' | 'preview', file: string, options: ApplyOptions, terminal: Terminal) {
  const { located, readObjectsFile } = await files()
  const objects = await readObjectsFile(file)
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
