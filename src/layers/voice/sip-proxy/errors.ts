import { ClusterError } from '#platform/errors.ts'

export class TransportNotAvailable extends ClusterError {
  constructor(transport: string) {
    super('SIP_TRANSPORT_NOT_AVAILABLE', `SIP over ${transport} is not available yet: use udp or tcp`)
  }
}
