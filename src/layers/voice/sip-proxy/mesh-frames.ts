/**
 * What proxies tell each other over a mesh link. A frame is either a SIP message as it is, which begins with a letter, or
 * a MessagePack map, whose first byte has its high bit set.
 */
import { pack, unpack } from 'msgpackr'
import type { Delta } from './registrations.ts'

/** Each part is there when it is new: everything at the begin of a link, then what changed. */
export type News = {
  /** Nodes the sender has a link to. */
  readonly nodes?: readonly string[]
  readonly bindings?: readonly Delta[]
}

/** Addresses-of-record in one frame: far below the longest frame, whatever they hold. */
export const deltasPerFrame = 100

export const newsFrame = (news: News): Buffer => pack(news)

export const isSip = (frame: Buffer): boolean => frame.length > 0 && (frame[0] ?? 0) < 0x80

/** `undefined` for bytes that say nothing of the kind: a peer of another version. */
export function readNews(frame: Buffer): News | undefined {
  try {
    const news: unknown = unpack(frame)
    return typeof news === 'object' && news !== null && !Array.isArray(news) ? news : undefined
  } catch {
    return undefined
  }
}
