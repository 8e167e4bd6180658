/** All commands, and what they exit with: 0 done, 1 failed, 2 wrong usage, 69 not available yet. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError } from 'commander'
import { ClusterError } from '#platform/errors.ts'
import { configCommand } from './config-command.ts'
import { dnsCommand } from './dns-command.ts'
import { doctorCommand } from './doctor-command.ts'
import { exitCodes, NotAvailableYet, WrongUsage } from './errors.ts'
import { notYet } from './not-yet.ts'
import { agentCommand, callCommand, nodeCommand, trunkCommand } from './operations-command.ts'
import { sizeCommand } from './size-command.ts'
import { strategyCommand } from './strategy-command.ts'
import type { Terminal } from './terminal.ts'

/** A command with a folder of its own: `<folder>/command.ts` exports `addCommand`. */
type Plugged = { addCommand(program: Command, terminal: Terminal): void }

/** Runs one command line and tells its exit code. */
export async function ringmain(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = new Command('ringmain')
    .description('An open, geo-redundant SIP contact-centre cluster')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
  try {
    await addCommands(program, args[0], terminal)
    await program.parseAsync(args, { from: 'user' })
    return exitCodes.done
  } catch (error) {
    return failed(error, terminal)
  }
}

async function addCommands(program: Command, noun: string | undefined, terminal: Terminal): Promise<void> {
  // They load the whole cluster: not for other commands, but where all are listed.
  const isListed = noun === undefined || noun.startsWith('-') || noun === 'help'
  for (const folder of ['demo', 'run']) if (isListed || noun === folder) await plug(folder, program, terminal)
  configCommand(program, terminal)
  callCommand(program, terminal)
  agentCommand(program, terminal)
  nodeCommand(program, terminal)
  trunkCommand(program, terminal)
  strategyCommand(program, terminal)
  dnsCommand(program, terminal)
  sizeCommand(program, terminal)
  doctorCommand(program, terminal)
  for (const verb of ['bundle', 'chaos']) notYet(program, verb)
}

async function plug(folder: string, program: Command, terminal: Terminal): Promise<void> {
  const module = new URL(`../${folder}/command.js`, import.meta.url)
  if (!existsSync(fileURLToPath(module))) return notYet(program, folder)
  const { addCommand } = (await import(module.href)) as Plugged
  addCommand(program, terminal)
}

function failed(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage
  if (!(error instanceof ClusterError)) throw error
  terminal.err(error.message)
  if (error instanceof NotAvailableYet) return exitCodes.notAvailable
  return error instanceof WrongUsage ? exitCodes.wrongUsage : exitCodes.failed
}
