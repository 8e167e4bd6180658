/** The body of a message as users keep it: a copy, so that it keeps no message alive. */
import type { Body } from '../message/draft.ts'
import type { Message } from '../message/message.ts'
import { own } from '../message/scan.ts'

export function bodyOf(message: Message): Body | undefined {
  const { body } = message
  if (body.length === 0) return undefined
  const { contentType } = message
  // The parts of a multipart body cannot be found without its boundary parameter.
  const type = contentType.startsWith('multipart/') ? (message.header('Content-Type') ?? contentType) : contentType
  return { type: own(type), bytes: Buffer.from(body) }
}

export const hasBody = (message: Message): boolean => message.body.length > 0
