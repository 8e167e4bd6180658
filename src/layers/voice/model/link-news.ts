/**
 * What is told over a link that carries SIP, beside it. A frame is either a SIP message as it is, which begins with a
 * letter, or a MessagePack map, whose first byte has its high bit set.
 */
import { pack, unpack } from 'msgpackr'

export const newsFrame = <News extends object>(news: News): Buffer => pack(news)

export const isSip = (frame: Buffer): boolean => frame.length > 0 && (frame[0] ?? 0) < 0x80

/** `undefined` for bytes that say nothing of the kind: a peer of another version. */
export function readNews<News extends object>(frame: Buffer): Partial<News> | undefined {
  try {
    const news: unknown = unpack(frame)
    return typeof news === 'object' && news !== null && !Array.isArray(news) ? news : undefined
  } catch {
    return undefined
  }
}
