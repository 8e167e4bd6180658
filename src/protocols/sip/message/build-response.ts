/** A response to a request (RFC 3261 §8.2.6): what must be copied is copied as it stood on the wire. */
import type { Body, Fields } from './draft.ts'
import { Edit } from './edit.ts'
import { CSEQ, FROM, fieldId, TO, VIA } from './field-names.ts'
import { WIDTH } from './field-table.ts'
import { Message } from './message.ts'
import { reasonPhrase } from './reason-phrase.ts'
import { parameterAt } from './scan.ts'
import { bodyLines, lines, safe, toBytes } from './write.ts'

export type ResponseParts = {
  /** The usual phrase of the status unless said otherwise. */
  readonly reason?: string | undefined
  /** Added to To where the request has no tag there (§8.2.6.2); leave it out for 100. */
  readonly toTag?: string | undefined
  readonly contact?: string | undefined
  /** Everything else but Content-Type and Content-Length. */
  readonly fields?: Fields | undefined
  readonly body?: Body | undefined
}

const RECORD_ROUTE = fieldId('Record-Route')
const TIMESTAMP = fieldId('Timestamp')

export function buildResponse(request: Message, status: number, parts: ResponseParts = {}): Message {
  const { body, fields, contact } = parts
  let text = `SIP/2.0 ${status} ${safe('the reason', parts.reason ?? reasonPhrase(status))}\r\n`
  text += copied(request, status, parts.toTag)
  if (contact !== undefined) text += `Contact: ${safe('Contact', contact)}\r\n`
  if (fields !== undefined) text += lines(fields)
  return new Message(toBytes(text + bodyLines(body), body?.bytes), request.method, status, request.cseq)
}

/** The same response for an INVITE that came by another way: its Via and Record-Route instead of those it had. */
export function readdressed(response: Message, invite: Message): Message {
  const edit = new Edit(response)
  for (const name of ['Record-Route', 'Via']) {
    edit.remove(name)
    for (const value of invite.headers(name).reverse()) edit.push(name, value)
  }
  return edit.finish()
}

/** §8.2.6.2 Via, From, To, Call-ID, CSeq; §12.1.1 Record-Route where a dialog may begin; §8.2.6.1 Timestamp in 100. */
function copied(request: Message, status: number, toTag: string | undefined): string {
  const { text } = request
  const { cells } = request.table
  const withRoutes = status > 100 && status < 300
  let copy = ''
  let seen = 0
  for (let cell = 0; cell < cells.length; cell += WIDTH) {
    const id = cells[cell] ?? 0
    const wanted =
      (id >= VIA && id <= CSEQ) || (id === RECORD_ROUTE && withRoutes) || (id === TIMESTAMP && status === 100)
    if (!wanted) continue
    // Of what may stand there once the first counts: a 400 for having two may not have two itself.
    if (id >= FROM && id <= CSEQ) {
      if ((seen & (1 << id)) !== 0) continue
      seen |= 1 << id
    }
    const start = cells[cell + 1] ?? 0
    const end = cells[cell + 3] ?? 0
    const tagged = id === TO && toTag !== undefined && parameterAt(text, 'tag', start, end) === undefined
    copy += tagged ? `${text.slice(start, end)};tag=${safe('the To tag', toTag)}\r\n` : `${text.slice(start, end)}\r\n`
  }
  return copy
}
