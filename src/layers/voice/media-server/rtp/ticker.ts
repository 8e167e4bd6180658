/**
 * One tick of 20 ms for everybody, on an absolute schedule: a late tick delays no later one, and its packets leave in
 * one burst with those of the ticks it held up. A thread that stood still for long leaves ticks out instead.
 */

/** How a tick knows and waits for its time, milliseconds. */
export type Time = {
  now(): number
  after(ms: number, run: () => void): { cancel(): void }
}

const tickMs = 20
/** Timers are exact to a millisecond: a tick may come so much before its time. */
const early = 1
/** More ticks than this at once would only fill the other side's buffers. */
const mostAtOnce = 10

export class Ticker {
  /** The present tick; it goes on where it stopped. */
  tick = 0
  /** Ticks that began more than half their length late, and ticks left out. */
  late = 0
  lost = 0
  private readonly time: Time
  private readonly run: () => void
  private due = 0
  private timer: { cancel(): void } | undefined

  constructor(time: Time, run: () => void) {
    this.time = time
    this.run = run
  }

  start(): void {
    if (this.timer !== undefined) return
    this.due = this.time.now() + tickMs
    this.wait()
  }

  stop(): void {
    this.timer?.cancel()
    this.timer = undefined
  }

  private wait() {
    this.timer = this.time.after(Math.max(0, this.due - this.time.now()), this.wake)
  }

  private readonly wake = (): void => {
    const now = this.time.now()
    if (now - this.due > tickMs / 2) this.late += 1
    this.skip(now)
    while (this.due - now < early && this.timer !== undefined) {
      this.tick += 1
      this.due += tickMs
      this.run()
    }
    if (this.timer !== undefined) this.wait()
  }

  private skip(now: number) {
    const behind = Math.floor((now - this.due) / tickMs) - mostAtOnce
    if (behind <= 0) return
    this.lost += behind
    this.tick += behind
    this.due += behind * tickMs
  }
}
