/** Retry-After (RFC 3261 §20.33). */

/** Seconds; undefined for a value that is none. Comment and duration are for people. */
export function parseRetryAfter(value: string): number | undefined {
  const digits = /^\d{1,10}/.exec(value)?.[0]
  return digits === undefined ? undefined : Number(digits)
}
