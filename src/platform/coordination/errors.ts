import { ClusterError } from '../errors.ts'

/** What was set before the last start cannot be read. To begin anew without a word would give numbers out twice. */
export class CoordinationDamaged extends ClusterError {
  constructor(path: string, options?: ErrorOptions) {
    super(
      'COORDINATION_DAMAGED',
      `the file ${path} is damaged: put a copy of it back, or take it away to begin anew (bans by hand are gone then, and events of agents are refused until they have numbers that are not stored yet)`,
      options,
    )
  }
}
