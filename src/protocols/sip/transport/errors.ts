import { ClusterError } from '#platform/errors.ts'
import type { Hop } from './transport.ts'

/** A message that did not leave, and why. */
export class SendFailed extends ClusterError {
  constructor(hop: Hop, reason: string, options?: ErrorOptions) {
    super('SIP_SEND_FAILED', `cannot send by ${hop.protocol} to ${hop.host}:${hop.port}: ${reason}`, options)
  }
}
