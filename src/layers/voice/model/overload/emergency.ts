import type { Configuration } from '#protocols/model/configuration.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { parseURI, unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'

/** Whether this INVITE is an emergency call. */
export function isEmergency({ requestURI }: Message, configuration: Pick<Configuration, 'isEmergency'>): boolean {
  try {
    return configuration.isEmergency(unescapeText(parseURI(requestURI).user))
  } catch (error) {
    // Whoever routes it says so.
    if (error instanceof MalformedMessage) return false
    throw error
  }
}
