import { ClusterError } from '#platform/errors.ts'
import type { Message } from './message.ts'

/** What a malformed request may be answered with. */
export type MalformedStatus = 400 | 413 | 416 | 420 | 505 | 513

/** Bytes that are not a SIP message, or a field that does not say what its name promises. */
export class MalformedMessage extends ClusterError {
  /** What a request may be answered with (RFC 3261 §16.3, §21.4). */
  readonly status: MalformedStatus
  /** The request as far as it could be read: enough of it to address an answer. */
  readonly request: Message | undefined
  constructor(message: string, status: MalformedStatus = 400, request?: Message) {
    super('SIP_MALFORMED_MESSAGE', message)
    this.status = status
    this.request = request
  }
}

/** A value that would break out of its header field: CR, LF or NUL from somebody else's data. */
export class UnsafeFieldValue extends ClusterError {
  constructor(name: string) {
    super('SIP_UNSAFE_FIELD_VALUE', `the value given for ${name} holds a line break or NUL: remove it before sending`)
  }
}
