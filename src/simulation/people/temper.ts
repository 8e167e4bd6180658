/** How often an agent does what, and how long it takes him. */

/** Probabilities, of each offer and of each moment of mood; milliseconds. */
export type Temper = {
  readonly rejects: number
  readonly letsRing: number
  /** The host is gone: while it rings, while he talks, and at any time. */
  readonly vanishes: number
  /** At a moment of mood: pauses, works after a call, logs out, unregisters; calls a colleague. */
  readonly pauses: number
  readonly dials: number
  /** Puts the caller on hold for a while; transfers him to a colleague or back to the queue. */
  readonly holds: number
  readonly transfers: number
  readonly moods: readonly [from: number, to: number]
  readonly answersAfter: readonly [from: number, to: number]
  readonly talks: readonly [from: number, to: number]
  readonly isAwayFor: readonly [from: number, to: number]
}

export const calm: Temper = {
  rejects: 0,
  letsRing: 0,
  vanishes: 0,
  pauses: 0,
  dials: 0,
  holds: 0,
  transfers: 0,
  moods: [1_000, 2_000],
  answersAfter: [100, 1_000],
  talks: [500, 2_000],
  isAwayFor: [1_000, 2_000],
}
