/**
 * What name servers said, kept as long as it is good: answers by their time to live, "there is none" and failures for
 * moments, and old answers on while the name servers fail (RFC 8767). Whatever they do, its size and waits are bounded.
 */
import type { Clock, Dns, Records, RecordType } from '#platform/runtime/runtime.ts'
import type { Question } from './select-servers.ts'

/** ms an answer is kept: its own time to live within these; `unknown` where none is told. */
const kept = { least: 1_000, most: 3_600_000, unknown: 60_000 }
/** ms it is remembered that there is none, and that no name server answered. */
const nothingKept = 30_000
const failureKept = 5_000
/** ms that a failure counts while the name is asked for again beside: nobody waits twice for a name that is dead. */
const failureUsed = 60_000
/** ms an answer is used beyond its time while the name servers fail. */
const staleFor = 86_400_000
/** ms that a query may take, whatever the adapter allows, and where there is an old answer (RFC 8767 §5). */
const patience = { longest: 5_000, withOld: 1_800 }
const mostEntries = 4_096
const mostQueries = 256

type Entry = {
  readonly records: readonly Records[RecordType][]
  /** When it is to be asked again. */
  readonly until: number
  /** When it was good last, by the name server's word. */
  readonly goodUntil: number
  /** Why nothing is known. */
  readonly fault?: string
}

export class RecordCache {
  private readonly dns: Dns
  private readonly clock: Clock
  private readonly entries = new Map<string, Entry>()
  /** Who waits for a query that is under way. */
  private readonly asking = new Map<string, (() => void)[]>()

  constructor(dns: Dns, clock: Clock) {
    this.dns = dns
    this.clock = clock
  }

  /** Undefined: not known, or not any more. One whose query has failed a while ago is asked again meanwhile. */
  read<T extends RecordType>(type: T, name: string): readonly Records[T][] | undefined {
    const entry = this.entries.get(`${type} ${name}`)
    if (entry === undefined) return undefined
    const late = this.clock.monotonic() - entry.until
    if (late >= 0) {
      if (entry.fault === undefined || late >= failureUsed - failureKept) return undefined
      this.ask({ type, name }, () => {})
    }
    return entry.records as readonly Records[T][]
  }

  /** Why nothing is known of a name, in words; undefined where its answer is known. */
  fault({ type, name }: Question): string | undefined {
    return this.entries.get(`${type} ${name}`)?.fault
  }

  /** `done` is called, in a later turn, when `read` has an answer, a negative one at least. */
  ask(question: Question, done: () => void): void {
    const key = `${question.type} ${question.name}`
    const waiting = this.asking.get(key)
    if (waiting !== undefined) {
      waiting.push(done)
      return
    }
    if (this.asking.size >= mostQueries) {
      this.put(key, this.failure(key, 'too many names are being looked up'))
      this.clock.turn(done)
      return
    }
    this.asking.set(key, [done])
    this.query(question, key)
  }

  private query({ type, name }: Question, key: string) {
    let over = false
    const settle = (entry: Entry) => {
      if (over) return
      over = true
      limit.cancel()
      this.put(key, entry)
      const waiting = this.asking.get(key) ?? []
      this.asking.delete(key)
      for (const done of waiting) done()
    }
    const within = this.isOld(this.entries.get(key)) ? patience.withOld : patience.longest
    const limit = this.clock.after(within, () => settle(this.failure(key, 'no name server answers')))
    this.dns.query(name, type).then(
      ({ records, ttl }) => {
        if (over) this.put(key, this.answer(records, ttl))
        else settle(this.answer(records, ttl))
      },
      (error: Error) => settle(this.failure(key, error.message)),
    )
  }

  private answer(records: Entry['records'], ttl: number | undefined): Entry {
    const ms = ttl === undefined ? kept.unknown : Math.min(Math.max(ttl * 1000, kept.least), kept.most)
    const until = this.clock.monotonic() + (records.length === 0 ? nothingKept : ms)
    return { records, until, goodUntil: until }
  }

  private failure(key: string, fault: string): Entry {
    const now = this.clock.monotonic()
    const old = this.entries.get(key)
    const until = now + failureKept
    return this.isOld(old) ? { ...old, until, fault } : { records: [], until, goodUntil: until, fault }
  }

  /** Whether it is good enough while there is no better one. */
  private isOld(entry: Entry | undefined): entry is Entry {
    return entry !== undefined && entry.records.length > 0 && this.clock.monotonic() - entry.goodUntil < staleFor
  }

  /** The newest comes last: where there is no room the oldest goes. */
  private put(key: string, entry: Entry) {
    this.entries.delete(key)
    this.entries.set(key, entry)
    if (this.entries.size <= mostEntries) return
    for (const oldest of this.entries.keys()) {
      this.entries.delete(oldest)
      return
    }
  }
}
