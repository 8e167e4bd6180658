/** Session descriptions as a B2BUA passes them on from leg to leg (RFC 3264 §8): what each dialog is told, as text. */
import { eventOf, isSpoken } from '#protocols/media/sdp/audio-session.ts'
import {
  addressFields,
  buildSdp,
  withDirection as directedTo,
  matchingMedia,
  withOrigin,
} from '#protocols/media/sdp/build-sdp.ts'
import { parseSdp } from '#protocols/media/sdp/parse-sdp.ts'
import {
  audioOf,
  type Direction,
  isHold as isOnHold,
  type Line,
  type MediaDescription,
  type SessionDescription,
} from '#protocols/media/sdp/session-description.ts'
import { buildCrypto, parseCrypto } from '#protocols/media/srtp/crypto-attribute.ts'
import { masterLength } from '#protocols/media/srtp/session-keys.ts'
import type { IPVersion } from '../../../model/ip-version.ts'

const read = (text: string): SessionDescription | undefined => {
  const description = parseSdp(Buffer.from(text))
  return 'error' in description ? undefined : description
}
const write = (description: SessionDescription): string => buildSdp(description).toString()

/**
 * `text` as the next offer in a dialog where `former` was the last description from here: the session stays the same,
 * its version counts up with each change, no m= section goes away. The first description passes as it is.
 */
export const nextOffer = (text: string, former: string | undefined, direction?: Direction): string =>
  next(text, former, former, direction)

/** `text` as the answer to `offer` in a dialog where `former` was the last description from here. */
export const nextAnswer = (
  text: string,
  former: string | undefined,
  offer: string | undefined,
  direction?: Direction,
): string => next(text, former, offer, direction)

function next(text: string, former: string | undefined, shape: string | undefined, direction?: Direction): string {
  if (former === undefined && direction === undefined) return text
  if (text === former && direction === undefined) return text
  if (former !== undefined && direction === undefined && [text, former, shape ?? former].every(isOneAudio)) {
    return renumbered(text, former)
  }
  const given = read(text)
  if (!given) return text
  const directed = direction === undefined ? given : directedTo(given, direction)
  const before = former === undefined ? undefined : read(former)
  if (!before) return write(directed)
  const asked = shape === undefined ? undefined : read(shape)
  const shaped = asked ? shapedLike(directed, asked, shape !== former) : directed
  const same = write(withOrigin(shaped, before.origin))
  if (same === former) return same
  const version = (BigInt(before.origin.version) + 1n).toString()
  return write(withOrigin(shaped, { ...before.origin, version }))
}

/** `former`, which holds again as `refused` was not taken: under the version of that one, so that the next is another. */
export const asBefore = (former: string, refused: string | undefined): string =>
  refused === undefined ? former : withOriginLine(former, originOf(refused))

const isOneAudio = (text: string): boolean => {
  const first = text.indexOf('\nm=')
  return first > 0 && text.startsWith('audio ', first + 3) && text.indexOf('\nm=', first + 1) < 0
}

/** The usual case, one audio section on all sides: only o= is another, so nothing need be parsed. */
function renumbered(text: string, former: string): string {
  const origin = /^o=(\S+ \d+ )(\d+)( .*)$/.exec(originOf(former))
  if (origin === null) return text
  const [, before = '', version = '0', after = ''] = origin
  const same = withOriginLine(text, originOf(former))
  return same === former ? same : withOriginLine(text, `o=${before}${BigInt(version) + 1n}${after}`)
}

/** Where the o= line begins and ends, its line break apart; nowhere: at the end. */
function originAt(text: string): [start: number, end: number] {
  const start = text.indexOf('\no=') + 1
  if (start === 0) return [text.length, text.length]
  const feed = text.indexOf('\n', start)
  const end = feed < 0 ? text.length : feed
  return [start, text.charCodeAt(end - 1) === 0x0d ? end - 1 : end]
}

const originOf = (text: string): string => text.slice(...originAt(text))

function withOriginLine(text: string, line: string): string {
  const [start, end] = originAt(text)
  return start === end ? text : text.slice(0, start) + line + text.slice(end)
}

/** An answer has exactly the sections of its offer; an offer may have more than the one before. */
function shapedLike(given: SessionDescription, asked: SessionDescription, answer: boolean): SessionDescription {
  const shaped = matchingMedia(given, asked)
  return answer ? { ...shaped, media: shaped.media.slice(0, asked.media.length) } : shaped
}

/** The same with another direction. */
export const withDirection = (text: string, direction: Direction): string => next(text, undefined, undefined, direction)

/** Whether its audio in use is SRTP; nobody knows where there is none. */
export const isProtected = (text: string | undefined): boolean | undefined =>
  audioProfile.exec(text ?? '')?.[1]?.includes('/SAVP')

/** Every talk asks, so nothing is parsed. */
const audioProfile = /\nm=audio [1-9]\S* (\S+)/

/** Whether a media server can answer it, so that others can be heard through that. */
export function canBeAnchored(text: string): boolean {
  const description = read(text)
  return description !== undefined && isSpoken(description)
}

/** Whether it is good for one other side alone, as with ICE: another one given it would be answered with something new. */
export const isForOneAlone = (text: string | undefined): boolean => text?.includes('\na=ice-ufrag:') === true

/** Whether its author takes digits as events in RTP (RFC 4733). */
export function takesEvents(text: string | undefined): boolean {
  const audio = text === undefined ? undefined : audioIn(text)
  return audio !== undefined && eventOf(audio) !== undefined
}

/** Whether its author does not want to hear the other side (RFC 3264 §8.4). */
export function isHold(text: string): boolean {
  const description = read(text)
  return description !== undefined && isOnHold(description)
}

/** Whether its author lets nothing flow, as who is told that has to answer, too (RFC 3264 §6.1). */
export const isInactive = (text: string): boolean => audioIn(text)?.direction === muted

/** Whether both say the same of the audio: where it goes, in which directions, under which keys. */
export function sameAudio(one: string, other: string): boolean {
  // As a rule a description that is given again differs in its version alone.
  if (one === other || withOriginLine(one, '') === withOriginLine(other, '')) return true
  const a = audioIn(one)
  const b = audioIn(other)
  return a?.address === b?.address && a?.port === b?.port && a?.direction === b?.direction && keysIn(a) === keysIn(b)
}

const keysIn = (audio: MediaDescription | undefined): string | undefined =>
  audio?.lines.flatMap(([, value]) => (value.startsWith('crypto:') ? [value] : [])).join()

const audioIn = (text: string): MediaDescription | undefined => {
  const description = read(text)
  return description && audioOf(description)
}

/** Of the address its audio is at: the last one named, which is that of its section where that has one of its own. */
export function ipVersionIn(text: string | undefined): IPVersion | undefined {
  const at = text?.lastIndexOf(addressLine) ?? -1
  if (text === undefined || at < 0) return undefined
  return text.startsWith('6', at + addressLine.length) ? 6 : 4
}

const addressLine = '\nc=IN IP'

/** An answer that takes the first audio stream of an offer and lets nothing flow yet: the leg has no peer so far. */
export function silentAnswer(offer: string): string {
  const description = read(offer)
  if (!description) return offer
  const nowhere = addressFields(ipVersionIn(offer) === 6 ? '::' : '0.0.0.0')
  const first = audioOf(description)
  const media = description.media.map((section) => (section === first ? parked(section) : refusedLines(section)))
  const lines = description.lines.flatMap((line): Line[] =>
    line[0] === 'c' ? [['c', nowhere]] : line[0] === 'v' || line[0] === 't' ? [line] : ownLine(line, nowhere),
  )
  const withAddress = lines.some(([type]) => type === 'c') ? lines : addressed(lines, nowhere)
  return write({ ...description, lines: withAddress, media })
}

const ownLine = ([type]: Line, address: string): Line[] =>
  type === 'o' ? [['o', `ringmain 1 1 ${address}`]] : type === 's' ? [['s', '-']] : []

const addressed = (lines: readonly Line[], address: string): Line[] =>
  lines.flatMap((line): Line[] => (line[0] === 's' ? [line, ['c', address]] : [line]))

/** SRTP that is not answered with a key is refused (RFC 4568 §7.1.2); nothing flows under this one. */
const parkedKey = Buffer.alloc(masterLength)
const cryptoLine = ({ lines }: MediaDescription): Line[] => {
  for (const [type, value] of lines) {
    const crypto = type === 'a' ? parseCrypto(value) : undefined
    if (crypto) return [['a', buildCrypto({ ...crypto, master: parkedKey })]]
  }
  return []
}

const codecLine = ([type, value]: Line): boolean => type === 'a' && /^(?:rtpmap|fmtp|ptime):/.test(value)

function parked(section: MediaDescription): MediaDescription {
  const lines: Line[] = [
    ['m', `${section.kind} 9 ${section.protocol} ${section.formats.join(' ')}`],
    ...section.lines.filter(codecLine),
    ...cryptoLine(section),
    ['a', 'inactive'],
  ]
  return { ...section, lines, port: 9, direction: 'inactive' }
}

const refusedLines = (section: MediaDescription): MediaDescription => ({
  ...section,
  port: 0,
  lines: [['m', `${section.kind} 0 ${section.protocol} ${section.formats.join(' ')}`.trimEnd()]],
})

/** A direction for both sides of a leg that a hold by request has silenced, or that is let speak again. */
export const muted: Direction = 'inactive'
export const unmuted: Direction = 'sendrecv'
