/** Hands every SIP message of the node to the ladder, but for the proxies' questions whether the node is there. */
import type { Trace } from '#platform/trace/trace.ts'
import type { Hop, Transport } from '#protocols/sip/transport/transport.ts'

export const traced = (transport: Transport, trace: Trace, self: string): Transport => ({
  send(bytes, hop, failed) {
    if (!isAnswerToProbe(bytes)) trace.message(self, nameOf(hop), bytes)
    transport.send(bytes, hop, failed)
  },
  sentBy: (hop) => transport.sentBy(hop),
  receive: (handler) =>
    transport.receive((message, from) => {
      const isProbe = message.method === 'OPTIONS' && message.isRequest && message.toTag === ''
      if (!isProbe) trace.message(nameOf(from), self, message.bytes)
      handler(message, from)
    }),
  close: () => transport.close(),
})

/** On a link the host is the peer's name. */
const nameOf = ({ host, port }: Hop): string => (port === 0 ? host : `${host}:${port}`)

/** A response to an OPTIONS outside of dialogs; those inside are the other side's answers, which come in. */
const isAnswerToProbe = (bytes: Buffer): boolean => bytes[0] === 0x53 && bytes.includes(' OPTIONS\r\n', 0, 'latin1')
