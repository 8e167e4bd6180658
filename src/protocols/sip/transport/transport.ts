/** What transactions need of a transport (RFC 3261 §18): whole messages out, whole messages in. */
import type { ClusterError } from '#platform/errors.ts'
import type { Message } from '../message/message.ts'

export type Protocol = 'UDP' | 'TCP' | 'TLS' | 'WS' | 'WSS'

/**
 * Where a message goes or came from. `connection` names an open connection of this transport (a TCP socket, a link of
 * the cluster); without it a connection-oriented protocol uses the one open to host and port, or opens one.
 */
export type Hop = {
  readonly protocol: Protocol
  readonly host: string
  readonly port: number
  readonly connection?: number
}

export interface Transport {
  /** Never throws; `failed` tells a send that is known not to have left (§18.4). */
  send(bytes: Buffer, hop: Hop, failed?: (error: ClusterError) => void): void
  /** What Via and Contact name for messages to `hop`: host, port and protocol as the other side reaches us. */
  sentBy(hop: Hop): { readonly protocol: Protocol; readonly host: string; readonly port: number }
  /** Sets the only receiver. Bytes that are no message never reach it; they are answered or counted below. */
  receive(handler: (message: Message, from: Hop) => void): void
  close(): Promise<void>
}

/** No retransmissions over these (§17.1.1.2). */
export const isReliable = (hop: Hop): boolean => hop.protocol !== 'UDP'
