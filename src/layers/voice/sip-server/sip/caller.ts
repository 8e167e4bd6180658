/** Who calls, by From; undefined where it cannot be read. */
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { parseNameAddr, uriOf } from '#protocols/sip/message/headers/name-addr.ts'
import { unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'

export function callerOf(request: Message): string | undefined {
  try {
    return unescapeText(uriOf(parseNameAddr(request.header('From') ?? '')).user)
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}
