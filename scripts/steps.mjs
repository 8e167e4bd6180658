// Runs commands one after the other, says what each is for, and stops at the first that fails.
import { spawnSync } from 'node:child_process'

/** The exit status of the command; its output goes where ours goes. */
export function run(purpose, command, args) {
  console.log(`— ${purpose}: ${command} ${args.join(' ')}`)
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' })
  if (error) console.error(`cannot run ${command}: ${error.message}`)
  return status ?? 1
}
