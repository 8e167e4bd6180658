/** The requests that a transaction makes of its own INVITE: ACK to a refusal (RFC 3261 §17.1.1.3) and CANCEL (§9.1). */
import { RequestDraft } from '../message/build-request.ts'
import type { Draft, Fields } from '../message/draft.ts'
import type { Message } from '../message/message.ts'

export function ackTo(invite: Message, response: Message): Message {
  return sibling(invite, 'ACK', response.header('To') ?? '', []).finish(invite.header('Via'))
}

/** Same branch, so the same Via; Route as in the INVITE. */
export const cancelOf = (invite: Message, fields: Fields): Draft =>
  sibling(invite, 'CANCEL', invite.header('To') ?? '', fields)

const sibling = (invite: Message, method: string, to: string, fields: Fields) =>
  new RequestDraft({
    method,
    requestURI: invite.requestURI,
    from: invite.header('From') ?? '',
    to,
    callID: invite.callID,
    cseq: invite.cseq,
    route: invite.headers('Route'),
    fields,
  })
