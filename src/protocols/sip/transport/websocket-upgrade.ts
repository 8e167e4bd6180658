/** The opening handshake of a WebSocket that carries SIP (RFC 6455 §4.2, RFC 7118 §3), as the server sees it. */
import { createHash } from 'node:crypto'

/** `taken`: the answer opens the WebSocket; otherwise it says why not, and the connection is closed after it. */
export type Upgrade = { readonly taken: boolean; readonly answer: string; readonly reason: string }

/** RFC 6455 §1.3. */
const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** `head`: request line and header of an HTTP request, without the empty line that ends it. */
export function upgrade(head: string): Upgrade {
  const [requestLine = '', ...lines] = head.split('\r\n')
  const fields = fieldsOf(lines)
  const lists = (name: string, value: string) => tokens(fields.get(name)).includes(value)
  if (!/^GET \S+ HTTP\/1\.1$/.test(requestLine)) return refused(400, 'no WebSocket handshake')
  if (!lists('upgrade', 'websocket') || !lists('connection', 'upgrade')) return refused(426, 'WebSocket only')
  if (fields.get('sec-websocket-version') !== '13') return refused(426, 'WebSocket version 13 only')
  const key = fields.get('sec-websocket-key') ?? ''
  if (Buffer.from(key, 'base64').length !== 16) return refused(400, 'bad Sec-WebSocket-Key')
  // RFC 7118 §3: without it the other side may mean anything by what it sends.
  if (!lists('sec-websocket-protocol', 'sip')) return refused(400, 'the subprotocol has to be sip')
  const accept = createHash('sha1')
    .update(key + magic)
    .digest('base64')
  const answer = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`]
  return {
    taken: true,
    reason: '',
    answer: http('101 Switching Protocols', [...answer, 'Sec-WebSocket-Protocol: sip']),
  }
}

/** Before anything of a request has been read. */
export const headTooLarge = (): Upgrade => refused(431, 'header too large')

function refused(status: 400 | 426 | 431, reason: string): Upgrade {
  const phrase = { 400: 'Bad Request', 426: 'Upgrade Required', 431: 'Request Header Fields Too Large' }[status]
  const fields = status === 426 ? ['Upgrade: websocket', 'Sec-WebSocket-Version: 13'] : []
  const body = `${reason}\n`
  const lines = [...fields, 'Connection: close', 'Content-Type: text/plain', `Content-Length: ${body.length}`]
  return { taken: false, reason, answer: http(`${status} ${phrase}`, lines) + body }
}

const http = (status: string, lines: readonly string[]) => `HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n`

/** By name in lower case; those given more than once as one list. */
function fieldsOf(lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    const before = fields.get(name)
    fields.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return fields
}

const tokens = (list: string | undefined): string[] =>
  (list ?? '').split(',').map((token) => token.trim().toLowerCase())
