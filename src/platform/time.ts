/** Times for people and records: RFC 3339, UTC, milliseconds. Instants come from `Runtime.clock.wall()`. */

/** The last instant that was formatted, and its text: what happens in one turn happens at one time. */
let last = 0
let text = '1970-01-01T00:00:00.000Z'

/** `2026-11-22T10:00:00.000Z` for milliseconds since 1970. */
export function timestamp(milliseconds: number): string {
  if (milliseconds === last) return text
  // biome-ignore lint/style/noRestrictedGlobals: formats an instant that the runtime's clock gave; reads no clock itself
  text = new Date(milliseconds).toISOString()
  last = milliseconds
  return text
}

/** Milliseconds since 1970 of an RFC 3339 time; NaN where it is none. */
// biome-ignore lint/style/noRestrictedGlobals: parses only
export const millisecondsOf = (time: string): number => (time === text ? last : Date.parse(time))
