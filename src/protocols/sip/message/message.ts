/** A SIP message as everyone reads it (RFC 3261 §7): immutable, indexed lazily. */
export interface Message {
  /** The whole message as it stood on the wire. */
  readonly bytes: Buffer
  readonly isRequest: boolean
  /** Requests: the method. Responses: the method of CSeq. */
  readonly method: string
  /** Requests only; empty in responses. */
  readonly requestURI: string
  /** Responses only; 0 in requests. */
  readonly status: number
  readonly reason: string
  /** The first value of a header field, unfolded and trimmed; long and compact names are one. */
  header(name: string): string | undefined
  /** Every value in order; comma-separated lists of Via, Route, Record-Route, Contact, … are split. */
  headers(name: string): string[]
  readonly body: Buffer
}
