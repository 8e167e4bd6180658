import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { parseURI, unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'

/** Whether this is a call to one of these numbers. */
export function isEmergency({ requestURI }: Message, numbers: readonly string[]): boolean {
  try {
    return numbers.includes(unescapeText(parseURI(requestURI).user))
  } catch (error) {
    // Whoever routes it says so.
    if (error instanceof MalformedMessage) return false
    throw error
  }
}
