/**
 * Which share of calls is traced, so that tracing costs no more than its budget. Calls fall into classes, known from
 * their callUUID and from the Call-ID of each leg alike: so all of a call is traced or none of it, at proxies and nodes,
 * without anybody having to remember or to ask.
 */
import { fnv1a } from '../fnv1a.ts'
import type { Clock } from '../runtime/runtime.ts'

const classes = 256
/** The share of all calls. */
export const whole = classes

/** Between a Call-ID of ours and the class of its call: nobody else's Call-ID is likely to end so. */
const mark = '~'

/** The last byte of a callUUID. */
export const classOfCall = (callUUID: string): number => Number.parseInt(callUUID.slice(-2), 16)

/** A Call-ID for a leg that we begin, in the class of its call. */
export const markedCallID = (noise: string, callUUID: string): string => `${noise}${mark}${callUUID.slice(-2)}`

/** Of a Call-ID of ours what it is marked with; else by FNV-1a, so that any number scheme spreads. */
export function classOf(callID: string): number {
  const end = callID.length
  if (callID[end - 3] === mark) {
    const marked = Number.parseInt(callID.slice(-2), 16)
    if (marked >= 0) return marked
  }
  const hash = fnv1a(callID)
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & (classes - 1)
}

const windowMs = 1000
/** Windows in which the double share would have fitted well, before it is tried. */
const calmWindows = 10
const wellBelow = 0.7

export type ShareOptions = {
  readonly clock: Pick<Clock, 'monotonic'>
  /** Bytes a second. */
  readonly budget: () => number
  readonly changed: (share: Share) => void
}

/**
 * It halves whenever a second has used up its budget, and again for each further quarter of it, down to none: no second
 * costs three budgets. It doubles after ten seconds in which that would have fitted.
 */
export class Share {
  /** Calls of a class below it are traced: of 256, a power of two or none. */
  limit = whole
  private readonly options: ShareOptions
  private windowStart: number
  private spent = 0
  /** What may be spent in this window until the share halves. */
  private allowed: number
  private calm = 0

  constructor(options: ShareOptions) {
    this.options = options
    this.windowStart = options.clock.monotonic()
    this.allowed = options.budget()
  }

  /** Whether a call of this class is traced now. */
  admits(callClass: number): boolean {
    this.lookAtClock()
    return callClass < this.limit
  }

  spend(bytes: number): void {
    this.lookAtClock()
    this.spent += bytes
    if (this.spent <= this.allowed) return
    this.allowed = this.spent + this.options.budget() / 4
    this.calm = 0
    this.become(this.limit >> 1)
  }

  private lookAtClock(): void {
    const windows = Math.floor((this.options.clock.monotonic() - this.windowStart) / windowMs)
    if (windows === 0) return
    const budget = this.options.budget()
    const fits = this.spent * 2 <= budget * wellBelow
    this.calm = fits ? this.calm + windows : 0
    this.windowStart += windows * windowMs
    this.spent = 0
    this.allowed = budget
    if (this.limit === 0) this.become(1)
    if (this.limit === whole || this.calm < calmWindows) return
    this.calm = 0
    this.become(this.limit << 1)
  }

  private become(limit: number): void {
    if (limit === this.limit) return
    this.limit = limit
    this.options.changed(this)
  }
}

/** For people: `1 call in 4`. */
export const wordsOf = (limit: number): string =>
  limit === whole ? 'every call' : limit === 0 ? 'no call' : `1 call in ${classes / limit}`
