/**
 * How many new calls a second are let in: RFC 6357's control function. It decides four times a second. How long what
 * arrives waits to be read tells that there is too much, and how far to cut; how busy the event loop is tells how much
 * room there is again. Only waiting that stands is overload: a pause of the garbage collector, of the processor or a
 * burst is over in a moment, so the shortest wait of two decisions counts.
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
/** Of what seems to be done when there was no limit yet: of all that was let in meanwhile, work is still to come. */
const firstCut = 0.8
/** Decisions until a cut shows: a call is work for seconds after it was let in, and more of it after the first cut. */
const settles = { first: 3, later: 7 }
/** A wait that shrinks by less than that from one decision to the next stands (ms). */
const flat = 12
/** How busy the loop may be, of 1. */
const occupancy = 0.95
/**
 * Of a limit at a decision at which something was refused. `quiet`: next to nothing waits (less than `quietWait` ms);
 * `some`: a little does. Where the loop has room it goes to where it has none in so many `steps`, since a call is work
 * for a second and more; `most` at once.
 */
const growth = { quiet: 1.04, some: 1.01, steps: 4, most: 1.5 }
const quietWait = 10
/** Decisions in a row at which nothing had to be refused: the limit goes. */
const calm = 20
/** Less than so many new calls a second are never let in. */
const least = 1

export type Control = {
  /** New calls a second; undefined: as many as come. */
  readonly limit: number | undefined
  /** The wait at the decision before, ms. */
  readonly waited: number
  /** Decisions until the last cut shows. */
  readonly settling: number
  /** Decisions since something was refused. */
  readonly calmFor: number
}

/** What happened since the decision before. */
export type Observed = {
  /** How long that is, ms. */
  readonly ms: number
  /** The shortest wait, ms. */
  readonly wait: number
  /** The share of the time in which the loop had something to do. */
  readonly busy: number
  /** New calls a second that were let in. */
  readonly admitted: number
  readonly refused: number
}

export const unlimited: Control = { limit: undefined, waited: 0, settling: 0, calmFor: 0 }

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
  return refused > 0 && wait < mostWaiting / 2 ? { ...now, limit: grown(now.limit, observed) } : now
}

function mustCut({ limit, waited, settling }: Control, wait: number): boolean {
  const stands = waited > mostWaiting && wait > waited - flat
  if (limit === undefined || settling === 0) return stands
  return stands && wait > waited && wait > badWaiting && settling < settles.later - 1
}

/** In this time more work came than could be done, by as much as the wait has grown. */
function cut(now: Control, { limit, waited }: Control, { wait, admitted, ms }: Observed): Control {
  const came = Math.min(limit ?? admitted * firstCut, Math.max(admitted, least))
  const done = came / (1 + Math.max(0, wait - waited) / ms)
  const share = Math.max(mostCut, 1 - (wait - mostWaiting) / drainIn)
  const settling = limit === undefined ? settles.first : settles.later
  return { ...now, limit: Math.max(least, done * share), settling }
}

/** A loop is busy for most of its time long before it can do no more: it does more at a turn then. */
function grown(limit: number, { wait, busy }: Observed): number {
  const room = (occupancy / busy) ** (1 / growth.steps)
  const least = wait < quietWait ? growth.quiet : growth.some
  return limit * Math.min(growth.most, Math.max(least, room))
}
