/** Who decides whether what comes from outside is looked at and answered. Asked for everything: it has to be fast. */
import type { Message } from '../message/message.ts'
import type { Hop } from './transport.ts'

export interface Guard {
  /** Something has come, of which nothing is read yet: these bytes, where they are a whole message. */
  admits(from: Hop, bytes?: Buffer): boolean
  /** They are this message. */
  takes(message: Message, from: Hop): boolean
  /** They are none, or no end of them comes: whether their sender is told so. */
  unreadable(from: Hop): boolean
  /** Whether nobody has shown yet that he hears what is sent there: no answer may be larger than what came. */
  mayBeForged(from: Hop): boolean
  /** Whether it may have so many connections only as anybody may, and none of those that are kept for the others. */
  limits(from: Hop): boolean
  /** Somebody opens a connection: whether he may. */
  connects(from: Hop): boolean
  /** TLS was not agreed on with him. */
  failedHandshake(from: Hop): void
}

export const openToAll: Guard = {
  admits: () => true,
  takes: () => true,
  unreadable: () => true,
  mayBeForged: () => false,
  limits: () => true,
  connects: () => true,
  failedHandshake: () => {},
}
