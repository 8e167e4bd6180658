/** Times for people and records: RFC 3339, UTC, milliseconds. Instants come from `Runtime.clock.wall()`. */

/** The last second and the last time that were asked for: what happens at once is told to many. */
let second = Number.NaN
let upToSecond = ''
let read = { time: '', milliseconds: Number.NaN }

/** `2026-11-22T10:00:00.000Z` for milliseconds since 1970. */
export function timestamp(milliseconds: number): string {
  const whole = Math.floor(milliseconds / 1000)
  if (whole !== second) {
    // biome-ignore lint/style/noRestrictedGlobals: formats an instant that the runtime's clock gave; reads no clock itself
    upToSecond = new Date(1000 * whole).toISOString().slice(0, -'000Z'.length)
    second = whole
  }
  return `${upToSecond}${String(Math.trunc(milliseconds - 1000 * whole)).padStart(3, '0')}Z`
}

/** Milliseconds since 1970 of an RFC 3339 time; NaN where it is none. */
export function millisecondsOf(time: string): number {
  // biome-ignore lint/style/noRestrictedGlobals: parses only
  if (time !== read.time) read = { time, milliseconds: Date.parse(time) }
  return read.milliseconds
}
