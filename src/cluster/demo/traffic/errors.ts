import { ClusterError } from '#platform/errors.ts'

/** A SIMULATED person has no RTP port to speak from. */
export class VoiceNotOpened extends ClusterError {
  constructor(reason: string) {
    super('DEMO_VOICE_NOT_OPENED', `a simulated phone got no RTP port: ${reason}`)
  }
}
