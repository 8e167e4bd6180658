/** Session descriptions as bytes, and changed in the one respect that is asked for (RFC 4566, RFC 3264 §8). */
import type { Direction, Line, MediaDescription, Origin, SessionDescription } from './session-description.ts'

export function buildSdp(description: SessionDescription): Buffer {
  let text = ''
  for (const [type, value] of description.lines) text += `${type}=${value}\r\n`
  for (const media of description.media) for (const [type, value] of media.lines) text += `${type}=${value}\r\n`
  return Buffer.from(text)
}

export const originLine = ({ username, sessionID, version, address }: Origin): Line => [
  'o',
  `${username} ${sessionID} ${version} ${addressFields(address)}`,
]

/** A numeric address as o= and c= have it: network, version of IP, the address. */
export const addressFields = (address: string): string => `IN ${address.includes(':') ? 'IP6' : 'IP4'} ${address}`

/**
 * The same under another origin. Who passes on descriptions of several authors in one dialog must keep the session id
 * and count the version up by one with each change (RFC 3264 §8).
 */
export const withOrigin = (description: SessionDescription, origin: Origin): SessionDescription => ({
  ...description,
  origin,
  lines: description.lines.map((line) => (line[0] === 'o' ? originLine(origin) : line)),
})

/** The same with every stream in use in this direction: hold and retrieve (RFC 3264 §8.4). */
export const withDirection = (description: SessionDescription, direction: Direction): SessionDescription => ({
  ...description,
  lines: description.lines.filter((line) => !isDirection(line)),
  media: description.media.map((media) => directed(media, direction)),
})

const isDirection = ([type, value]: Line): boolean =>
  type === 'a' && (value === 'sendrecv' || value === 'sendonly' || value === 'recvonly' || value === 'inactive')

const directed = (media: MediaDescription, direction: Direction): MediaDescription => ({
  ...media,
  direction,
  lines: [...media.lines.filter((line) => !isDirection(line)), ['a', direction]],
})

/**
 * The same with as many m= sections, of the same kinds in the same order, as `previous` in the dialog (RFC 3264 §8):
 * sections that its author does not know are there with port 0, and none is there that cannot be matched.
 */
export function matchingMedia(description: SessionDescription, previous: SessionDescription): SessionDescription {
  const left = [...description.media]
  const media = previous.media.map((old) => {
    const at = left.findIndex((candidate) => candidate.kind === old.kind)
    return at < 0 ? refused(old) : (left.splice(at, 1)[0] ?? refused(old))
  })
  return { ...description, media: [...media, ...left] }
}

/** The section as an answer or a later offer says that it is not used (RFC 3264 §6, §8.2). */
export const refused = (media: MediaDescription): MediaDescription => ({
  ...media,
  port: 0,
  codecs: [],
  lines: [['m', `${media.kind} 0 ${media.protocol} ${media.formats.join(' ')}`.trimEnd()]],
})
