/** Data of a machine as plain JSON: a message is its bytes (base64), a body its type and bytes. */
import { Message } from '../message/message.ts'

export function plainly(value: unknown): unknown {
  if (value instanceof Message) return { message: value.bytes.toString('base64') }
  if (Buffer.isBuffer(value)) return value.toString('base64')
  if (Array.isArray(value)) return value.map(plainly)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plainly(item)]))
}
