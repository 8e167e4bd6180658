/** `ringmain ban`: which SIP sources the proxies do not hear, by themselves or because an operator wants it. */
import type { Command } from 'commander'
import type { Ban } from '#protocols/model/http/bans.ts'
import { type ClientOptions, clientCommand, json, listCommand } from './client-command.ts'
import { WrongUsage } from './errors.ts'
import { connect } from './server.ts'
import { type Column, table } from './table.ts'
import type { Terminal } from './terminal.ts'

type AddOptions = ClientOptions & { readonly seconds: string; readonly because?: string; readonly force?: true }

const columns: readonly Column<Ban>[] = [
  { title: 'source', of: (row) => row.source },
  { title: 'of', of: (row) => row.of },
  { title: 'until', of: (row) => row.until },
  { title: 'by', of: ({ by, proxies }) => by ?? proxies.join(', ') },
  { title: 'because', of: (row) => row.because },
]

export function banCommand(program: Command, terminal: Terminal): void {
  const ban = program.command('ban').description('SIP sources that are not heard')
  listCommand<Ban>(ban, terminal, {
    description: 'all that are banned now, until when and why',
    rows: (server) => server.get('/api/v1/bans'),
    columns,
  })
  clientCommand(ban, 'add <source>', 'bans an address or a range at every proxy')
    .option('--seconds <seconds>', 'how long', '3600')
    .option('--because <reason>', 'why, for those who read the list')
    .option('--force', 'also where it silences the cluster itself, a trunk, or a large part of all addresses')
    .action(async (source: string, options: AddOptions) => {
      const seconds = Number(options.seconds)
      if (!Number.isInteger(seconds)) throw new WrongUsage(`--seconds ${options.seconds} is no number of seconds`)
      const server = await connect(options, terminal)
      const { because, force } = options
      const added = await server.send<Ban>('POST', '/api/v1/bans', { source, seconds, because, force })
      terminal.out(options.json ? json(added) : `${added.source} banned until ${added.until}`)
    })
  clientCommand(ban, 'lift <source>', 'lifts the bans of an address or a range, whoever made them').action(
    async (source: string, options: ClientOptions) => {
      const server = await connect(options, terminal)
      const lifted = await server.send<Ban[]>('DELETE', `/api/v1/bans/${encodeURIComponent(source)}`)
      terminal.out(options.json ? json(lifted) : table(columns, lifted))
    },
  )
}
