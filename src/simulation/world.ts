/**
 * A world in one process: virtual time, network and disks, from one seed. Nothing happens but while one of `run`,
 * `runUntil` and `complete` is awaited; after each event the promise queue is drained, so the same seed gives the same
 * run to the last byte.
 */
import { createHash } from 'node:crypto'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { VirtualDisk } from './disk.ts'
import { type Event, EventQueue } from './event-queue.ts'
import { Life } from './host.ts'
import type { Links } from './links.ts'
import { NameServers } from './name-servers.ts'
import { Network } from './network.ts'
import { hash32, Stream } from './stream.ts'

/** The first moment on every wall clock: 2026-01-01T00:00:00Z. */
const wallStart = 1_767_225_600_000
const defaultLimit = 60_000
/** More events than this at one moment is a loop, not a workload. */
const eventsPerMoment = 100_000

type Host = {
  readonly life: Life
  readonly runtime: Runtime
  readonly disk: VirtualDisk
  /** Nothing happens on it before. */
  pausedUntil: number
  /** What could not happen yet. An event loop looks at its timers at each turn, however much else there is. */
  readonly timers: Event[]
  readonly packets: Event[]
  /** ms of work so far. */
  busy: number
}

export class World {
  readonly seed: number
  readonly #hosts = new Map<string, Host>()
  readonly #queue: EventQueue
  readonly #network: Network
  /** What its hosts learn of names. */
  readonly nameServers = new NameServers()
  readonly #trace = createHash('sha256')
  #now = 0
  #eventsNow = 0
  #running = false
  /** Events so far. */
  events = 0

  constructor(seed = 1) {
    this.seed = seed
    this.#queue = new EventQueue((host, time) => hash32(`${seed}/${host}/${time}`))
    const record = (what: string, bytes?: Buffer): void => this.#record(what, bytes)
    const isUp = (name: string): boolean => this.#hosts.get(name)?.life.alive ?? false
    this.#network = new Network({
      queue: this.#queue,
      now: () => this.#now,
      random: new Stream(seed, 'network'),
      record,
      isUp,
    })
  }

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now
  }

  /** Whether nothing is left that could happen: no timer runs, nothing is on its way. */
  get idle(): boolean {
    return this.#queue.peek() === undefined
  }

  /** Timers of this host that run, and what is on its way there. */
  pending(host: string): number {
    return this.#queue.pending(host)
  }

  /** Delays and faults between hosts. */
  get links(): Links {
    return this.#network.links
  }

  /** The runtime of a host; the first call starts the host, one after its crash starts it again, its disk kept. */
  host(name: string): Runtime {
    const known = this.#hosts.get(name)
    if (known?.life.alive) return known.runtime
    const disk = known?.disk ?? new VirtualDisk(new Stream(this.seed, 'disk', name))
    const life = new Life(name, (known?.life.number ?? 0) + 1, this.seed, this.#queue, () => this.#now)
    life.skew = known?.life.skew ?? 0
    const runtime = this.#runtimeOf(life, disk)
    this.#hosts.set(name, { life, runtime, disk, pausedUntil: 0, timers: [], packets: [], busy: 0 })
    return runtime
  }

  /** Randomness of its own for a workload or a plan of faults. */
  random(purpose: string): Stream {
    return new Stream(this.seed, 'world', purpose)
  }

  /**
   * Ends a host at once. `power`: unsynced bytes are lost and its peers hear nothing. `process`: only the program is
   * killed; the kernel keeps what it wrote and closes its connections.
   */
  crash(name: string, what: 'power' | 'process' = 'power'): void {
    const host = this.#up(name)
    host.life.alive = false
    this.#network.crash(host.life, what === 'process')
    if (what === 'power') host.disk.losePower()
    this.#record(`crash ${name} ${what}`)
  }

  /** The host stands still (SIGSTOP, a long garbage collection); what came meanwhile happens late. */
  pause(name: string, ms: number): void {
    this.#up(name).pausedUntil = this.#now + ms
  }

  /** The host has so much to do, when what it got before is done; what comes meanwhile waits. Nothing else takes time. */
  work(name: string, ms: number): void {
    const host = this.#up(name)
    const begin = (): void => {
      host.pausedUntil = this.#now + ms
      host.busy += ms
    }
    this.#queue.push(this.#now, name, begin, true)
  }

  /** Steps the wall clock of a host. */
  skew(name: string, ms: number): void {
    this.#up(name).life.skew += ms
  }

  /** Every write on the host's disk fails for this reason, until called without one. */
  failDisk(name: string, reason?: string): void {
    this.#up(name).disk.broken = reason
  }

  /** Lets time pass. */
  async run(ms: number): Promise<void> {
    const until = this.#now + ms
    await this.#while(() => {
      const next = this.#queue.peek()
      return next !== undefined && next.time <= until
    })
    this.#setTime(until)
  }

  /** Lets things happen until `condition` holds; fails when it does not within `limit` or nothing is left to happen. */
  async runUntil(condition: () => boolean, limit = defaultLimit): Promise<void> {
    const until = this.#now + limit
    await this.#while(() => {
      if (condition()) return false
      const next = this.#queue.peek()
      if (next === undefined) throw this.#failure('nothing can happen any more and the condition does not hold')
      if (next.time > until) throw this.#failure(`the condition did not come true in ${limit / 1000} s`)
      return true
    })
  }

  /** Lets things happen until `promise` is settled, and gives its result. */
  async complete<T>(promise: Promise<T>, limit = defaultLimit): Promise<T> {
    let settled = false
    const mark = (): void => {
      settled = true
    }
    promise.then(mark, mark)
    await this.runUntil(() => settled, limit)
    return promise
  }

  /** A digest of everything that was delivered so far, and when. */
  trace(): string {
    return this.#trace.copy().digest('hex')
  }

  async #while(goOn: () => boolean): Promise<void> {
    if (this.#running) throw new Error('the world is already running: await the call before')
    this.#running = true
    try {
      await drained()
      while (goOn()) {
        this.#next()
        await drained()
      }
    } finally {
      this.#running = false
    }
  }

  #next(): void {
    const event = this.#queue.pop()
    if (!event?.run) return
    this.#setTime(event.time)
    const host = this.#hosts.get(event.host)
    if (host === undefined) this.#happen(event)
    else if (host.pausedUntil <= this.#now && isIdle(host)) this.#happen(event)
    else this.#wait(host, event)
  }

  #wait(host: Host, event: Event): void {
    if (isIdle(host)) this.#wakeLater(host)
    const queue = event.packet ? host.packets : host.timers
    queue.push(event)
  }

  #happen({ run }: Event): void {
    this.events++
    if (++this.#eventsNow > eventsPerMoment) throw this.#failure('time stands still: something starts itself for ever')
    run?.()
  }

  #wakeLater(host: Host): void {
    this.#queue.push(Math.max(this.#now, host.pausedUntil), '', () => {
      const next = host.pausedUntil > this.#now ? undefined : (host.timers.shift() ?? host.packets.shift())
      if (!isIdle(host)) this.#wakeLater(host)
      if (next?.run !== undefined) this.#happen(next)
    })
  }

  #setTime(time: number): void {
    if (time === this.#now) return
    this.#now = time
    this.#eventsNow = 0
  }

  #up(name: string): Host {
    const host = this.#hosts.get(name)
    if (!host?.life.alive) throw new Error(`there is no host ${name} that is up`)
    return host
  }

  #record(what: string, bytes?: Buffer): void {
    this.#trace.update(`${this.#now} ${this.events} ${what} ${bytes?.length ?? 0}\n`)
    if (bytes) this.#trace.update(bytes)
  }

  #failure(what: string): Error {
    return new Error(`${what} (at ${(this.#now / 1000).toFixed(3)} s, seed ${this.seed}, ${this.events} events)`)
  }

  #runtimeOf(life: Life, disk: VirtualDisk): Runtime {
    return {
      clock: {
        monotonic: () => this.#now,
        wall: () => Math.floor(wallStart + this.#now + life.skew),
        busy: () => this.#hosts.get(life.host)?.busy ?? 0,
        after: (ms, run) => life.after(ms, run),
        turn: (run) => void life.after(0, run),
      },
      random: life.random,
      net: this.#network.of(life),
      dns: this.nameServers.of(life),
      disk: disk.of(life),
    }
  }
}

const isIdle = ({ timers, packets }: Host): boolean => timers.length + packets.length === 0

/** All promises that can go on have gone on: microtasks and ticks come before the check phase. */
const drained = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
