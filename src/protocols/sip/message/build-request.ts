/** A new request (RFC 3261 §8.1.1); its topmost Via comes from the transaction that sends it. */
import type { Body, Draft, Fields } from './draft.ts'
import { MalformedMessage } from './errors.ts'
import { Message } from './message.ts'
import { methodNamed } from './parse-message.ts'
import { isToken } from './scan.ts'
import { bodyLines, line, lines, safe, toBytes } from './write.ts'

export type RequestParts = {
  readonly method: string
  readonly requestURI: string
  /** Whole values, tag included. */
  readonly from: string
  readonly to: string
  readonly callID: string
  readonly cseq: number
  /** 70 unless said otherwise. */
  readonly maxForwards?: number
  /** Route values, in order. */
  readonly route?: readonly string[]
  readonly contact?: string | undefined
  /** Everything else but Content-Type and Content-Length; a Via here stands below the transaction's. */
  readonly fields?: Fields | undefined
  readonly body?: Body | undefined
}

export class RequestDraft implements Draft {
  readonly method: string
  private readonly parts: RequestParts
  constructor(parts: RequestParts) {
    this.method = methodNamed(parts.method)
    this.parts = parts
  }

  finish(via?: string): Message {
    const { method, parts } = this
    const { requestURI, body } = parts
    if (!isToken(method)) throw new MalformedMessage(`${method} is not a method`)
    if (requestURI === '' || requestURI.indexOf(' ') >= 0) throw new MalformedMessage('a Request-URI holds a space')
    let text = `${method} ${safe('the Request-URI', requestURI)} SIP/2.0\r\n`
    if (via !== undefined) text += line('Via', via)
    for (const route of parts.route ?? []) text += line('Route', route)
    text += `Max-Forwards: ${parts.maxForwards ?? 70}\r\n`
    text += line('From', parts.from) + line('To', parts.to) + line('Call-ID', parts.callID)
    text += `CSeq: ${parts.cseq} ${method}\r\n`
    if (parts.contact !== undefined) text += line('Contact', parts.contact)
    if (parts.fields !== undefined) text += lines(parts.fields)
    return new Message(toBytes(text + bodyLines(body), body?.bytes), method, 0, parts.cseq)
  }
}

export const buildRequest = (parts: RequestParts): RequestDraft => new RequestDraft(parts)
