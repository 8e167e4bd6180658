import { ClusterError } from '../errors.ts'
import type { Fault } from '../schema/faults.ts'

/** A component was given a configuration that it cannot use. */
export class ComponentMisconfigured extends ClusterError {
  constructor(component: string, faults: readonly Fault[]) {
    const told = faults.map(({ path, message, remedy }) => `${path.join('.')} ${message}; ${remedy}`)
    super('COMPONENT_MISCONFIGURED', `${component}: ${told.join('. ')}`)
  }
}
