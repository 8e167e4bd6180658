/** Expires, Min-Expires and the `expires` parameter (RFC 3261 §20.19). */
import { isDigits } from '../scan.ts'

const LARGEST = 0xffff_ffff

/** Seconds; numbers beyond 2^32-1 count as that, anything that is no number as 3600 (§10.2.1.1, §20.19). */
export function expiresSeconds(text: string): number {
  if (!isDigits(text)) return 3600
  return text.length > 10 ? LARGEST : Math.min(Number(text), LARGEST)
}
