/** Writing header text: concatenation, then one latin1 write. Values are checked for header injection. */

import type { Body, Fields } from './draft.ts'
import { UnsafeFieldValue } from './errors.ts'
import { isToken, toWire } from './scan.ts'

/** One header line. A value beyond latin1 is Unicode and goes out as UTF-8. */
export const line = (name: string, value: string): string => `${name}: ${safe(name, value)}\r\n`

export function lines(fields: Fields): string {
  let text = ''
  for (const [name, value] of fields) {
    if (!isToken(name)) throw new UnsafeFieldValue('a header field name')
    text += line(name, value)
  }
  return text
}

/** The value, where it stays inside its line. */
export function safe(name: string, value: string): string {
  let wide = false
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code === 0x0d || code === 0x0a || code === 0) throw new UnsafeFieldValue(name)
    if (code > 0xff) wide = true
  }
  return wide ? toWire(value) : value
}

/** The end of a header: Content-Type, Content-Length, empty line. */
export const bodyLines = (body: Body | undefined): string =>
  body === undefined || body.bytes.length === 0
    ? 'Content-Length: 0\r\n\r\n'
    : `${line('Content-Type', body.type)}Content-Length: ${body.bytes.length}\r\n\r\n`

/** `shared`: a piece of a buffer that others share, for messages that go out at once; kept, it must be shrunk. */
export function toBytes(header: string, body: Buffer | undefined, shared = false): Buffer {
  const length = header.length + (body?.length ?? 0)
  const bytes = shared ? Buffer.allocUnsafe(length) : Buffer.allocUnsafeSlow(length)
  bytes.write(header, 0, header.length, 'latin1')
  if (body !== undefined) bytes.set(body, header.length)
  return bytes
}
