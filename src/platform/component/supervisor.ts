/**
 * Runs the components of one process: starts them in order, stops them in reverse, and says how they all are. What was
 * started is stopped again when one that comes after it cannot start.
 */
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import type { Coordination } from '../coordination/coordination.ts'
import type { Log } from '../log/log.ts'
import type { Exposition, Scope } from '../metrics/prometheus.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { faultsOf } from '../schema/faults.ts'
import type { Component, Context, Health, Running } from './component.ts'
import { ComponentMisconfigured } from './errors.ts'

/** A component longer at its end than this is left behind. */
const stopWithin = 10_000

export type SupervisorOptions = {
  readonly runtime: Runtime
  readonly coordination: Coordination
  readonly log: Log
  readonly exposition: Exposition
}

/** One instance of a component. */
export type Instance = {
  /** What it is called in health, log and metrics: `proxy1`. */
  readonly name: string
  readonly dc: string
  /** Where they are others than the supervisor's own: a simulated host, a member that leaves by itself. */
  readonly runtime?: Runtime
  readonly coordination?: Coordination
}

export type ComponentHealth = Health & { readonly name: string; readonly dc: string; readonly component: string }

type Started = {
  readonly instance: Instance
  readonly component: string
  readonly running: Running
  readonly scope: Scope
}

export class Supervisor implements Running {
  private readonly options: SupervisorOptions
  private readonly started: Started[] = []

  constructor(options: SupervisorOptions) {
    this.options = options
  }

  /** Starts one more; `config` is filled in and checked by the component's schema. Throws what its start throws. */
  async start<Schema extends TSchema, R extends Running>(
    component: Component<Schema, R>,
    config: unknown,
    instance: Instance,
  ): Promise<R> {
    const { name, dc } = instance
    const scope = this.options.exposition.scope({ dc, component: name })
    const context: Context<Static<Schema>> = {
      runtime: instance.runtime ?? this.options.runtime,
      coordination: instance.coordination ?? this.options.coordination,
      config: complete(component, config),
      log: this.options.log.with({ component: name, dc }),
      metrics: scope.metrics,
    }
    const running = await component.start(context).catch((error: unknown) => {
      scope.close()
      throw error
    })
    this.started.push({ instance, component: component.name, running, scope })
    return running
  }

  /** Runs `compose`, which starts one after the other; stops all again when it fails. */
  async compose<T>(compose: (supervisor: Supervisor) => Promise<T>): Promise<T> {
    try {
      return await compose(this)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  components(): ComponentHealth[] {
    return this.started.map(({ instance: { name, dc }, component, running }) => ({
      name,
      dc,
      component,
      ...running.health(),
    }))
  }

  /** As bad as the worst of them, with the reasons of all. */
  health(): Health {
    const components = this.components()
    const reasons = components.flatMap(({ name, dc, reasons }) => reasons.map((reason) => `${name} (${dc}): ${reason}`))
    const worst = (['down', 'degraded'] as const).find((status) => components.some((one) => one.status === status))
    return { status: worst ?? 'ok', reasons }
  }

  async drain(): Promise<void> {
    await Promise.all(this.started.map(({ running }) => running.drain()))
  }

  async stop(): Promise<void> {
    for (let last = this.started.pop(); last; last = this.started.pop()) {
      await this.end(last)
      last.scope.close()
    }
  }

  /** One that fails or hangs does not keep the others from ending. */
  private async end({ instance, running }: Started): Promise<void> {
    const { runtime, log } = this.options
    const { name } = instance
    await new Promise<void>((resolve) => {
      const timer = runtime.clock.after(stopWithin, () => {
        log.error({ component: name }, 'did not stop in time and is left behind')
        resolve()
      })
      const failed = (error: unknown) => log.error({ component: name, error: String(error) }, 'did not stop well')
      running
        .stop()
        .catch(failed)
        .finally(() => {
          timer.cancel()
          resolve()
        })
    })
  }
}

function complete<Schema extends TSchema>(component: Component<Schema>, config: unknown): Static<Schema> {
  const value = Value.Default(component.config, structuredClone(config ?? {}))
  const faults = faultsOf(component.config, Compile(component.config), value)
  if (faults.length > 0) throw new ComponentMisconfigured(component.name, faults)
  return value as Static<Schema>
}
