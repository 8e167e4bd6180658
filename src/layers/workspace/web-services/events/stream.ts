/** The events of a data centre in order, numbered; the last ones are kept for clients that come back. */
import type { Clock } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import type { ApiEvent, EventType } from '#protocols/model/http/events.ts'

/** Who may see an event: everybody signed in, or those who see all calls and the agents and DNs named. */
type Audience = 'all' | { readonly agents: ReadonlySet<string>; readonly dns: ReadonlySet<string> }

export type Entry = { readonly event: ApiEvent; readonly audience: Audience }

export type Said = {
  readonly type: EventType
  readonly subject: string
  readonly data: Record<string, unknown>
  readonly audience: Audience
  /** RFC 3339; now without it. */
  readonly time?: string
}

/** Who left may come back so long for what he missed. */
const waitFor = 60_000

export class EventStream {
  private readonly clock: Clock
  private readonly dc: string
  private readonly most: number
  private kept: Entry[] = []
  private readonly listeners = new Set<(entry: Entry) => void>()
  /** When the last one went away. */
  private leftAt: number | undefined
  /** Begins above every number given before a restart: nobody says a thousand events a millisecond. */
  private last: number

  constructor(clock: Clock, dc: string, most: number) {
    this.clock = clock
    this.dc = dc
    this.most = most
    this.last = clock.wall()
  }

  /** The number of the last event. */
  get seq(): number {
    return this.last
  }

  /** Whether anybody hears it, or may come back for it: otherwise events need not be put into words. */
  get isFollowed(): boolean {
    if (this.listeners.size > 0) return true
    return this.leftAt !== undefined && this.clock.monotonic() - this.leftAt < waitFor
  }

  /** Something happened that nobody follows: who comes later begins with a snapshot. */
  skip(): void {
    this.last += 1
    if (this.kept.length > 0) this.kept = []
  }

  say(said: Said): void {
    this.last += 1
    const entry = { event: this.numbered(said), audience: said.audience }
    this.kept.push(entry)
    // Cut now and then, not with each event.
    if (this.kept.length > this.most * 1.25) this.kept = this.kept.slice(-this.most)
    for (const listener of this.listeners) listener(entry)
  }

  /** An event that stands for the state up to now, for one client. */
  snapshot(data: Record<string, unknown>): ApiEvent {
    return this.numbered({ type: 'snapshot', subject: this.dc, data, audience: 'all' })
  }

  /** What came after `seq`; `undefined` when some of it is not kept any more. */
  since(seq: number): readonly Entry[] | undefined {
    const first = this.last - this.kept.length
    return seq < first || seq > this.last ? undefined : this.kept.slice(seq - first)
  }

  listen(listener: (entry: Entry) => void): () => void {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
      this.leftAt = this.clock.monotonic()
    }
  }

  private numbered({ type, subject, data, time }: Said): ApiEvent {
    const seq = this.last
    return {
      id: `${this.dc}-${seq}`,
      seq,
      type,
      time: time ?? timestamp(this.clock.wall()),
      dc: this.dc,
      subject,
      data,
    }
  }
}
