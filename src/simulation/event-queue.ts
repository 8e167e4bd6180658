/**
 * What will happen, ordered by time, then by a tie-break of the seed. The tie-break is one number per host and time:
 * each host is one event loop that keeps its order, the hosts among themselves take turns as the seed says.
 */
export type Event = {
  readonly time: number
  readonly tie: number
  readonly sequence: number
  readonly host: string
  /** What came over the network, or is work. */
  readonly packet: boolean
  /** Undefined when it was cancelled. */
  run: (() => void) | undefined
}

export class EventQueue {
  readonly #heap: Event[] = []
  readonly #tie: (host: string, time: number) => number
  #sequence = 0

  constructor(tie: (host: string, time: number) => number) {
    this.#tie = tie
  }

  push(time: number, host: string, run: () => void, packet = false): Event {
    const event: Event = { time, tie: this.#tie(host, time), sequence: this.#sequence++, host, packet, run }
    this.#heap.push(event)
    this.#up(this.#heap.length - 1)
    return event
  }

  /** How many events of this host have not been cancelled. */
  pending(host: string): number {
    return this.#heap.reduce((count, event) => (event.run && event.host === host ? count + 1 : count), 0)
  }

  /** The next event that was not cancelled, without taking it. */
  peek(): Event | undefined {
    while (this.#heap[0] && !this.#heap[0].run) this.#take()
    return this.#heap[0]
  }

  pop(): Event | undefined {
    return this.peek() && this.#take()
  }

  #take(): Event | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (last && last !== first) {
      this.#heap[0] = last
      this.#down(0)
    }
    return first
  }

  #up(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (before(this.#heap[parent] as Event, this.#heap[at] as Event)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #down(from: number): void {
    let at = from
    for (;;) {
      const left = 2 * at + 1
      if (left >= this.#heap.length) return
      const right = left + 1
      const useRight = right < this.#heap.length && before(this.#heap[right] as Event, this.#heap[left] as Event)
      const child = useRight ? right : left
      if (before(this.#heap[at] as Event, this.#heap[child] as Event)) return
      this.#swap(at, child)
      at = child
    }
  }

  #swap(one: number, other: number): void {
    const event = this.#heap[one] as Event
    this.#heap[one] = this.#heap[other] as Event
    this.#heap[other] = event
  }
}

const before = (one: Event, other: Event): boolean =>
  one.time !== other.time
    ? one.time < other.time
    : one.tie !== other.tie
      ? one.tie < other.tie
      : one.sequence < other.sequence
