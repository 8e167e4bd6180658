import { ClusterError } from '#platform/errors.ts'

/** Exit codes of `ringmain`; 69 is EX_UNAVAILABLE of sysexits(3). */
export const exitCodes = { done: 0, failed: 1, wrongUsage: 2, notAvailable: 69 } as const

/** The command cannot do what was asked; its message names the cause, then the next step. */
export class CommandFailed extends ClusterError {
  constructor(cause: string, nextStep?: string) {
    super('COMMAND_FAILED', nextStep === undefined ? cause : `${cause}: ${nextStep}`)
  }
}

export class WrongUsage extends ClusterError {
  constructor(message: string) {
    super('WRONG_USAGE', message)
  }
}

export class NotAvailableYet extends ClusterError {
  constructor(what: string) {
    super('NOT_AVAILABLE_YET', `${what}: not available yet`)
  }
}
