/**
 * The body of a message as users keep it: a copy, so that it keeps no message alive. Of a body of several parts (RFC
 * 5621) it is the session description, where there is one.
 */
import type { Body } from '../message/draft.ts'
import type { Message } from '../message/message.ts'
import { type Part, partsOf } from '../message/multipart.ts'
import { own } from '../message/scan.ts'

const description = 'application/sdp'

/** Parts that need not be understood though they do not say so: what they tell is not for us. */
const ignorable = new Set([description, 'application/pidf+xml', 'application/isup', 'application/qsig'])

export function bodyOf(message: Message): Body | undefined {
  const { body } = message
  if (body.length === 0) return undefined
  const { contentType } = message
  if (!contentType.startsWith('multipart/')) return { type: own(contentType), bytes: Buffer.from(body) }
  const part = multipartOf(message)?.find(({ type }) => type === description)
  return part && { type: description, bytes: Buffer.from(part.bytes) }
}

export const hasBody = (message: Message): boolean =>
  message.body.length > 0 && (!message.contentType.startsWith('multipart/') || bodyOf(message) !== undefined)

/** Why a body of several parts cannot be taken: 400 where it is none, 415 where a part is required and unknown (§8.2). */
export function bodyFault(message: Message): 400 | 415 | undefined {
  if (message.body.length === 0 || !message.contentType.startsWith('multipart/')) return undefined
  const parts = multipartOf(message)
  if (parts === undefined) return 400
  return parts.some(({ type, required }) => required && !ignorable.has(type)) ? 415 : undefined
}

const multipartOf = (message: Message): Part[] | undefined =>
  partsOf(message.header('Content-Type') ?? '', message.body)
