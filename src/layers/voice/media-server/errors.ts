import { ClusterError } from '#platform/errors.ts'

/** No RTP port can be had at all, so no call could be taken. */
export class NoRtpPorts extends ClusterError {
  constructor(reason: string, options?: ErrorOptions) {
    super('MEDIA_NO_RTP_PORTS', `no port for RTP: ${reason}`, options)
  }
}
