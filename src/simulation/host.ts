/** One virtual host: what the network and the disk know of it, and whether it is up. */
import type { Timer } from '#platform/runtime/runtime.ts'
import type { Event, EventQueue } from './event-queue.ts'
import { Stream } from './stream.ts'

/**
 * One life of a host, from its start to its crash. Whatever a dead life still has in its hands — timers, sockets,
 * promises — does nothing any more.
 */
export class Life {
  readonly host: string
  readonly number: number
  readonly random: Stream
  readonly #queue: EventQueue
  readonly #now: () => number
  alive = true
  /** Added to the wall clock: skew. */
  skew = 0

  constructor(host: string, number: number, seed: number, queue: EventQueue, now: () => number) {
    this.host = host
    this.number = number
    this.random = new Stream(seed, 'host', host, number)
    this.#queue = queue
    this.#now = now
  }

  get now(): number {
    return this.#now()
  }

  after(ms: number, run: () => void): Timer {
    const event: Event = this.#queue.push(this.#now() + Math.max(0, ms), this.host, () => {
      if (this.alive) run()
    })
    return {
      cancel() {
        event.run = undefined
      },
    }
  }

  /** A promise that a crash leaves open for ever, as it would the program that waits for it. */
  later<T>(ms: number, produce: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.after(ms, () => {
        try {
          resolve(produce())
        } catch (error) {
          reject(error)
        }
      })
    })
  }
}
