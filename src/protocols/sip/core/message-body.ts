/**
 * The body of a message as users keep it: a copy, so that it keeps no message alive. Of a body of several parts (RFC
 * 5621) it is the session description, where there is one.
 */
import type { Body } from '../message/draft.ts'
import { fieldId } from '../message/field-names.ts'
import { cellOf } from '../message/field-table.ts'
import type { Message } from '../message/message.ts'
import { type Part, partsOf } from '../message/multipart.ts'
import { own } from '../message/scan.ts'

const CONTENT_TYPE = fieldId('Content-Type')
const description = 'application/sdp'

/** Parts that need not be understood though they do not say so: what they tell is not for us. */
const ignorable = new Set([description, 'application/pidf+xml', 'application/isup', 'application/qsig'])

export function bodyOf(message: Message): Body | undefined {
  const { body } = message
  if (body.length === 0) return undefined
  if (!isMultipart(message)) return { type: own(message.contentType), bytes: Buffer.from(body) }
  const part = multipartOf(message)?.find(({ type }) => type === description)
  return part && { type: description, bytes: Buffer.from(part.bytes) }
}

export const hasBody = (message: Message): boolean =>
  message.body.length > 0 && (!isMultipart(message) || bodyOf(message) !== undefined)

/** Why a body of several parts cannot be taken: 400 where it is none, 415 where a part is required and unknown (§8.2). */
export function bodyFault(message: Message): 400 | 415 | undefined {
  if (!isMultipart(message) || message.body.length === 0) return undefined
  const parts = multipartOf(message)
  if (parts === undefined) return 400
  return parts.some(({ type, required }) => required && !ignorable.has(type)) ? 415 : undefined
}

/** Asked of every INVITE: by its first letter, before anything is cut out. */
function isMultipart(message: Message): boolean {
  const { table, text } = message
  const cell = cellOf(table, CONTENT_TYPE)
  if (cell < 0 || (text.charCodeAt(table.cells[cell + 2] ?? 0) | 32) !== 0x6d) return false
  return message.contentType.startsWith('multipart/')
}

const multipartOf = (message: Message): Part[] | undefined =>
  partsOf(message.header('Content-Type') ?? '', message.body)
