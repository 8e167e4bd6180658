/**
 * A named pool of clients that shares the stream: every event goes to one of them, all events of one call to the same
 * one, in the order of the spool. What a lost client had not acknowledged is told again, to the others or later.
 */

import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import type { Event } from '#protocols/tlib/events.ts'
import type { Published } from '#protocols/tlib/published.ts'
import type { Client } from '#protocols/tlib/server.ts'
import type { Stream } from './stream.ts'

type Member = {
  readonly client: Client
  /** Positions told, ascending; the first `done` of them are acknowledged. */
  told: number[]
  done: number
  /** Calls and agents assigned to it. */
  load: number
}

/** A client that has so much before it waits, and the pool with it. */
const mostQueued = 512 * 1024
/** ms until a client that waits is looked at again. */
const lookAgain = 20
const batch = 500

export class Pool {
  readonly name: string
  private readonly clock: Clock
  private readonly stream: Stream
  private readonly members: Member[] = []
  /** Who is told of a call, or of an agent. */
  private readonly assigned = new Map<string, Member>()
  /** Where the next record is that nobody here has been told. */
  private cursor: number
  /** Before this position only these are told: they were a lost client's. */
  private redo: ReadonlySet<number> = new Set()
  private redoUntil = 0
  /** Before this position lost clients have left some undone: what came after may be in a database without them. */
  private leftUntil = 0
  private pumping = false
  private pause: Timer | undefined

  constructor(name: string, clock: Clock, stream: Stream) {
    this.name = name
    this.clock = clock
    this.stream = stream
    this.cursor = stream.acknowledged(name)
  }

  /** From where the pool will be told next. */
  get position(): number {
    return this.cursor
  }

  join(client: Client): void {
    if (this.members.length === 0) this.rewind(client.from)
    this.members.push({ client, told: [], done: 0, load: 0 })
    this.pump()
  }

  /** From where a client that is about to join would be told. */
  positionFor(from: number | undefined): number {
    if (this.members.length > 0 || from === undefined || from > this.stream.next) return this.cursor
    return Math.max(1, this.cursor < this.leftUntil ? Math.min(from, this.cursor) : from)
  }

  leave(client: Client): void {
    const at = this.members.findIndex((member) => member.client === client)
    const [member] = at < 0 ? [] : this.members.splice(at, 1)
    if (member === undefined) return
    for (const [key, there] of this.assigned) if (there === member) this.assigned.delete(key)
    const open = member.told.slice(member.done)
    if (this.members.length === 0) this.restart(open[0])
    else if (open.length > 0) this.tellAgain(open)
    this.pump()
  }

  /** Everything before `position` that this client was told is in its database. */
  acknowledge(client: Client, position: number): void {
    const member = this.members.find((one) => one.client === client)
    if (member === undefined) return
    while (member.done < member.told.length && (member.told[member.done] ?? position) < position) member.done += 1
    if (member.done > 1000) {
      member.told = member.told.slice(member.done)
      member.done = 0
    }
    this.stream.acknowledge(this.name, this.unacknowledged())
  }

  /** A record was just put into the spool: told at once where the pool has kept up. */
  offer(position: number, published: Published) {
    if (position !== this.cursor || this.pumping || this.isSlow()) return this.pump()
    this.tell(position, published)
  }

  /** There may be more to read. */
  pump(): void {
    if (this.pumping || this.members.length === 0 || this.cursor >= this.stream.next) return
    this.pumping = true
    void this.read().finally(() => {
      this.pumping = false
    })
  }

  close(): void {
    this.pause?.cancel()
  }

  private async read(): Promise<void> {
    while (this.members.length > 0 && this.cursor < this.stream.next && !this.waits()) {
      const from = this.cursor
      const records = await this.stream.read(from, batch)
      if (records.length === 0) return
      for (const { position, published } of records) {
        // A client was lost meanwhile: the cursor went back.
        if (this.cursor > position || this.cursor < from || this.members.length === 0) break
        this.cursor = position
        this.tell(position, published)
      }
    }
  }

  private waits(): boolean {
    if (!this.isSlow()) return false
    this.pause?.cancel()
    this.pause = this.clock.after(lookAgain, () => this.pump())
    return true
  }

  private isSlow(): boolean {
    return this.members.some(({ client }) => client.queued > mostQueued)
  }

  private tell(position: number, published: Published): void {
    this.cursor = position + 1
    if (position < this.redoUntil && !this.redo.has(position)) return
    const { event } = published
    const key = keyOf(event)
    const member = this.assigned.get(key) ?? this.assign(key)
    if (member === undefined) return
    noteTold(member, position)
    member.client.tell(published, { position })
    if (event.name !== 'EventCallDeleted') return
    this.assigned.delete(key)
    member.load -= 1
  }

  /** To whom the fewest are assigned. */
  private assign(key: string): Member | undefined {
    let best = this.members[0]
    for (const member of this.members) if (member.load < (best?.load ?? 0)) best = member
    if (best === undefined) return undefined
    best.load += 1
    this.assigned.set(key, best)
    return best
  }

  private rewind(from: number | undefined): void {
    this.cursor = this.positionFor(from)
    this.redoUntil = 0
  }

  /** Nobody is left: who comes next goes on from what was acknowledged. */
  private restart(open: number | undefined): void {
    this.assigned.clear()
    this.redoUntil = 0
    if (open !== undefined) this.cursor = Math.min(this.cursor, open)
  }

  private tellAgain(open: readonly number[]): void {
    const left = [...this.redo].filter((position) => position >= this.cursor && position < this.redoUntil)
    this.redoUntil = Math.max(this.redoUntil, this.cursor)
    this.leftUntil = this.redoUntil
    this.redo = new Set([...left, ...open])
    this.cursor = Math.min(this.cursor, ...open)
  }

  /** The first position that is not in the database of whoever was told it. */
  private unacknowledged(): number {
    return Math.min(this.cursor, ...this.members.map(({ told, done }) => told[done] ?? Number.POSITIVE_INFINITY))
  }
}

/** What is told again comes after what follows it. */
function noteTold({ told, done }: Member, position: number): void {
  let at = told.length
  while (at > done && (told[at - 1] ?? 0) > position) at -= 1
  if (at === told.length) told.push(position)
  else told.splice(at, 0, position)
}

/** A call's events go to one client, and so do an agent's. */
function keyOf(event: Event): string {
  if ('ownerEpoch' in event) return `agent ${event.agentID ?? event.thisDN}`
  return 'callUUID' in event && event.callUUID !== undefined ? event.callUUID : 'other'
}
