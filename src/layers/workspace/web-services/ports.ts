/** What Web Services needs from the rest of the cluster; whoever composes components gives it. */
import type { Health } from '#platform/component/component.ts'
import type { Exposition } from '#platform/metrics/prometheus.ts'
import type { Timer } from '#platform/runtime/runtime.ts'
import type { TraceReader } from '#platform/trace/trace.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { AgentState } from '#protocols/model/http/agents.ts'
import type { Interaction, InteractionFilter, InteractionPage } from '#protocols/model/http/calls.ts'
import type { Person } from '#protocols/model/objects.ts'
import type { ConfigurationWriter } from '#protocols/model/writer.ts'
import type { LocalPorts } from '#protocols/tlib/local.ts'

/** An agent as StatServer tells him. */
export type AgentFigures = {
  readonly agentID: string
  readonly dn: string
  readonly node: string
  readonly dc: string
  readonly status: AgentState
  readonly reason: string | undefined
  /** Wall-clock ms. */
  readonly since: number
}

/** A queue as StatServer tells it, in one data centre. */
export type QueueFigures = {
  readonly number: string
  readonly dc: string
  readonly waiting: number
  /** Wall-clock ms at which the call that waits longest came; none waits: undefined. */
  readonly oldest: number | undefined
  /** Calls of this queue that an agent has. */
  readonly onCall: number
}

/** StatServer as pages need it. */
export interface Statistics {
  agents(): readonly AgentFigures[]
  agent(agentID: string): AgentFigures | undefined
  queues(): readonly QueueFigures[]
  watch(listener: { agent?(view: AgentFigures): void; queue?(view: QueueFigures): void }): Timer
}

/** What was, from reporting. */
interface History {
  /** Newest first. */
  list(filter: InteractionFilter): Promise<InteractionPage>
  get(callUUID: string): Promise<Interaction | undefined>
}

export type WebServicesPorts = {
  readonly configuration: ConfigurationSource
  readonly statistics: Statistics
  readonly history: History
  readonly ladder: TraceReader
  /** Changes the configuration; without it nobody does here. */
  readonly writer?: ConfigurationWriter
  /** Whether this person could take a call of this routing point; without it everybody could. */
  readonly couldTake?: (routingPoint: string, person: Person) => boolean
  /** Whether a password is the one of this hash; takes its time elsewhere. */
  readonly verifyPassword: (hash: string, password: string) => Promise<boolean>
  /** What `/health` tells of the whole process; without it, of this component. */
  readonly health?: () => Health & object
  readonly exposition?: Exposition
  /** T-Library ports of this process. */
  readonly local?: LocalPorts
}
