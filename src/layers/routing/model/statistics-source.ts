import type { Timer } from '#platform/runtime/runtime.ts'
import type { AgentView, QueueView } from './status.ts'

/** StatServer as its readers see it. */
export interface StatisticsSource {
  agents(): readonly AgentView[]
  agent(agentID: string): AgentView | undefined
  queues(): readonly QueueView[]
  /** Tells each change, in order; not what is there already. */
  watch(listener: { agent?(view: AgentView): void; queue?(view: QueueView): void }): Timer
}
