/**
 * Reads one node's interaction-proxy port from the position where it stopped, and stores what it reads in batches. A
 * batch is acknowledged after its commit, so each event is stored whoever crashes; its key stores it once.
 */
import type { Log } from '#platform/log/log.ts'
import type { Address, Runtime, Timer } from '#platform/runtime/runtime.ts'
import { connectTLib, type TLibClient } from '#protocols/tlib/client.ts'
import type { Event } from '#protocols/tlib/events.ts'
import type { LocalPorts } from '#protocols/tlib/local.ts'
import { arrayOf, type Published, type Told } from '#protocols/tlib/published.ts'
import type { Reading, Records } from '../records.ts'
import type { Figures } from './figures.ts'

export type NodeReaderOptions = {
  readonly runtime: Runtime
  readonly log: Log
  readonly figures: Figures
  readonly records: Pick<Records, 'begin' | 'take'>
  readonly node: string
  /** Under which its position is kept. */
  readonly reader: string
  readonly pool: string
  readonly locate: () => Address | undefined
  readonly local?: LocalPorts
  /** Events not stored yet beyond which the node is not listened to. */
  readonly mostWaiting?: number
}

/** They tell a position and are not in the spool. */
const answers = new Set<string>(['EventLinkConnected', 'EventACK'])
/** Beside the database's own work a batch costs the same whatever is in it: many events share one. */
const enough = 1000
const gathering = 200
const mostInBatch = 1000
const retryAfter = 1000

type Heard = { readonly published: Published; readonly position: number }

export class NodeReader {
  private readonly options: NodeReaderOptions
  private readonly mostWaiting: number
  private client: TLibClient | undefined
  private waiting: Heard[] = []
  /** The position after the last event received; undefined: the node shall say where to begin. */
  private next: number | undefined
  /** The position after the last event stored; what a lost client of the pool had not stored comes after later ones. */
  private stored: number | undefined
  /** Being stored, or to be stored as soon as that can be. */
  private reading: Reading | undefined
  private storing: Promise<void> | undefined
  private timer: Timer | undefined
  private failing = false
  private stopped = false

  constructor(options: NodeReaderOptions) {
    this.options = options
    this.mostWaiting = options.mostWaiting ?? 20_000
  }

  async open(): Promise<void> {
    const { records, reader, node, log, runtime } = this.options
    try {
      this.stored = await records.begin(reader, node)
      this.next = this.stored
      this.connect()
    } catch (error) {
      log.error({ node, error: String(error) }, 'where to go on cannot be read yet')
      this.timer = runtime.clock.after(retryAfter, () => void this.open())
    }
  }

  /** Events received and not yet stored. */
  get behind(): number {
    return this.waiting.length
  }

  /** Why not all is well, if so. */
  get trouble(): string | undefined {
    if (this.failing) return `events of ${this.options.node} cannot be stored`
    return this.client?.isConnected ? undefined : `${this.options.node} does not answer`
  }

  /** Resolves when everything received so far is stored, or cannot be. */
  async flush(): Promise<void> {
    while (this.waiting.length > 0 && !this.failing) await this.begin()
  }

  async stop(): Promise<void> {
    if (this.stopped) return
    await this.flush()
    this.stopped = true
    this.timer?.cancel()
    this.client?.close()
    this.client = undefined
  }

  private connect(): void {
    if (this.stopped) return
    const { runtime, log, reader, pool, locate, local } = this.options
    this.client = connectTLib({
      runtime,
      log,
      locate,
      ...(local && { local }),
      applicationName: reader,
      pool,
      from: () => this.next,
      event: (event, told, published) => this.received(event, told, published),
    })
  }

  private reconnect(): void {
    this.client?.close()
    this.connect()
  }

  private received(event: Event, told: Told, published: Published): void {
    if (event.name === 'EventLinkConnected') this.linked(told)
    const { position } = told
    if (position === undefined || answers.has(event.name)) return
    this.next = Math.max(this.next ?? 0, position + 1)
    this.waiting.push({ published, position })
    if (this.waiting.length >= this.mostWaiting) this.pause()
    if (this.waiting.length >= enough && !this.failing) void this.begin()
    else this.beginIn(gathering)
  }

  private linked(link: Told): void {
    const { log, node, runtime } = this.options
    // Events were dropped for us: the node tells them again from the position after the last one received.
    if (link.refID === undefined) runtime.clock.turn(() => this.reconnect())
    else if (link.position !== undefined && this.next !== undefined && link.position < this.next) {
      log.warn({ node, expected: this.next, position: link.position }, 'told again from an earlier position')
      this.next = link.position
    }
    // The acknowledgement of the last commit may have been lost with the connection, or with a former life.
    this.acknowledge(link.position)
  }

  /** Everything before it that was received is stored. */
  private acknowledge(most = Number.POSITIVE_INFINITY): void {
    if (this.stored === undefined) return
    const position = Math.min(most, nextOf(this.stored, this.waiting))
    this.client?.request({ name: 'RequestAcknowledge', position })
  }

  /** The store does not keep up: the node keeps the rest until it does. */
  private pause(): void {
    this.client?.close()
    this.client = undefined
  }

  private beginIn(ms: number): void {
    this.timer ??= this.options.runtime.clock.after(ms, () => {
      this.timer = undefined
      void this.begin()
    })
  }

  private begin(): Promise<void> {
    this.storing ??= this.storeAll().finally(() => {
      this.storing = undefined
    })
    return this.storing
  }

  private async storeAll(): Promise<void> {
    this.timer?.cancel()
    this.timer = undefined
    while (this.waiting.length > 0 && !this.stopped) {
      const reading = this.reading ?? this.read()
      this.reading = reading
      if (!(await this.store(reading))) return
      this.reading = undefined
      this.waiting = this.waiting.slice(reading.positions.length)
      this.stored = Math.max(this.stored ?? 0, ...reading.positions.map((position) => position + 1))
      this.acknowledge()
      if (!this.client && this.waiting.length < this.mostWaiting / 2) this.connect()
    }
  }

  private read(): Reading {
    const { reader, node } = this.options
    const heard = this.waiting.slice(0, mostInBatch)
    const positions = heard.map(({ position }) => position)
    const last = Math.max(this.stored ?? 0, ...positions.map((position) => position + 1))
    const next = nextOf(last, this.waiting.slice(mostInBatch))
    return { reader, node, positions, next, events: arrayOf(heard.map(({ published }) => published)) }
  }

  private async store(reading: Reading): Promise<boolean> {
    const { records, figures, node, log } = this.options
    try {
      const { missing, conflicts } = await records.take(reading)
      for (const conflict of conflicts) log.error({ node, ...conflict }, 'an event is stored already with another body')
      figures.stored(reading.positions.length, missing, conflicts.length)
      this.failing = false
      return true
    } catch (error) {
      log.error({ node, error: String(error) }, 'events cannot be stored yet')
      this.failing = true
      this.beginIn(retryAfter)
      return false
    }
  }
}

/** From where to go on: not beyond anything that waits. */
const nextOf = (stored: number, waiting: readonly Heard[]): number =>
  waiting.reduce((lowest, { position }) => Math.min(lowest, position), stored)
