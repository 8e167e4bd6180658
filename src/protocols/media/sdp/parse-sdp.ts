/**
 * Reads session descriptions (RFC 4566 §5) from anybody: bounded, lenient in order (m= before c= happens), strict in
 * what is used. What is wrong is a value.
 */
import { addressVersion } from './numeric-address.ts'
import type { Codec, Direction, Line, MediaDescription, Origin, SessionDescription } from './session-description.ts'

export type SdpError = { readonly error: string }

const maxBytes = 32_768
const maxLines = 512
const maxMedia = 16
const maxFormats = 64

/** Payload types with a fixed meaning (RFC 3551 table 4), those that phones still send without a=rtpmap. */
const fixed: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({ 0: 'PCMU', 3: 'GSM', 4: 'G723', 8: 'PCMA', 9: 'G722', 13: 'CN', 18: 'G729' }).map(
    ([format, name]) => [format, { name, clockRate: 8000 }],
  ),
)
type Meaning = Pick<Codec, 'name' | 'clockRate'>

export function parseSdp(bytes: Buffer): SessionDescription | SdpError {
  if (bytes.length > maxBytes) return { error: `larger than ${maxBytes} bytes` }
  const lines = splitLines(bytes.toString('utf8'))
  if (!Array.isArray(lines)) return lines
  if (lines[0]?.[0] !== 'v' || lines[0][1] !== '0') return { error: 'does not begin with v=0' }
  let next = nextMedia(lines, 0)
  const session = next === lines.length ? lines : lines.slice(0, next)
  const origin = parseOrigin(firstOf(session, 'o') ?? '')
  if (!origin) return { error: 'has no valid o= line' }
  const media: MediaDescription[] = []
  while (next < lines.length) {
    if (media.length === maxMedia) return { error: `more than ${maxMedia} m= lines` }
    const start = next
    next = nextMedia(lines, start + 1)
    const section = parseMedia(lines.slice(start, next), session)
    if ('error' in section) return section
    media.push(section)
  }
  return { lines: session, origin, media }
}

/** The index of the first m= line from `start` on, else the number of lines. */
function nextMedia(lines: readonly Line[], start: number): number {
  let at = start
  while (at < lines.length && lines[at]?.[0] !== 'm') at++
  return at
}

function splitLines(text: string): Line[] | SdpError {
  if (text.indexOf('\0') >= 0) return { error: 'a line has a control character' }
  const lines: Line[] = []
  for (let start = 0, next = 0; start < text.length; start = next) {
    const feed = text.indexOf('\n', start)
    let end = feed < 0 ? text.length : feed
    next = end + 1
    if (end > start && text.charCodeAt(end - 1) === 0x0d) end--
    if (end === start) continue
    const type = text.charCodeAt(start)
    if (end - start < 2 || text.charCodeAt(start + 1) !== 0x3d || type < 0x61 || type > 0x7a)
      return { error: `a line is not of the form x=…: ${JSON.stringify(text.slice(start, Math.min(end, start + 20)))}` }
    if (lines.length === maxLines) return { error: `more than ${maxLines} lines` }
    const value = text.slice(start + 2, end)
    if (value.indexOf('\r') >= 0) return { error: 'a line has a control character' }
    lines.push([text.charAt(start), value])
  }
  return lines
}

function firstOf(lines: readonly Line[], type: string): string | undefined {
  for (const line of lines) if (line[0] === type) return line[1]
  return undefined
}

function parseOrigin(value: string): Origin | undefined {
  const [username, sessionID, version, net, family, address] = value.split(' ')
  if (!username || !sessionID || !version || net !== 'IN' || !family || !address) return undefined
  if (!isNumber(sessionID) || !isNumber(version)) return undefined
  return { username, sessionID, version, address }
}

const isNumber = (text: string): boolean => /^\d{1,20}$/.test(text)

function parseMedia(lines: Line[], session: readonly Line[]): MediaDescription | SdpError {
  const [kind = '', port = '', protocol = '', ...formats] = (lines[0]?.[1] ?? '').split(' ').filter((w) => w !== '')
  const number = /^(\d{1,5})(?:\/\d{1,3})?$/.exec(port)?.[1]
  if (!protocol || number === undefined || Number(number) > 65_535) return { error: 'an m= line is not valid' }
  if (formats.length > maxFormats) return { error: `more than ${maxFormats} formats in an m= line` }
  return {
    lines,
    kind,
    port: Number(number),
    protocol,
    formats,
    address: parseAddress(firstOf(lines, 'c') ?? firstOf(session, 'c')),
    direction: directionIn(lines) ?? directionIn(session) ?? 'sendrecv',
    codecs: protocol.includes('RTP') ? codecsOf(formats, lines) : [],
  }
}

function parseAddress(value: string | undefined): string | undefined {
  const [net, family, address = ''] = (value ?? '').split(' ')
  const version = addressVersion(address)
  // Addresses are numeric inside; a name or a multicast group with its TTL is none that we send to.
  return net === 'IN' && version !== 0 && family === `IP${version}` ? address : undefined
}

function directionIn(lines: readonly Line[]): Direction | undefined {
  for (const [type, value] of lines) {
    if (type !== 'a') continue
    if (value === 'sendrecv' || value === 'sendonly' || value === 'recvonly' || value === 'inactive') return value
  }
  return undefined
}

/** The meaning of each format; the first a=rtpmap of a payload type counts, later ones and unknown types do not. */
function codecsOf(formats: readonly string[], lines: readonly Line[]): Codec[] {
  const mapped = new Map<string, Meaning>()
  const parameters = new Map<string, string>()
  for (const [type, value] of lines) {
    if (type !== 'a') continue
    if (value.startsWith('rtpmap:')) readMeaning(value, mapped)
    else if (value.startsWith('fmtp:')) readParameters(value, parameters)
  }
  const codecs: Codec[] = []
  for (const format of new Set(formats)) {
    const meaning = mapped.get(format) ?? fixed.get(format)
    const payloadType = Number(format)
    if (meaning === undefined || payloadType > 127) continue
    const { name, clockRate } = meaning
    codecs.push({ payloadType, name, clockRate, parameters: parameters.get(format) })
  }
  return codecs
}

function readMeaning(attribute: string, mapped: Map<string, Meaning>): void {
  const [, format, name, clockRate] = /^rtpmap:(\d{1,3}) ([\w.-]{1,40})\/(\d{1,6})(?:\/1)?$/.exec(attribute) ?? []
  if (format === undefined || name === undefined || mapped.has(format)) return
  mapped.set(format, { name: name.toUpperCase(), clockRate: Number(clockRate) })
}

function readParameters(attribute: string, parameters: Map<string, string>): void {
  const space = attribute.indexOf(' ')
  const format = attribute.slice('fmtp:'.length, space)
  if (space > 0 && !parameters.has(format)) parameters.set(format, attribute.slice(space + 1))
}
