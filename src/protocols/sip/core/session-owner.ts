import type { Log } from '#platform/log/log.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import type { Timing } from '../transaction/timers.ts'
import type { Transactions } from '../transaction/transactions.ts'
import type { Hop } from '../transport/transport.ts'
import type { DialogSession } from './dialog-session.ts'
import type { Drive } from './machine-in-turn.ts'
import type { SessionTimerPolicy } from './session-timer.ts'
import type { UserAgentFields } from './user-agent-fields.ts'

/** What a session needs of its user agent. */
export interface SessionOwner {
  readonly drive: Drive
  readonly timing: Pick<Timing, 'T1' | 'T2'>
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  readonly log: Log
  readonly transactions: Transactions
  readonly fields: UserAgentFields
  readonly sessionTimer: SessionTimerPolicy | undefined
  nextHop(uri: string): Hop | undefined
  /** Nothing comes for this session any more. */
  retire(session: DialogSession): void
}
