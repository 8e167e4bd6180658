/** `ringmain strategy`: routing strategies in SCXML. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { MalformedStrategy } from '#layers/routing/errors.ts'
import { parseStrategy } from '#layers/routing/orchestration/scxml/parse.ts'
import { json, jsonCommand } from './client-command.ts'
import { CommandFailed } from './errors.ts'
import { notYet } from './not-yet.ts'
import type { Terminal } from './terminal.ts'

export function strategyCommand(program: Command, terminal: Terminal): void {
  const strategy = program.command('strategy').description('routing strategies')
  jsonCommand(strategy, 'check <file>', 'tells whether an SCXML file is a strategy; needs no server').action(
    async (file: string, options: { json?: boolean }) => {
      const text = await readFile(file, 'utf8').catch((error: Error) => {
        throw new CommandFailed(`${file} cannot be read: ${error.message}`)
      })
      const { states } = parsed(file, text)
      const names = Object.keys(states)
      if (options.json) terminal.out(json({ file, states: names }))
      else terminal.err(`${file} is right: ${names.length} states`)
    },
  )
  for (const verb of ['publish', 'rollback', 'replay']) notYet(strategy, verb)
}

function parsed(file: string, text: string) {
  try {
    return parseStrategy(basename(file), text)
  } catch (error) {
    if (!(error instanceof MalformedStrategy)) throw error
    const { line, column, message } = error
    // The message begins with strategy, line and column: the file says that shorter.
    throw new CommandFailed(`${file}:${line}:${column}: ${message.replace(/^.*?column \d+: /, '')}`)
  }
}
