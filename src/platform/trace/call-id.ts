/** The Call-ID of a SIP message that is bytes; only its header is looked at. */

const usual = '\r\nCall-ID:'
const other = /\n(?:call-id|i)[ \t]*:[ \t]*(\S+)/i
const SPACE = 0x20
const CR = 0x0d

export function callIDIn(message: Buffer): string | undefined {
  const found = message.indexOf(usual, 0, 'latin1')
  if (found < 0) return otherwise(message)
  let start = found + usual.length
  while (message[start] === SPACE) start++
  let end = start
  while (end < message.length && (message[end] as number) > SPACE) end++
  return message[end] === CR || end === message.length ? message.toString('latin1', start, end) : otherwise(message)
}

function otherwise(message: Buffer): string | undefined {
  const end = message.indexOf('\r\n\r\n')
  return other.exec(message.toString('latin1', 0, end < 0 ? message.length : end))?.[1]
}
