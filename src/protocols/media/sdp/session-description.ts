/**
 * A session description (RFC 4566) as its lines, with the view of them that offers and answers need. Lines are kept
 * in order and untouched, so what we pass on says all that it said.
 */
import { isUnspecified } from './numeric-address.ts'

export type Line = readonly [type: string, value: string]

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'

export type Origin = {
  readonly username: string
  readonly sessionID: string
  readonly version: string
  readonly address: string
}

export type SessionDescription = {
  /** The session level, without its m= sections. */
  readonly lines: readonly Line[]
  readonly origin: Origin
  readonly media: readonly MediaDescription[]
}

export type MediaDescription = {
  /** From m= to the next one. */
  readonly lines: readonly Line[]
  /** `audio`, `video`, … */
  readonly kind: string
  /** 0: refused or given up (RFC 3264 §6, §8.2). */
  readonly port: number
  /** `RTP/AVP`, `RTP/SAVP`, … */
  readonly protocol: string
  readonly formats: readonly string[]
  /** Numeric; of the section or else of the session. None where it is missing or no numeric address. */
  readonly address: string | undefined
  /** As its author means it; of the section or else of the session. */
  readonly direction: Direction
  readonly codecs: readonly Codec[]
}

/** One payload type and what it means (a=rtpmap, a=fmtp, or RFC 3551 table 4). */
export type Codec = {
  readonly payloadType: number
  /** As it is compared: upper case. */
  readonly name: string
  readonly clockRate: number
  readonly parameters: string | undefined
}

export const sends = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'sendonly'
export const receives = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'recvonly'

/** The direction in which both can agree: what `offered` allows of what we want (RFC 3264 §6.1). */
export function answerDirection(offered: Direction, wanted: Direction = 'sendrecv'): Direction {
  const send = receives(offered) && sends(wanted)
  const receive = sends(offered) && receives(wanted)
  return send ? (receive ? 'sendrecv' : 'sendonly') : receive ? 'recvonly' : 'inactive'
}

/** The audio stream in use: the first that is not refused. */
export const audioOf = (description: SessionDescription): MediaDescription | undefined =>
  description.media.find((media) => media.kind === 'audio' && media.port !== 0)

/**
 * Whether its author has put the other side on hold: it no longer wants to hear it (RFC 3264 §8.4), by direction or,
 * as older phones do, by the address of nobody.
 */
export function isHold(description: SessionDescription): boolean {
  const audio = audioOf(description)
  return (
    audio !== undefined && (!receives(audio.direction) || (audio.address !== undefined && isUnspecified(audio.address)))
  )
}
