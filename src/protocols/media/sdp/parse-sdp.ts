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
const fixed: Readonly<Record<string, [name: string, clockRate: number]>> = {
  0: ['PCMU', 8000],
  3: ['GSM', 8000],
  4: ['G723', 8000],
  8: ['PCMA', 8000],
  9: ['G722', 8000],
  13: ['CN', 8000],
  18: ['G729', 8000],
}

export function parseSdp(bytes: Buffer): SessionDescription | SdpError {
  if (bytes.length > maxBytes) return { error: `larger than ${maxBytes} bytes` }
  const lines = splitLines(bytes.toString('utf8'))
  if (!Array.isArray(lines)) return lines
  if (lines[0]?.[0] !== 'v' || lines[0][1] !== '0') return { error: 'does not begin with v=0' }
  const starts = lines.flatMap(([type], at) => (type === 'm' ? [at] : []))
  if (starts.length > maxMedia) return { error: `more than ${maxMedia} m= lines` }
  const session = lines.slice(0, starts[0] ?? lines.length)
  const origin = parseOrigin(firstOf(session, 'o') ?? '')
  if (!origin) return { error: 'has no valid o= line' }
  const media: MediaDescription[] = []
  for (const [index, start] of starts.entries()) {
    const section = parseMedia(lines.slice(start, starts[index + 1] ?? lines.length), session)
    if ('error' in section) return section
    media.push(section)
  }
  return { lines: session, origin, media }
}

function splitLines(text: string): Line[] | SdpError {
  const lines: Line[] = []
  for (const raw of text.split('\n')) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (line === '') continue
    if (line.length < 2 || line[1] !== '=' || !/[a-z]/.test(line[0] ?? '')) {
      return { error: `a line is not of the form x=…: ${JSON.stringify(line.slice(0, 20))}` }
    }
    if (line.includes('\0') || line.includes('\r')) return { error: 'a line has a control character' }
    if (lines.length === maxLines) return { error: `more than ${maxLines} lines` }
    lines.push([line[0] ?? '', line.slice(2)])
  }
  return lines
}

const firstOf = (lines: readonly Line[], type: string): string | undefined => lines.find(([t]) => t === type)?.[1]

function parseOrigin(value: string): Origin | undefined {
  const [username, sessionID, version, net, family, address] = value.split(' ')
  if (!username || !sessionID || !version || net !== 'IN' || !family || !address) return undefined
  if (!/^\d{1,20}$/.test(sessionID) || !/^\d{1,20}$/.test(version)) return undefined
  return { username, sessionID, version, address }
}

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
  const meanings = new Map<string, [string, number]>(Object.entries(fixed))
  const parameters = new Map<string, string>()
  const mapped = new Set<string>()
  for (const [type, value] of lines) {
    if (type !== 'a') continue
    const rtpmap = /^rtpmap:(\d{1,3}) ([\w.-]{1,40})\/(\d{1,6})(?:\/1)?$/.exec(value)
    if (rtpmap?.[1] && rtpmap[2] && !mapped.has(rtpmap[1])) {
      mapped.add(rtpmap[1])
      meanings.set(rtpmap[1], [rtpmap[2].toUpperCase(), Number(rtpmap[3])])
    }
    const fmtp = /^fmtp:(\d{1,3}) (.*)$/.exec(value)
    if (fmtp?.[1] && fmtp[2] && !parameters.has(fmtp[1])) parameters.set(fmtp[1], fmtp[2])
  }
  return [...new Set(formats)].flatMap((format) => {
    const meaning = meanings.get(format)
    if (!meaning || Number(format) > 127) return []
    return [
      { payloadType: Number(format), name: meaning[0], clockRate: meaning[1], parameters: parameters.get(format) },
    ]
  })
}
