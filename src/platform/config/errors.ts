import { ClusterError } from '../errors.ts'

/** One thing that is wrong with a file. */
export type ConfigurationFault = {
  readonly line: number
  readonly column: number
  /** Keys from the root, joined by dots; empty for the file as a whole. */
  readonly key: string
  readonly message: string
  readonly remedy: string
}

/** A configuration file that can't be used; its message has a line for each fault. */
export class ConfigurationInvalid extends ClusterError {
  readonly file: string
  readonly faults: readonly ConfigurationFault[]
  constructor(file: string, faults: readonly ConfigurationFault[]) {
    super('CONFIGURATION_INVALID', faults.map((fault) => lineOf(file, fault)).join('\n'))
    this.file = file
    this.faults = faults
  }
}

const lineOf = (file: string, { line, column, key, message, remedy }: ConfigurationFault) =>
  `${file}:${line}:${column}: ${key ? `${key} ` : ''}${message}; ${remedy}`
