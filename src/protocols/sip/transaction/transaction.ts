/**
 * What the four transactions of RFC 3261 §17 share. Each is one object that changes, not a machine of data (decision
 * 0014): it has no standby, and a proxy makes thousands a second. In their files a method is an input of the RFC's
 * figure and a `case` the state it comes in.
 */
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import type { Lingerer, Lingering } from './lingering.ts'
import type { Timing } from './timers.ts'
import type { TransactionKey } from './transaction-key.ts'

/** What transactions need of their layer. */
export interface TransactionOwner {
  readonly clock: Clock
  readonly timing: Timing
  /** For 64·T1 (timers J, L, M), and for T4 (timers I, K). */
  readonly lingering: Lingering
  readonly lingeringT4: Lingering
  /** An input that has no meaning in the state it comes in. */
  unexpected(machine: string, state: string, input: string): void
}

export abstract class Transaction implements Lingerer {
  /** Its key, by which its layer finds it. */
  readonly hash: number
  readonly branch: string
  readonly sentBy: string
  protected readonly reliable: boolean
  /** Bounds the state it was started in: timers B, D, F, H; others linger. */
  private bound: Timer | undefined
  /** Sends again: timers A, E, G; and 100 after 200 ms. */
  private repetition: Timer | undefined
  /** How long the repetition running now waits, in ms. */
  protected interval = 0
  until = 0
  after: Lingerer | undefined
  private lingers = false

  constructor({ hash, branch, sentBy }: TransactionKey, reliable: boolean) {
    this.hash = hash
    this.branch = branch
    this.sentBy = sentBy
    this.reliable = reliable
  }

  /** Terminates it and tells nobody. */
  abstract stop(): void

  lingered(): void {
    if (!this.lingers) return
    this.lingers = false
    this.expired()
  }

  protected stopTimers(): void {
    this.lingers = false
    this.stopBound()
    this.stopRepeating()
  }

  /** The time of the state it is in is over. */
  protected abstract expired(): void
  /** It is time to send again. */
  protected abstract repeat(): void

  /** In its last state: it stays there so long, and is then over. */
  protected linger(lingering: Lingering): void {
    this.stopTimers()
    this.lingers = true
    lingering.add(this)
  }

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
