/** What peers may cost the transport. The only place for these defaults. */
import { defaultLimits, type MessageLimits } from '../message/limits.ts'

export type TransportLimits = {
  readonly message: MessageLimits
  /** Connections, accepted and opened. */
  readonly connections: number
  /** Connections accepted from one address: a host, or a network behind a NAT. */
  readonly connectionsPerSource: number
  /** A connection has to open, TLS included, within. */
  readonly connectMs: number
  /** A connection on which whoever opened it says nothing for so long is closed. */
  readonly idleMs: number
  /** A message has to be whole this long after its first byte, the first one after the connection was accepted. */
  readonly partialMs: number
  /** Bytes that a peer may leave unread before its connection is closed. */
  readonly queuedBytes: number
}

export const defaultTransportLimits: TransportLimits = {
  message: defaultLimits,
  connections: 10_000,
  connectionsPerSource: 1_000,
  connectMs: 3_000,
  idleMs: 3_600_000,
  partialMs: 32_000,
  queuedBytes: 4 * 1024 * 1024,
}
