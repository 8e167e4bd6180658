/** `ringmain config`: the configuration objects as YAML. */
import type { Command } from 'commander'
import type { Objects } from '#protocols/model/objects.ts'
import type { Applied } from '#protocols/model/writer.ts'
import { type ClientOptions, clientCommand, json, jsonCommand } from './client-command.ts'
import { connect, ServerRefused } from './server.ts'
import type { Terminal } from './terminal.ts'

type ApplyOptions = ClientOptions & { readonly prune?: boolean }
type ExportOptions = ClientOptions & { readonly defaults?: boolean; readonly secrets: boolean }

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
  clientCommand(config, 'export [file]', exporting)
    .option('--defaults', 'write what has its default, too')
    .option('--no-secrets', withoutHashes)
    .action((file: string | undefined, options: ExportOptions) => exported(file, options, terminal))
  jsonCommand(config, 'check <file>', 'tells what is wrong with a file; needs no server').action(
    async (file: string, options: { json?: boolean }) => {
      const counts = await (await files()).checkObjectsFile(file)
      const told = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`)
      if (options.json) terminal.out(json({ file, objects: counts }))
      else terminal.err(`${file} is right: ${told.join(', ')}`)
    },
  )
}

const exporting =
  'writes all objects, for "config apply" to make the same of them: what is left out has its default; ' +
  'hashes stand for secrets, so the file is for its owner only'

const withoutHashes =
  'leave out the hashes, to show the file around; with it applied nobody could sign in, and where a trunk has an ' +
  'account it is refused until the secret is given again'

async function exported(file: string | undefined, options: ExportOptions, terminal: Terminal) {
  const server = await connect(options, terminal)
  const { objects } = await server.get<{ objects: Partial<Objects> }>('/api/v1/config')
  const { objectsText, withoutSecrets, writeText } = await files()
  const shown = options.secrets ? objects : withoutSecrets(objects)
  await writeText(file, options.json ? json(shown) : objectsText(shown, options), terminal)
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
  const changes = count === 1 ? '1 change' : `${count} changes`
  terminal.err(count === 0 ? `no difference, revision ${applied.revision}` : `${changes}, ${done}`)
}

function lineOf({ action, kind, key, properties }: Applied['changes'][number]): string {
  const sign = { added: '+', changed: '~', removed: '-' }[action]
  const what = key === undefined ? kind : `${kind} ${key}`
  return properties === undefined ? `${sign} ${what}` : `${sign} ${what}: ${properties.join(', ')}`
}
