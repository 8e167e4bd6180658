/** Time of a Node.js process: one timer wheel, and the end of the event-loop turn as the point where things gather. */
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import { TimerWheel, tickMs } from './timer-wheel.ts'

/** A message that passes from component to component in this process costs a round each: a whole call step has five. */
const mostRounds = 8

/**
 * A turn ends in the check phase (`setImmediate`): the poll phase before it has by then given us every packet that was
 * ready, so what they cause leaves together. A microtask would come after each single packet and gather nothing.
 */
export class NodeClock implements Clock {
  readonly #wheel = new TimerWheel(performance.now())
  #ticking: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #atTurn: (() => void)[] = []
  #afterTurn: (() => void)[] = []
  /** Of the turn that is ending. */
  #rounds = 0
  #closed = false

  monotonic(): number {
    return performance.now()
  }

  wall(): number {
    return Date.now()
  }

  busy(): number {
    return performance.eventLoopUtilization().active
  }

  after(ms: number, run: () => void): Timer {
    if (this.#closed) return { cancel() {} }
    if (this.#ticking === undefined) this.#arm()
    return this.#wheel.start(performance.now(), ms, run)
  }

  turn(run: () => void): void {
    this.#atTurn.push(run)
    this.#needTurn()
  }

  /** As `turn`, but after all of those: here sockets write what the turn gave them, so that it leaves in one piece. */
  afterTurn(run: () => void): void {
    this.#afterTurn.push(run)
    this.#needTurn()
  }

  /** Nothing runs any more, and nothing keeps the process alive. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#ticking)
    clearImmediate(this.#immediate)
    this.#wheel.clear()
    this.#atTurn = []
    this.#afterTurn = []
  }

  #arm(): void {
    const now = performance.now()
    this.#ticking = setTimeout(this.#tick, tickMs - (now % tickMs))
  }

  readonly #tick = (): void => {
    this.#arm()
    this.#wheel.advance(performance.now())
  }

  #needTurn(): void {
    if (this.#closed) return
    this.#immediate ??= setImmediate(this.#endTurn)
  }

  /** What these start for a turn's end comes next, after their promises; but not for ever: the network has its turn too. */
  readonly #endTurn = (): void => {
    this.#rounds++
    try {
      this.#runAll('turn')
    } finally {
      if (this.#atTurn.length > 0 && this.#rounds < mostRounds) queueMicrotask(this.#endTurn)
      else this.#leaveTurn()
    }
  }

  #leaveTurn(): void {
    this.#rounds = 0
    try {
      this.#runAll('after')
    } finally {
      this.#immediate = undefined
      if (this.#atTurn.length > 0 || this.#afterTurn.length > 0) this.#needTurn()
    }
  }

  #runAll(which: 'turn' | 'after'): void {
    const runs = which === 'turn' ? this.#atTurn : this.#afterTurn
    if (runs.length === 0) return
    if (which === 'turn') this.#atTurn = []
    else this.#afterTurn = []
    let done = 0
    try {
      for (const run of runs) {
        done++
        run()
      }
    } finally {
      if (done < runs.length) this.#keep(which, runs.slice(done))
    }
  }

  /** One that throws is a bug and most likely ends the process; if it does not, the others still get their turn. */
  #keep(which: 'turn' | 'after', runs: (() => void)[]): void {
    if (which === 'turn') this.#atTurn = [...runs, ...this.#atTurn]
    else this.#afterTurn = [...runs, ...this.#afterTurn]
    this.#needTurn()
  }
}
