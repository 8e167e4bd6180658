/** What every component holds of the configuration: the newest snapshot it has, and word when it changes. */
import type { Timer } from '#platform/runtime/runtime.ts'
import type { Configuration } from './configuration.ts'

export interface ConfigurationSource {
  /** The newest snapshot known; the last one when the Config Server is lost. */
  current(): Configuration
  /** Runs after each change with the new snapshot; not for the one there is. */
  changed(run: (configuration: Configuration) => void): Timer
}

/** A source whose configuration never changes: for tests and tools. */
export const fixedConfiguration = (configuration: Configuration): ConfigurationSource => ({
  current: () => configuration,
  changed: () => ({ cancel() {} }),
})
