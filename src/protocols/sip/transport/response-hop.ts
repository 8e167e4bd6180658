/** Where a response goes (RFC 3261 §18.2.2, RFC 3581 §4). */
import { MalformedMessage } from '../message/errors.ts'
import { unbracketed } from '../message/headers/host.ts'
import { parseVia, type Via } from '../message/headers/via.ts'
import type { Message } from '../message/message.ts'
import { type Hop, isReliable, type Protocol } from './transport.ts'

/** The answer to a request that came from `from`; the request's Via has been stamped. */
export function responseHop(request: Message, from: Hop): Hop {
  // The connection it came on.
  if (isReliable(from)) return from
  // The usual case, with rport or without: sent-by names the port it came from.
  if (request.via?.port(request.text) === from.port) return from
  const via = readVia(request)
  return via === undefined || via.rport !== undefined ? from : { ...from, port: via.port || 5060 }
}

const protocols: readonly string[] = ['UDP', 'TCP', 'TLS', 'WS', 'WSS'] satisfies Protocol[]

/** By the topmost Via alone: responses passed on without a transaction, and when the connection has gone. */
export function viaHop(message: Message): Hop | undefined {
  const via = readVia(message)
  if (via === undefined || !protocols.includes(via.protocol)) return undefined
  const protocol = via.protocol as Protocol
  const secure = protocol === 'TLS' || protocol === 'WSS'
  return {
    protocol,
    // Deviates from §18.2.2: maddr is not followed. It would let anybody aim our answers at a third party.
    host: unbracketed(via.received ?? via.host),
    port: (protocol === 'UDP' ? via.rport : 0) || via.port || (secure ? 5061 : 5060),
  }
}

function readVia(message: Message): Via | undefined {
  try {
    return parseVia(message.header('Via') ?? '')
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}
