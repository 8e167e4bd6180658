/** All commands, and what they exit with: 0 done, 1 failed, 2 wrong usage, 69 not available yet. */
import { Command, CommanderError } from 'commander'
import { ClusterError } from '#platform/errors.ts'
import { banCommand } from './ban-command.ts'
import { configCommand } from './config-command.ts'
import { demoCommand } from './demo-command.ts'
import { dnsCommand } from './dns-command.ts'
import { doctorCommand } from './doctor-command.ts'
import { exitCodes, NotAvailableYet, WrongUsage } from './errors.ts'
import { notYet } from './not-yet.ts'
import { agentCommand, callCommand, nodeCommand } from './operations-command.ts'
import { sizeCommand } from './size-command.ts'
import { strategyCommand } from './strategy-command.ts'
import type { Terminal } from './terminal.ts'
import { trunkCommand } from './trunk-command.ts'

/** Runs one command line and tells its exit code. */
export async function ringmain(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = new Command('ringmain')
    .description('An open, geo-redundant SIP contact-centre cluster')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
  let code: number = exitCodes.done
  demoCommand(program, (exitCode) => {
    code = exitCode
  })
  addCommands(program, terminal)
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    return failed(error, terminal)
  }
}

function addCommands(program: Command, terminal: Terminal): void {
  configCommand(program, terminal)
  callCommand(program, terminal)
  agentCommand(program, terminal)
  nodeCommand(program, terminal)
  trunkCommand(program, terminal)
  banCommand(program, terminal)
  strategyCommand(program, terminal)
  dnsCommand(program, terminal)
  sizeCommand(program, terminal)
  doctorCommand(program, terminal)
  for (const verb of ['run', 'bundle', 'chaos']) notYet(program, verb)
}

function failed(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage
  if (!(error instanceof ClusterError)) throw error
  terminal.err(error.message)
  if (error instanceof NotAvailableYet) return exitCodes.notAvailable
  return error instanceof WrongUsage ? exitCodes.wrongUsage : exitCodes.failed
}
