/** What StatServer tells routers and pages: how each agent and each queue is. */

export type AgentStatus =
  | 'logged-out'
  | 'not-ready'
  | 'ready'
  | 'reserved'
  | 'ringing'
  | 'on-call'
  | 'on-hold'
  | 'after-call-work'

export type AgentView = {
  readonly agentID: string
  readonly dn: string
  readonly node: string
  readonly dc: string
  readonly status: AgentStatus
  readonly reason: string | undefined
  /** Wall-clock ms since when. */
  readonly since: number
}

export type QueueView = {
  readonly number: string
  readonly dc: string
  readonly waiting: number
  /** Wall-clock ms at which the call that waits longest came; none waits: undefined. */
  readonly oldest: number | undefined
  /** Calls of this queue that an agent has. */
  readonly onCall: number
}
