/** A command that asks a running server: its options, and how it shows what it got. */
import type { Command } from 'commander'
import { connect, type Server } from './server.ts'
import { type Column, table } from './table.ts'
import type { Terminal } from './terminal.ts'

export type ClientOptions = { readonly url: string; readonly data?: string; readonly json?: boolean }

const defaultURL = 'http://127.0.0.1:8080'

export const clientCommand = (parent: Command, usage: string, description: string): Command =>
  jsonCommand(parent, usage, description)
    .option('--url <url>', 'the server', defaultURL)
    .option('--data <directory>', 'data directory of the server, whose token is used (default: ./data)')

export const jsonCommand = (parent: Command, usage: string, description: string): Command =>
  parent.command(usage).description(description).option('--json', 'print JSON')

/** Prints what the server answers at a path, as a table of its rows or as JSON. */
export function listCommand<Row>(parent: Command, terminal: Terminal, list: List<Row>): void {
  clientCommand(parent, 'list', list.description).action(async (options: ClientOptions) => {
    const rows = await list.rows(await connect(options, terminal))
    terminal.out(options.json ? json(rows) : table(list.columns, rows))
  })
}
export type List<Row> = {
  readonly description: string
  rows(server: Server): Promise<readonly Row[]>
  readonly columns: readonly Column<Row>[]
}

export const json = (value: unknown): string => JSON.stringify(value, undefined, 2)
