/** The timers of RFC 3261 appendix A, in ms. The only place for their defaults. */
export type Timing = {
  /** Round trip estimate: the first retransmission. */
  readonly T1: number
  /** The longest wait between two retransmissions. */
  readonly T2: number
  /** How long a message may stay in the network. */
  readonly T4: number
  /** How long an INVITE waits for its user before 100 is sent (§17.2.1). */
  readonly trying: number
}

export const defaultTiming: Timing = { T1: 500, T2: 4_000, T4: 5_000, trying: 200 }

/** How long a transaction waits for the other side: timers B, F, H, J, L, M. */
export const patience = ({ T1 }: Pick<Timing, 'T1'>): number => 64 * T1

/**
 * How long an INVITE that has had a provisional response waits for the next one. Each proxy on its way is done sooner, by its
 * timer C (§16.6), and who is called says every minute that it still rings (§13.3.1.1): without a word so long nobody is there.
 */
export const longestSilence = 200_000

/** When timer E of the other side has reached T2: over UDP nothing provisional before it, 100 then (RFC 4320 §4.1). */
export function timeToT2({ T1, T2 }: Timing): number {
  let time = 0
  for (let interval = T1; interval < T2; interval *= 2) time += interval
  return time
}
