/**
 * All timers of a process on one 20 ms wheel of intrusive lists: starting and stopping one costs a few assignments,
 * where a `setTimeout` each costs a heap node and drifts. Ticks are absolute, so a late one delays no later one.
 */
import type { Timer } from '#platform/runtime/runtime.ts'

export const tickMs = 20

/** A power of two; 4096 slots are 82 s, so that the timers of SIP never go round twice. */
const slotCount = 4096

/** A timer is the node of its list; the head of a list is a node that is never run. */
class Node implements Timer {
  previous: Node
  next: Node
  readonly due: number
  run: (() => void) | undefined
  constructor(due: number, run: (() => void) | undefined) {
    this.previous = this
    this.next = this
    this.due = due
    this.run = run
  }

  cancel(): void {
    this.run = undefined
    this.unlink()
  }

  unlink(): void {
    this.previous.next = this.next
    this.next.previous = this.previous
    this.previous = this
    this.next = this
  }

  insertBefore(head: Node): void {
    this.previous = head.previous
    this.next = head
    head.previous.next = this
    head.previous = this
  }
}

export class TimerWheel {
  readonly #slots = Array.from({ length: slotCount }, () => new Node(0, undefined))
  /** Due and not yet run; kept here so that one that throws does not lose the others. */
  readonly #expired = new Node(0, undefined)
  /** The last tick whose timers have been taken out. */
  #tick: number

  constructor(now: number) {
    this.#tick = Math.floor(now / tickMs)
  }

  /** Never early: the first tick that is at least `ms` after `now`, and not the one that is being run. */
  start(now: number, ms: number, run: () => void): Timer {
    const due = Math.max(Math.ceil((now + ms) / tickMs), this.#tick + 1)
    const node = new Node(due, run)
    node.insertBefore(this.#slot(due))
    return node
  }

  /** Runs what is due at `now`, in order of time, then of start. */
  advance(now: number): void {
    this.#runExpired()
    const target = Math.floor(now / tickMs)
    while (this.#tick < target) {
      this.#tick++
      this.#expire(this.#tick)
      this.#runExpired()
    }
  }

  clear(): void {
    for (const head of [...this.#slots, this.#expired]) {
      while (head.next !== head) head.next.cancel()
    }
  }

  #slot(tick: number): Node {
    return this.#slots[tick & (slotCount - 1)] as Node
  }

  #expire(tick: number): void {
    const head = this.#slot(tick)
    let node = head.next
    while (node !== head) {
      const next = node.next
      if (node.due <= tick) {
        node.unlink()
        node.insertBefore(this.#expired)
      }
      node = next
    }
  }

  #runExpired(): void {
    const head = this.#expired
    while (head.next !== head) {
      const node = head.next
      const run = node.run
      node.cancel()
      run?.()
    }
  }
}
