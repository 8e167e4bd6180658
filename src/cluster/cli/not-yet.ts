/** Commands that have their name already and are not built yet: whatever their arguments, they say so and exit 69. */
import type { Command } from 'commander'
import { NotAvailableYet } from './errors.ts'

export function notYet(parent: Command, verb: string): void {
  const command = parent.command(verb).description('not available yet')
  command.allowUnknownOption().allowExcessArguments()
  command.action(() => {
    throw new NotAvailableYet(`ringmain ${[parent.name(), verb].filter((name) => name !== 'ringmain').join(' ')}`)
  })
}
