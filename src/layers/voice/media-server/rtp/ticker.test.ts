import { describe, expect, it } from 'vitest'
import { Ticker } from './ticker.ts'

/** Time that stands still until it is set. */
class Hands {
  now = 0
  private waiting: { at: number; run: () => void } | undefined
  readonly time = {
    now: () => this.now,
    after: (ms: number, run: () => void) => {
      const entry = { at: this.now + ms, run }
      this.waiting = entry
      return { cancel: () => (this.waiting = this.waiting === entry ? undefined : this.waiting) }
    },
  }

  get wakesAt(): number | undefined {
    return this.waiting?.at
  }

  /** The thread gets its turn at this time. */
  wake(at: number): void {
    const run = this.waiting?.run
    this.waiting = undefined
    this.now = at
    run?.()
  }
}

function ticking() {
  const hands = new Hands()
  let ran = 0
  const ticker = new Ticker(hands.time, () => {
    ran += 1
  })
  ticker.start()
  return { hands, ticker, ran: () => ran }
}

describe('the tick of an RTP thread', () => {
  it('keeps its schedule however late a turn comes (a timer each 20 ms would drift)', () => {
    const { hands, ticker } = ticking()

    hands.wake(24)
    expect(hands.wakesAt).toBe(40)
    hands.wake(39.5)

    expect([ticker.tick, hands.wakesAt, ticker.late]).toEqual([2, 60, 0])
  })

  it('makes up for what a busy thread missed, and counts it as late', () => {
    const { hands, ticker, ran } = ticking()

    hands.wake(105)

    expect([ran(), ticker.tick, ticker.late, ticker.lost, hands.wakesAt]).toEqual([5, 5, 1, 0, 120])
  })

  it('leaves out what a standstill of seconds missed, but for the last of it', () => {
    const { hands, ticker, ran } = ticking()

    hands.wake(2020)

    expect([ran(), ticker.tick, ticker.lost, hands.wakesAt]).toEqual([11, 101, 90, 2040])
  })

  it('does nothing while stopped, also where it stops itself', () => {
    const { hands, ticker } = ticking()
    ticker.stop()

    expect(hands.wakesAt).toBeUndefined()
    ticker.start()
    expect(hands.wakesAt).toBe(20)
  })
})
