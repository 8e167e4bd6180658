/** What one message may cost before it is refused (RFC 3261 §21.5.7). Checked before anything is parsed. */
export type MessageLimits = {
  /** The whole message, body included. */
  readonly messageBytes: number
  /** Start line and header fields. */
  readonly headerBytes: number
  readonly fields: number
}

export const defaultLimits: MessageLimits = { messageBytes: 65_535, headerBytes: 32_768, fields: 200 }
