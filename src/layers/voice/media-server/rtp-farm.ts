/**
 * The RTP threads of a media server and the legs on them. Legs of one conference are on one thread; a thread that ends
 * by itself is replaced, and its legs are told.
 */
import type { Log } from '#platform/log/log.ts'
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import { NoRtpPorts } from './errors.ts'
import { PortPool } from './port-pool.ts'
import type { Command, Figures, OpenRtpWorker, Report, RtpOptions, RtpWorker } from './rtp/channel.ts'

type LegCommand = Command extends infer C ? (C extends Command ? Omit<C, 'leg'> : never) : never

/** Told what happens on a leg; nothing after it was closed. */
export interface LegUser {
  digit(digit: string): void
  played(play: number): void
  generated(generate: number, sent: boolean): void
  silent(seconds: number): void
  resumed(): void
  /** Its thread has ended. */
  lost(): void
}

/** An open leg. */
export interface LegPort {
  readonly port: number
  run(command: LegCommand): void
  close(): void
}

export type FarmOptions = {
  readonly rtp: RtpOptions
  readonly ports: { readonly first: number; readonly last: number }
  readonly workers: number
  readonly open: OpenRtpWorker
  readonly clock: Clock
  readonly log: Log
}

/** Ports of ours that somebody else has taken are passed over so many times. */
const mostTries = 10
/**
 * Legs of each thread whose ports are bound ahead, so that a call is answered at once and not when its thread has been
 * woken and has answered: half of them come together.
 */
const mostSpare = 32

/** ms until a thread that did not start is tried again; doubled at each failure, up to the second figure. */
const firstRetry = 100
const longestRetry = 5_000

type Thread = {
  worker: RtpWorker | undefined
  retry: Timer | undefined
  /** All of them, by id. */
  readonly legs: Map<number, FarmLeg>
  /** Those that nobody uses yet, the oldest first: the others may still be being opened. */
  spare: FarmLeg[]
  figures: Figures | undefined
}

export class RtpFarm {
  private readonly options: FarmOptions
  private readonly pool: PortPool
  private readonly threads: Thread[]
  private readonly conferences = new Map<string, { readonly thread: Thread; legs: number }>()
  /** What threads that are gone had counted. */
  private readonly past: Figures[] = []
  private lastLeg = 0
  /** Why the last port that was asked for could not be bound, where that is not of this port alone. */
  fault: string | undefined
  private isClosed = false

  constructor(options: FarmOptions) {
    this.options = options
    this.pool = new PortPool(options.ports.first, options.ports.last)
    this.threads = Array.from({ length: options.workers }, () => ({
      worker: undefined,
      retry: undefined,
      legs: new Map(),
      spare: [],
      figures: undefined,
    }))
  }

  /** Throws `NoRtpPorts`. */
  async start(): Promise<void> {
    const { first, last } = this.options.ports
    if (this.pool.size === 0)
      throw new NoRtpPorts(`there is no even one from rtp.first, ${first}, to rtp.last, ${last}`)
    try {
      await Promise.all(this.threads.map((thread) => this.begin(thread)))
    } catch (error) {
      throw new NoRtpPorts(`${reasonOf(error)}; see rtp.hosts, and how many files may be open`, { cause: error })
    }
  }

  /** Threads that are being replaced. */
  get missing(): number {
    return this.threads.filter((thread) => thread.worker === undefined).length
  }

  /** How many legs can be open at once, and how many are. */
  get ports(): number {
    return this.pool.size
  }
  get legs(): number {
    return this.threads.reduce((sum, thread) => sum + used(thread), 0)
  }

  /** Of all threads since the start. */
  figures(): readonly Figures[] {
    return [...this.past, ...this.threads.flatMap((thread) => thread.figures ?? [])]
  }

  has(conference: string): boolean {
    return this.conferences.has(conference)
  }

  /**
   * Opens a leg on a port of its own; `opened` gets it, at once where one was opened ahead, or undefined where no port is
   * left. Closing it before is fine.
   */
  leg(conference: string | undefined, user: LegUser, opened: (leg: LegPort | undefined) => void): { close(): void } {
    const thread = this.threadFor(conference)
    if (thread === undefined) {
      opened(undefined)
      return { close() {} }
    }
    const leg = thread.spare.shift() ?? this.open(thread)
    if (conference !== undefined) this.enter(conference, thread)
    leg.use(user, opened, () => this.leave(conference))
    this.stock(thread)
    return leg
  }

  async close(): Promise<void> {
    this.isClosed = true
    for (const { retry } of this.threads) retry?.cancel()
    await Promise.all(this.threads.map(({ worker }) => worker?.close()))
  }

  private async begin(thread: Thread): Promise<void> {
    const { open, rtp, log } = this.options
    const worker = await open(
      rtp,
      (report) => this.report(thread, report),
      (error) => {
        log.error({ error: error.message }, 'an RTP thread ended; its legs are lost')
        this.replace(thread)
      },
    )
    if (this.isClosed) {
      await worker.close()
      return
    }
    thread.worker = worker
    this.stock(thread)
  }

  private replace(thread: Thread) {
    thread.worker = undefined
    if (thread.figures !== undefined) this.past.push(thread.figures)
    thread.figures = undefined
    thread.spare = []
    for (const leg of [...thread.legs.values()]) leg.lose()
    if (!this.isClosed) void this.beginAgain(thread, firstRetry)
  }

  private async beginAgain(thread: Thread, wait: number): Promise<void> {
    const { clock, log } = this.options
    try {
      await this.begin(thread)
    } catch (error) {
      if (this.isClosed) return
      log.error({ error: reasonOf(error), wait }, 'an RTP thread does not start; it is tried again')
      thread.retry = clock.after(wait, () => void this.beginAgain(thread, Math.min(longestRetry, 2 * wait)))
    }
  }

  private report(thread: Thread, report: Report) {
    if (report.type === 'figures') {
      thread.figures = report.figures
      return
    }
    const leg = thread.legs.get(report.leg)
    if (report.type === 'refused') return this.refused(leg, report.fault)
    if (report.type === 'opened') this.fault = undefined
    leg?.tell(report)
  }

  private refused(leg: FarmLeg | undefined, fault: string | undefined) {
    if (fault !== undefined && this.fault === undefined)
      this.options.log.error({ fault }, 'an RTP port cannot be bound')
    this.fault = fault ?? this.fault
    if (leg !== undefined) this.bind(leg, fault === undefined)
  }

  /** The thread of its conference, else the one with the fewest legs. */
  private threadFor(conference: string | undefined): Thread | undefined {
    const known = conference === undefined ? undefined : this.conferences.get(conference)
    if (known !== undefined) return known.thread
    let best: Thread | undefined
    for (const thread of this.threads)
      if (this.hasRoom(thread) && (best === undefined || used(thread) < used(best))) best = thread
    return best
  }

  private hasRoom({ worker, spare }: Thread): boolean {
    return worker !== undefined && (spare.length > 0 || this.pool.left > 0)
  }

  /** Opens legs ahead, but never the last ports: those are for whichever thread needs one. */
  private stock(thread: Thread) {
    const has = thread.spare.length
    if (2 * has > mostSpare) return
    const most = Math.min(mostSpare - has, Math.floor(this.pool.left / (2 * this.threads.length)))
    for (let count = 0; count < most; count++) thread.spare.push(this.open(thread))
  }

  private open(thread: Thread): FarmLeg {
    this.lastLeg += 1
    const leg = new FarmLeg(
      this.lastLeg,
      (command) => thread.worker?.run(command),
      () => {
        thread.legs.delete(leg.id)
        if (thread.spare.includes(leg)) thread.spare = thread.spare.filter((one) => one !== leg)
        if (leg.port !== 0) this.pool.give(leg.port)
      },
    )
    thread.legs.set(leg.id, leg)
    this.bind(leg)
    return leg
  }

  private enter(id: string, thread: Thread) {
    const conference = this.conferences.get(id)
    if (conference === undefined) this.conferences.set(id, { thread, legs: 1 })
    else conference.legs += 1
  }

  private leave(id: string | undefined) {
    const conference = id === undefined ? undefined : this.conferences.get(id)
    if (id === undefined || conference === undefined) return
    conference.legs -= 1
    if (conference.legs === 0) this.conferences.delete(id)
  }

  /** Tries the next port, or gives it up. */
  private bind(leg: FarmLeg, tries = true) {
    const port = tries && leg.tries < mostTries ? this.pool.take() : undefined
    if (leg.port !== 0) this.pool.give(leg.port)
    leg.bind(port)
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Legs that somebody uses or waits for. */
const used = ({ legs, spare }: Thread): number => legs.size - spare.length

class FarmLeg implements LegPort {
  readonly id: number
  port = 0
  tries = 0
  private readonly toThread: (command: Command) => void
  /** Its port is free again. */
  private readonly freed: () => void
  private user: LegUser = nobody
  private opened: ((leg: LegPort | undefined) => void) | undefined
  private left: (() => void) | undefined
  private isOpen = false
  private isClosed = false

  constructor(id: number, toThread: (command: Command) => void, freed: () => void) {
    this.id = id
    this.toThread = toThread
    this.freed = freed
  }

  /** `opened` is told as soon as it is known; `left`: it is closed or lost. */
  use(user: LegUser, opened: (leg: LegPort | undefined) => void, left: () => void): void {
    this.user = user
    this.opened = opened
    this.left = left
    if (this.isOpen) this.tellOpened(this)
    if (!this.isClosed) return
    left()
    this.tellOpened(undefined)
  }

  bind(port: number | undefined): void {
    this.tries += 1
    this.port = port ?? 0
    if (port === undefined) {
      this.end()
      this.tellOpened(undefined)
    } else this.run({ type: 'open', port })
  }

  run(command: LegCommand): void {
    if (!this.isClosed) this.toThread({ ...command, leg: this.id } as Command)
  }

  close(): void {
    if (this.isClosed) return
    this.run({ type: 'close' })
    this.end()
  }

  lose(): void {
    this.end()
    if (this.opened === undefined) this.user.lost()
    else this.tellOpened(undefined)
  }

  tell(report: Exclude<Report, { type: 'figures' | 'refused' }>) {
    const { user } = this
    switch (report.type) {
      case 'opened':
        this.isOpen = true
        return this.tellOpened(this)
      case 'played':
        return user.played(report.play)
      case 'generated':
        return user.generated(report.generate, report.sent)
      case 'digit':
        return user.digit(report.digit)
      case 'silent':
        return user.silent(report.seconds)
      case 'resumed':
        return user.resumed()
    }
  }

  private end() {
    this.isClosed = true
    this.isOpen = false
    this.freed()
    this.left?.()
  }

  private tellOpened(leg: LegPort | undefined) {
    const { opened } = this
    this.opened = undefined
    opened?.(leg)
  }
}

const nobody: LegUser = { digit() {}, played() {}, generated() {}, silent() {}, resumed() {}, lost() {} }
