/** What transactions need of a transport (RFC 3261 §18): whole messages out, whole messages in. */
import type { ClusterError } from '#platform/errors.ts'
import type { Message } from '../message/message.ts'

export type StreamProtocol = 'TCP' | 'TLS' | 'WS' | 'WSS'
export type Protocol = 'UDP' | StreamProtocol

/**
 * Where a message goes or came from. `host` is a numeric address without brackets, but the peer's name on a link of
 * the cluster. `connection` names an open connection of this transport (a TCP socket, a link) and no other will do;
 * without it a connection-oriented protocol uses the one open to host and port, or opens one.
 */
export type Hop = {
  readonly protocol: Protocol
  readonly host: string
  readonly port: number
  readonly connection?: number
  /** The name that the address was found by: over TLS the other side's certificate has to bear it (RFC 5922 §4). */
  readonly domain?: string
  /** UDP only: a NAT's address for one of our ports, at which nobody else, and no other transport, reaches anybody. */
  readonly pinned?: boolean
}

/** How the other side reaches us: what Via and Contact name. IPv6 without brackets. */
export type SentBy = { readonly protocol: Protocol; readonly host: string; readonly port: number }

export interface Transport {
  /** Never throws; `failed` tells, in a later turn, a send that is known not to have left (§18.4). */
  send(bytes: Buffer, hop: Hop, failed?: (error: ClusterError) => void): void
  /** What Via and Contact name for messages to `hop`. */
  sentBy(hop: Hop): SentBy
  /**
   * Sets the only receiver. Bytes that are no message never reach it; they are answered or counted below. The topmost
   * Via of a request has been stamped with `received` and `rport` (§18.2.1, RFC 3581).
   */
  receive(handler: (message: Message, from: Hop) => void): void
  close(): Promise<void>
}

/** No retransmissions over these (§17.1.1.2). */
export const isReliable = (hop: Hop): boolean => hop.protocol !== 'UDP'
