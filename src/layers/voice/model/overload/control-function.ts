/**
 * How many new calls a second are let in: RFC 6357's control function. It decides every quarter of a second from how
 * long what arrives waits to be read. Only waiting that stands is overload: a pause of the garbage collector or a burst
 * is over in a moment, so the shortest wait of two decisions counts.
 */

/** ms from one decision to the next. */
export const decideEvery = 250

/** ms that what arrives may stand waiting: far below timer A, after which peers send everything twice. */
const mostWaiting = 150
/** ms with which waiting is so bad that nothing else is waited for. */
const badWaiting = 800
/** Of a limit at least so much stays after a cut. */
const mostCut = 0.5
/** ms in which a cut shall also bring down the wait there is. */
const drainIn = 3000
/** Decisions until a cut shows: a call is work for seconds after it was let in, and more of it after the first cut. */
const settles = { first: 3, later: 7 }
/** A wait that shrinks by less than that from one decision to the next stands (ms). */
const flat = 12
/** At each decision at which something was refused: quickly up to nearly what could be done, then slowly. */
const growth = { quick: 1.1, slow: 1.03, quickUpTo: 0.95 }
/** Decisions in a row at which nothing had to be refused: the limit goes. */
const calm = 20
/** Less than so many new calls a second are never let in. */
const least = 1

export type Control = {
  /** New calls a second; undefined: as many as come. */
  readonly limit: number | undefined
  /** New calls a second that could be done when the limit was cut last. */
  readonly capacity: number
  /** The wait at the decision before, ms. */
  readonly waited: number
  /** Decisions until the last cut shows. */
  readonly settling: number
  /** Decisions since something was refused. */
  readonly calmFor: number
}

/** What happened since the decision before. */
export type Observed = {
  /** The shortest wait, ms. */
  readonly wait: number
  /** New calls a second that were let in. */
  readonly admitted: number
  readonly refused: number
}

export const unlimited: Control = { limit: undefined, capacity: 0, waited: 0, settling: 0, calmFor: 0 }

export function decide(before: Control, observed: Observed): Control {
  const { wait, refused } = observed
  const waits = wait > mostWaiting
  const now = {
    ...before,
    waited: wait,
    settling: Math.max(0, before.settling - 1),
    calmFor: refused > 0 || waits ? 0 : before.calmFor + 1,
  }
  if (waits) return mustCut(before, wait) ? cut(now, before, observed) : now
  if (now.limit === undefined || now.calmFor >= calm) return { ...now, limit: undefined }
  return refused > 0 && wait < mostWaiting / 2 ? { ...now, limit: grown(now.limit, now.capacity) } : now
}

function mustCut({ limit, waited, settling }: Control, wait: number): boolean {
  const stands = waited > mostWaiting && wait > waited - flat
  if (limit === undefined || settling === 0) return stands
  return stands && wait > waited && wait > badWaiting && settling < settles.later - 1
}

/** In `decideEvery` ms more work came than could be done, by as much as the wait has grown. */
function cut(now: Control, { limit, waited }: Control, { wait, admitted }: Observed): Control {
  const came = Math.min(limit ?? admitted, Math.max(admitted, least))
  const capacity = came / (1 + Math.max(0, wait - waited) / decideEvery)
  const share = Math.max(mostCut, 1 - (wait - mostWaiting) / drainIn)
  const settling = limit === undefined ? settles.first : settles.later
  return { ...now, limit: Math.max(least, capacity * share), capacity, settling }
}

function grown(limit: number, capacity: number): number {
  const near = growth.quickUpTo * capacity
  return limit < near ? Math.min(near, limit * growth.quick) : Math.max(limit * growth.slow, limit + least / 8)
}
