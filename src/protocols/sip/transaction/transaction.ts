/**
 * What the four transactions of RFC 3261 §17 share. Each is one object that changes, not a machine of data (decision
 * 0014): it has no standby, and a proxy makes thousands a second. In their files a method is an input of the RFC's
 * figure and a `case` the state it comes in.
 */
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import type { Timing } from './timers.ts'

/** What transactions need of their layer. */
export interface TransactionOwner {
  readonly clock: Clock
  readonly timing: Timing
  /** An input that has no meaning in the state it comes in. */
  unexpected(machine: string, state: string, input: string): void
}

export abstract class Transaction {
  /** By which its layer finds it. */
  readonly key: string
  protected readonly reliable: boolean
  /** Bounds the state it was started in: timers B, D, F, H, I, J, K, L, M. */
  private bound: Timer | undefined
  /** Sends again: timers A, E, G; and 100 after 200 ms. */
  private repetition: Timer | undefined
  /** How long the repetition running now waits, in ms. */
  protected interval = 0

  constructor(key: string, reliable: boolean) {
    this.key = key
    this.reliable = reliable
  }

  /** Terminates it and tells nobody. */
  abstract stop(): void

  protected stopTimers(): void {
    this.stopBound()
    this.stopRepeating()
  }

  /** The time of the state it is in is over. */
  protected abstract expired(): void
  /** It is time to send again. */
  protected abstract repeat(): void

  protected boundBy(clock: Clock, ms: number): void {
    this.stopBound()
    this.bound = clock.after(ms, () => {
      this.bound = undefined
      this.expired()
    })
  }

  protected repeatAfter(clock: Clock, ms: number): void {
    this.stopRepeating()
    this.interval = ms
    this.repetition = clock.after(ms, () => {
      this.repetition = undefined
      this.repeat()
    })
  }

  protected stopBound(): void {
    if (this.bound === undefined) return
    this.bound.cancel()
    this.bound = undefined
  }

  protected stopRepeating(): void {
    if (this.repetition === undefined) return
    this.repetition.cancel()
    this.repetition = undefined
  }
}
