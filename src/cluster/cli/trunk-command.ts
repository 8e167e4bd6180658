/** `ringmain trunk`: the trunks to carriers, as they are configured and as the proxies find them. */
import type { Command } from 'commander'
import type { TrunkAtProxy, TrunkStatus } from '#protocols/model/http/trunks.ts'
import type { Trunk } from '#protocols/model/objects.ts'
import { type ClientOptions, clientCommand, json, listCommand } from './client-command.ts'
import { CommandFailed } from './errors.ts'
import { connect, type Server } from './server.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'
import { health } from './trunk-health.ts'
import { testTrunk } from './trunk-test.ts'

type Row = Trunk & Pick<TrunkStatus, 'proxies'>

export function trunkCommand(program: Command, terminal: Terminal): void {
  const trunk = program.command('trunk').description('trunks to carriers')
  listCommand<Row>(trunk, terminal, {
    description: 'all trunks, whether their servers answer and whether we are registered there',
    rows: trunks,
    columns: [
      { title: 'trunk', of: (row) => row.name },
      { title: 'from', of: (row) => row.sources.join(', ') },
      { title: 'to', of: (row) => row.destination ?? row.registration?.registrars.join(', ') },
      { title: 'transport', of: (row) => row.transport },
      { title: 'numbers', of: (row) => row.numbers.join(', ') },
      { title: 'media', of: (row) => row.media },
      { title: 'health', of: ({ proxies }) => health(Object.values(proxies)) },
      { title: 'registration', of: ({ proxies }) => registration(Object.values(proxies)) },
    ],
  })
  clientCommand(trunk, 'test <trunk>', 'has every proxy ask its servers now').action(
    async (name: string, options: ClientOptions) => {
      const server = await connect(options, terminal)
      const { status, late } = await testTrunk(server, name, terminal)
      const rows = Object.entries(status.proxies).map(([proxy, found]) => ({ proxy, ...found }))
      terminal.out(options.json ? json(status) : table(testColumns, rows))
      if (rows.length === 0) throw new CommandFailed(`no proxy tells anything of ${name}`, 'see "ringmain node list"')
      if (late.length > 0)
        throw new CommandFailed(`${late.length} of ${rows.length} proxies have not told what came of it`)
      if (rows.every((row) => row.health.state === 'unknown'))
        throw new CommandFailed(`${name} has no servers to ask`, 'it has neither a destination nor a registration')
      const silent = rows.filter((row) => row.health.state !== 'up')
      if (silent.length > 0) throw new CommandFailed(`${silent.length} of ${rows.length} proxies get no answer`)
    },
  )
}

async function trunks(server: Server): Promise<Row[]> {
  const { objects } = await server.get<{ objects: { trunks: Trunk[] } }>('/api/v1/config')
  const all = await server.get<TrunkStatus[]>('/api/v1/trunks')
  return objects.trunks.map((trunk) => ({
    ...trunk,
    proxies: all.find(({ name }) => name === trunk.name)?.proxies ?? {},
  }))
}

type Tested = TrunkAtProxy & { readonly proxy: string }
const testColumns = [
  { title: 'proxy', of: (row: Tested) => row.proxy },
  { title: 'servers', of: (row: Tested) => row.servers.join(', ') },
  { title: 'health', of: (row: Tested) => health([row]) },
  { title: 'milliseconds', of: (row: Tested) => row.health.milliseconds },
  { title: 'registration', of: (row: Tested) => registration([row]) },
]

/** One proxy of the cluster registers. */
function registration(proxies: readonly TrunkAtProxy[]): string {
  const found = proxies.find((proxy) => proxy.registration !== undefined)?.registration
  if (found === undefined) return '-'
  const { state, reason, registrar, since } = found
  return state === 'failing' ? `failing at ${registrar}: ${reason}` : `${state} at ${registrar} since ${since}`
}
