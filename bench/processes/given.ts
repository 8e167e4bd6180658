/**
 * What a component in a process of its own is told by the benchmark that starts it, as JSON in the file it names, and the
 * context made of it. Coordination is of this process alone: it holds what the other processes have announced.
 */

import { readFileSync } from 'node:fs'
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import type { Component, Context, Running } from '#platform/component/component.ts'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { type ConfigurationSource, fixedConfiguration } from '#protocols/model/client.ts'
import { configurationFrom } from '#protocols/model/configuration.ts'

export type Given = {
  /** Of the component itself. */
  readonly config: object
  /** Numbers of the DNs there are, each with the secret `demo`. */
  readonly dns: readonly string[]
  /** What others announce, by key. */
  readonly announced: Readonly<Record<string, unknown>>
}

export const given = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Given

/** Callers come in by a trunk from this host. */
export const configured: ConfigurationSource = fixedConfiguration(
  configurationFrom({
    settings: { domains: ['ringmain'], registrationLifetime: 3600 },
    dns: given.dns.map((number) => ({ number, secret: 'demo', media: 'direct' })),
    trunks: [{ name: 'carrier', sources: ['127.0.0.1'] }],
  }),
)

/** Starts it; SIGTERM ends it and the process. */
export async function start<Schema extends TSchema, R extends Running>(component: Component<Schema, R>): Promise<R> {
  const runtime = nodeRuntime()
  const coordination = new InProcessCoordination().member(runtime.clock)
  for (const [key, value] of Object.entries(given.announced)) await coordination.announce(key, JSON.stringify(value))
  const config = Value.Parse(component.config, Value.Default(component.config, given.config))
  const context: Context<Static<Schema>> = { runtime, coordination, config, log: silentLog, metrics: noMetrics }
  const running = await component.start(context)
  process.once('SIGTERM', () => void running.stop().then(() => process.exit(0)))
  return running
}
