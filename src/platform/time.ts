/** Times for people and records: RFC 3339, UTC, milliseconds. Instants come from `Runtime.clock.wall()`. */

/** `2026-11-22T10:00:00.000Z` for milliseconds since 1970. */
// biome-ignore lint/style/noRestrictedGlobals: formats an instant that the runtime's clock gave; reads no clock itself
export const timestamp = (milliseconds: number): string => new Date(milliseconds).toISOString()

/** Milliseconds since 1970 of an RFC 3339 time; NaN where it is none. */
// biome-ignore lint/style/noRestrictedGlobals: parses only
export const millisecondsOf = (time: string): number => Date.parse(time)
