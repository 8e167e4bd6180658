/** How SIP messages lie in the bytes of a connection: behind one another (RFC 3261 §18.3), or in WebSocket frames. */
import { ClusterError } from '#platform/errors.ts'

export interface Framing {
  /** Whether a message has begun and not ended. */
  readonly partial: boolean
  /**
   * Takes what came. `message` gets each whole message, `ping` is called for each keep-alive that wants an answer. Throws
   * `MalformedMessage` when nobody can know any more where a message ends, `BrokenStream` when there will be none: the
   * connection has to be closed.
   */
  push(bytes: Buffer, message: (bytes: Buffer) => void, ping: () => void): void
  /** A whole message, or a pong, as it goes out. */
  wrap(message: Buffer): Buffer
}

/** `unframed`: bytes that are no messages; `upgrade`: no WebSocket that carries SIP; `closed`: it said that it leaves. */
export type BrokenBecause = 'unframed' | 'upgrade' | 'closed'

export class BrokenStream extends ClusterError {
  readonly because: BrokenBecause
  constructor(because: BrokenBecause, reason: string, options?: ErrorOptions) {
    super('SIP_BROKEN_STREAM', reason, options)
    this.because = because
  }
}
