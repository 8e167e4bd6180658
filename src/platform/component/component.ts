/** The shape of a component: a configuration schema, `start`, and what `start` gives back. */
import type { Static, TSchema } from 'typebox'
import type { Coordination } from '../coordination/coordination.ts'
import type { Log } from '../log/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Runtime } from '../runtime/runtime.ts'

export interface Context<Config> {
  readonly runtime: Runtime
  readonly coordination: Coordination
  readonly config: Config
  readonly log: Log
  readonly metrics: Metrics
}

export type Health = { status: 'ok' | 'degraded' | 'down'; reasons: string[] }

export interface Running {
  health(): Health
  /** Refuses new work; resolves when the last call has ended. */
  drain(): Promise<void>
  /** Ends what is left, at once. Harmless when called twice. */
  stop(): Promise<void>
}

export interface Component<Schema extends TSchema, R extends Running = Running> {
  readonly name: string
  /** The only place for defaults; unknown keys are refused. */
  readonly config: Schema
  /** Resolves when traffic may come; on failure leaves nothing open. */
  start(context: Context<Static<Schema>>): Promise<R>
}

export const defineComponent = <Schema extends TSchema, R extends Running = Running>(
  component: Component<Schema, R>,
): Component<Schema, R> => component
