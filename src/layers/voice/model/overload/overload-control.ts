/**
 * Overload control of one component (RFC 6357): new calls beyond what can be done are refused, so that those let in go
 * well. What belongs to calls that were let in is never asked about here. Nothing runs while no calls come.
 */
import type { Log } from '#platform/log/log.ts'
import type { Cell, Metrics } from '#platform/metrics/metrics.ts'
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import { type Rate, TokenBucket } from '../token-bucket.ts'
import { type Control, decide, decideEvery, unlimited } from './control-function.ts'
import { type Feedback, keptBack, nothingTold, type Seen, type Told, tell, validity } from './feedback.ts'

/** What tells how long arrivals wait in a queue that delays no timer. */
type QueueMonitor = { probe(): void; readonly ms: number }

export type OverloadOptions = {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly queue?: QueueMonitor
  /** Who sends us calls is to keep a share of them back. */
  readonly tell?: (feedback: Feedback) => void
}

/** ms between two looks at the wait. */
const lookEvery = 50
/** Timers run up to so much late (ms). */
const precision = 20
/**
 * A look that comes so much too late (ms) after one that was in time: everything stood still. What came meanwhile waits
 * and is no overload, so that wait is forgiven, and less of it as it is worked off: by 1 ms in so many.
 */
const pause = { least: 100, workedOff: 8 }
/** Decisions without a new call after which nobody looks any more. */
const idleAfter = 8

export class OverloadControl {
  private readonly options: OverloadOptions
  private control: Control = unlimited
  private told: Told = nothingTold
  private rate: Rate = { perSecond: 0, burst: 1 }
  private calls: TokenBucket
  private registrations: TokenBucket
  private timer: Timer | undefined
  private wait = Number.POSITIVE_INFINITY
  /** How late the last look was, when that was, and what is forgiven of the wait (ms). */
  private late = 0
  private lookedAt = 0
  private forgiven = 0
  private busyAt = 0
  private admitted = 0
  private refused = 0
  private unthinned = 0
  private decidedAt = 0
  private idle = 0
  private readonly refusals: Cell
  /** While there is a limit: since when, and how many were refused. */
  private since = 0
  private refusedSince = 0

  constructor(options: OverloadOptions) {
    const { clock, metrics } = options
    this.options = options
    this.calls = new TokenBucket(this.rate, clock.monotonic())
    this.registrations = new TokenBucket(this.rate, clock.monotonic())
    const refusals = 'New calls and registrations refused because there was more than can be done'
    this.refusals = metrics.counter('overload_refused_total', refusals).of({})
    metrics.gauge('overload_limit', 'New calls a second that are let in; -1: as many as come', () => this.limit ?? -1)
    metrics.gauge('overload_wait_seconds', 'How long what arrived lately waited to be read', () =>
      this.timer === undefined ? 0 : this.control.waited / 1000,
    )
  }

  /** New calls a second; undefined: as many as come. */
  get limit(): number | undefined {
    return this.control.limit
  }

  /** Why new calls are refused, for operators. */
  get trouble(): string | undefined {
    const { limit } = this
    return limit === undefined
      ? undefined
      : `overloaded: of new calls ${Math.round(limit)} a second are let in; add a host, or send it fewer calls`
  }

  /** Whether one more new call is let in; `thinned`: who sends us calls keeps back a share of those, where told to. */
  admitsCall(thinned = true): boolean {
    this.watch()
    if (!thinned) this.unthinned += 1
    const admitted = this.takes(this.calls)
    if (admitted) this.admitted += 1
    else this.refused += 1
    return admitted
  }

  /** Whether a phone that is not registered may try to be now: as many as calls are let in. */
  admitsRegistration(): boolean {
    return this.takes(this.registrations)
  }

  stop(): void {
    this.timer?.cancel()
  }

  private takes(bucket: TokenBucket): boolean {
    if (this.control.limit === undefined) return true
    const taken = bucket.take(this.rate, this.options.clock.monotonic())
    if (!taken) this.refusals.inc()
    return taken
  }

  private watch(): void {
    this.idle = 0
    if (this.timer !== undefined) return
    this.observeAnew(this.options.clock.monotonic())
    this.lookLater()
  }

  private lookLater(): void {
    const { clock, queue } = this.options
    queue?.probe()
    const due = clock.monotonic() + lookEvery
    this.timer = clock.after(lookEvery, () => this.look(due))
  }

  private look(due: number): void {
    const { clock, queue } = this.options
    const now = clock.monotonic()
    const late = Math.max(0, now - due - precision)
    this.forgive(late, now)
    this.wait = Math.min(this.wait, Math.max(late, queue?.ms ?? 0) - this.forgiven)
    if (now - this.decidedAt >= decideEvery) this.decide(now)
    if (this.idle <= idleAfter || this.control.limit !== undefined) this.lookLater()
    else this.timer = undefined
  }

  /** Once until it is worked off: who stands still again and again has too much to do. */
  private forgive(late: number, now: number): void {
    if (this.forgiven === 0 && late > pause.least && this.late < late / 4) this.forgiven = late
    else this.forgiven = Math.max(0, this.forgiven - (now - this.lookedAt) / pause.workedOff)
    this.late = late
    this.lookedAt = now
  }

  private decide(now: number): void {
    const { control, told } = this
    const wait = Math.max(0, this.wait)
    const ms = now - this.decidedAt
    const busy = (this.options.clock.busy() - this.busyAt) / ms
    const admitted = (this.admitted * 1000) / ms
    const refused = this.refused + keptBack(told, this.admitted + this.refused - this.unthinned)
    this.use(decide(control, { ms, wait, busy, admitted, refused }), now)
    this.tell({ admitted, refused: (this.refused * 1000) / ms, unthinned: (this.unthinned * 1000) / ms })
    this.refusedSince += this.refused
    this.idle += 1
    this.observeAnew(now)
  }

  /** Anew at each decision, as long as something is to be kept back. */
  private tell(seen: Omit<Seen, 'limit'>): void {
    const { told, options, limit } = this
    if (options.tell === undefined) return
    this.told = tell(told, { limit, ...seen })
    const { reduction } = this.told
    if (reduction > 0 || told.reduction > 0) options.tell({ reduction, validity })
  }

  private observeAnew(now: number): void {
    this.decidedAt = now
    this.busyAt = this.options.clock.busy()
    this.wait = Number.POSITIVE_INFINITY
    this.admitted = 0
    this.refused = 0
    this.unthinned = 0
  }

  private use(next: Control, now: number): void {
    const { limit } = this.control
    this.control = next
    if (next.limit === limit) return
    const { log } = this.options
    if (next.limit === undefined) {
      const seconds = Math.round((now - this.since) / 1000)
      log.info({ seconds, refused: this.refusedSince }, 'no longer overloaded: all new calls are let in')
      return
    }
    this.rate = { perSecond: next.limit, burst: Math.max(1, next.limit / 5) }
    if (limit !== undefined) return
    this.since = now
    this.refusedSince = 0
    this.calls = new TokenBucket(this.rate, now)
    this.registrations = new TokenBucket(this.rate, now)
    const told = { waitMs: Math.round(next.waited), callsPerSecond: Math.round(next.limit) }
    log.warn(told, 'overloaded: new calls beyond what can be done are refused with 503')
  }
}
