/** How the configuration is changed: at one place, by whoever holds its writer. */
import { ClusterError } from '#platform/errors.ts'
import type { ChangeSummary } from './changes.ts'
import type { Entries } from './entries.ts'
import type { Fault } from './faults.ts'

export type ApplyOptions = {
  /** Removes every object that the entries do not name; without it they only add and replace. */
  readonly prune?: boolean
}

/** The revision after it, the same one where nothing changed. */
export type Applied = { readonly revision: number; readonly changes: readonly ChangeSummary[] }

export interface ConfigurationWriter {
  /** Checks, stores and publishes. An object is replaced as a whole. Throws `ConfigurationRefused`. */
  apply(entries: Entries, options?: ApplyOptions): Promise<Applied>
  /** What `apply` would do now. Throws `ConfigurationRefused`. */
  preview(entries: Entries, options?: ApplyOptions): Promise<Applied>
}

/** The objects would not fit together; nothing was changed. */
export class ConfigurationRefused extends ClusterError {
  readonly faults: readonly Fault[]
  constructor(faults: readonly Fault[]) {
    super('CONFIGURATION_REFUSED', faults.map(sentence).join('\n'))
    this.faults = faults
  }
}

const sentence = ({ kind, key, property, message }: Fault): string =>
  `${[kind, key, property].filter((part) => part !== undefined).join(' ')}: ${message}`
