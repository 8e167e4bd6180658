/** What tells transactions apart (RFC 3261 §17.1.3, §17.2.3). */
import type { Message } from '../message/message.ts'

export const magicCookie = 'z9hG4bK'

/** A response and the request we sent: branch and method; only a CANCEL shares its branch with another request. */
export const clientKey = (branch: string, method: string): string => (method === 'CANCEL' ? `${branch} CANCEL` : branch)

/**
 * A request and those that came before it; pieces of its text, to be copied where they are kept. `method` is that of the request looked for: INVITE for an ACK or CANCEL.
 * Deviates from §17.2.3: without the magic cookie the To tag does not count, because an ACK has that of our response.
 * The cookie alone tells no transaction (RFC 4475 §3.2.1).
 */
export function serverKey(request: Message, method: string): string {
  const branch = request.branchHere
  if (branch.length > magicCookie.length && branch.startsWith(magicCookie))
    return `${branch} ${request.sentByHere} ${method}`
  const { requestURI, callID, cseq, fromTag } = request
  return `${requestURI} ${callID} ${cseq} ${fromTag} ${request.header('Via')} ${method}`
}
