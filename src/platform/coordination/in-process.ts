/** Coordination of the components of one process: the embedded default. Made once by the composition root. */
import type { Clock, Timer } from '../runtime/runtime.ts'
import type { Announcement, Coordination, Entry } from './coordination.ts'

/** One who takes part; when it leaves, as when its process dies, its announcements go and its watches end. */
export interface Member extends Coordination {
  leave(): void
}

type Held = Entry & { readonly announcement?: object }
type Keep = (entries: ReadonlyMap<string, string>) => Promise<void>
type Watch = { readonly prefix: string; changed(): void }

export class InProcessCoordination {
  readonly #entries = new Map<string, Held>()
  readonly #watches = new Set<Watch>()
  #revision = 0
  readonly #keep: Keep
  /** The last change, done or failed: they take turns. */
  #last: Promise<unknown> = Promise.resolve()

  /** `entries`: what was set in an earlier process; `keep` is given all of it before each change, which fails with it. */
  constructor(entries: ReadonlyMap<string, string> = new Map(), keep: Keep = async () => {}) {
    for (const [key, value] of entries) this.#set(key, value)
    this.#keep = keep
  }

  /** `clock` is that of the member's runtime: what it watches is told on it. */
  member(clock: Clock): Member {
    const own = new Map<string, object>()
    const watching = new Set<Timer>()
    return {
      announce: async (key, value) => {
        const announcement = {}
        own.set(key, announcement)
        this.#set(key, value, announcement)
        return this.#announcement(announcement, key, own)
      },
      watch: (prefix, changed) => {
        const watch = this.#watch(clock, prefix, changed, () => watching.delete(watch))
        watching.add(watch)
        return watch
      },
      get: async (key) => this.#get(key),
      compareAndSet: (key, revision, value) => this.#inTurn(() => this.#compareAndSet(key, revision, value)),
      leave: () => {
        for (const [key, announcement] of own) this.#withdraw(announcement, key)
        for (const watch of watching) watch.cancel()
        own.clear()
      },
    }
  }

  #announcement(announcement: object, key: string, own: Map<string, object>): Announcement {
    return {
      withdraw: async () => {
        if (own.get(key) === announcement) own.delete(key)
        this.#withdraw(announcement, key)
      },
    }
  }

  /** A later announcement under the same key has replaced this one, and stays. */
  #withdraw(announcement: object, key: string): void {
    if (this.#entries.get(key)?.announcement !== announcement) return
    this.#entries.delete(key)
    this.#revision++
    this.#tell(key)
  }

  #get(key: string): Entry | undefined {
    const held = this.#entries.get(key)
    return held && { value: held.value, revision: held.revision }
  }

  #inTurn<Outcome>(change: () => Promise<Outcome>): Promise<Outcome> {
    const outcome = this.#last.then(change)
    this.#last = outcome.catch(() => {})
    return outcome
  }

  /** Nobody hears of a value that is not kept. */
  async #compareAndSet(key: string, revision: number, value: string) {
    const done = (this.#entries.get(key)?.revision ?? 0) === revision
    if (done) {
      await this.#keep(this.#lasting().set(key, value))
      this.#set(key, value)
    }
    return { done, entry: this.#get(key) }
  }

  #set(key: string, value: string, announcement?: object): void {
    const revision = ++this.#revision
    this.#entries.set(key, announcement ? { value, revision, announcement } : { value, revision })
    this.#tell(key)
  }

  #tell(key: string): void {
    for (const watch of this.#watches) if (key.startsWith(watch.prefix)) watch.changed()
  }

  /** Changes of one turn are told together. */
  #watch(
    clock: Clock,
    prefix: string,
    changed: (entries: ReadonlyMap<string, string>) => void,
    end: () => void,
  ): Timer {
    let pending = false
    const tell = (): void => {
      pending = false
      if (this.#watches.has(watch)) changed(this.#under(prefix))
    }
    const watch: Watch = {
      prefix,
      changed() {
        if (pending) return
        pending = true
        clock.turn(tell)
      },
    }
    this.#watches.add(watch)
    watch.changed()
    return {
      cancel: () => {
        this.#watches.delete(watch)
        end()
      },
    }
  }

  #lasting(): Map<string, string> {
    const entries = [...this.#entries].filter(([, { announcement }]) => announcement === undefined)
    return new Map(entries.map(([key, { value }]) => [key, value]))
  }

  #under(prefix: string): Map<string, string> {
    const entries = [...this.#entries].filter(([key]) => key.startsWith(prefix))
    return new Map(entries.map(([key, { value }]) => [key, value]))
  }
}
