/**
 * Hands to the ladder what passes a transport and can belong to a call: no registrations, no questions whether somebody
 * is there.
 */
import type { Trace } from '#platform/trace/trace.ts'
import { bracketed, isIPv4, isIPv6 } from '#protocols/sip/message/headers/host.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { Hop, SentBy, Transport } from '#protocols/sip/transport/transport.ts'

/**
 * Each message is told once: of what passes on links the node tells, a proxy of what it exchanges with the outside.
 * `self`: the component's name.
 */
export type TracedOptions = { readonly trace: Trace; readonly self: string; readonly tells: 'links' | 'outside' }

export function traced(transport: Transport, { trace, self, tells }: TracedOptions): Transport {
  const onLinks = tells === 'links'
  const names = new WeakMap<SentBy, string>()
  /** A component by the address it uses towards `hop`, where it has one. */
  const selfTowards = (hop: Hop): string => {
    if (onLinks) return self
    const sentBy = transport.sentBy(hop)
    const known = names.get(sentBy)
    if (known !== undefined) return known
    const { host, port } = sentBy
    const name = isIPv4(host) || isIPv6(host) ? `${self} ${bracketed(host)}:${port}` : self
    names.set(sentBy, name)
    return name
  }
  return {
    send(bytes, hop, failed) {
      if (isLink(hop) === onLinks && !isAside(bytes)) trace.message(selfTowards(hop), nameOf(hop), bytes)
      transport.send(bytes, hop, failed)
    },
    sentBy: (hop) => transport.sentBy(hop),
    receive: (handler) =>
      transport.receive((message, from) => {
        if (isLink(from) === onLinks && ofCall(message) && trace.follows(message))
          trace.message(nameOf(from), selfTowards(from), message.bytes)
        handler(message, from)
      }),
    close: () => transport.close(),
  }
}

/** On a link the host is the peer's name, and there is no port. */
const isLink = ({ port }: Hop): boolean => port === 0
const nameOf = ({ host, port }: Hop): string => (port === 0 ? host : `${bracketed(host)}:${port}`)

function ofCall({ method, isRequest, toTag }: Message): boolean {
  if (method === 'REGISTER') return false
  return method !== 'OPTIONS' || !isRequest || toTag !== ''
}

const R = 0x52
const O = 0x4f

/** A REGISTER, an answer to one, or to an OPTIONS: those in a dialog are the other side's to answer, and come in. */
function isAside(bytes: Buffer): boolean {
  const isResponse = bytes[0] === 0x53 && bytes[1] === 0x49
  if (!isResponse) return bytes[0] === R && bytes[2] === 0x47
  let at = bytes.indexOf('CSeq:', 0, 'latin1')
  if (at < 0) return false
  at += 5
  for (let code = bytes[at] ?? R; code === 0x20 || (code >= 0x30 && code <= 0x39); code = bytes[at] ?? R) at++
  return (bytes[at] === R && bytes[at + 2] === 0x47) || bytes[at] === O
}
