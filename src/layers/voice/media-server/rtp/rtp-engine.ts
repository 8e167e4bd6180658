/** All legs of one thread: commands and packets in, packets and reports out, on one tick of 20 ms for all of them. */
import { AddressInUse } from '#platform/runtime/errors.ts'
import type { Command, DropReason, Figures, Prompt, Report, RtpOptions } from './channel.ts'
import { DigitSender } from './digit-sender.ts'
import { Leg, type LegOwner } from './leg.ts'
import { Conference } from './mixer.ts'
import { OutgoingStream } from './outgoing-stream.ts'
import { PromptPlayer } from './prompt-player.ts'
import { bindAll, type Receive, type RtpSocket, type Sockets } from './sockets.ts'
import { Ticker, type Time } from './ticker.ts'

export type EngineOptions = RtpOptions & {
  readonly sockets: Sockets
  readonly time: Time
  /** An unsigned number of 32 bits that nobody can guess (RFC 3550 §5.1). */
  random(): number
}

/** Ticks between two looks at every leg, and between two sets of figures. */
const watchTicks = 5
const figuresTicks = 50

export class RtpEngine implements LegOwner {
  readonly silenceMs: number
  readonly count = { received: 0, sent: 0, dropped: noDrops() }
  private readonly options: EngineOptions
  private readonly told: (report: Report) => void
  private readonly prompts: ReadonlyMap<string, Prompt>
  private readonly ticker: Ticker
  private readonly legs = new Map<number, Leg>()
  /** Ports of legs that nothing has been asked of yet: they cost no tick. */
  private readonly idle = new Map<number, RtpSocket>()
  private readonly conferences = new Map<string, Conference>()
  /** Legs whose port is being bound, and those that are given up meanwhile. */
  private readonly opening = new Set<number>()
  /** Ticks of the next look at every leg, and of the next figures. */
  private watchAt = 0
  private figuresAt = 0
  private isClosed = false

  constructor(options: EngineOptions, told: (report: Report) => void) {
    this.options = options
    this.silenceMs = options.silenceMs
    this.told = told
    this.prompts = new Map(options.prompts.map((prompt) => [prompt.name, prompt]))
    this.ticker = new Ticker(options.time, () => this.advance())
  }

  get tick(): number {
    return this.ticker.tick
  }

  tell(report: Report): void {
    this.told(report)
  }

  newStream(): OutgoingStream {
    const { random } = this.options
    // RFC 3550 §5.1: sequence number and timestamp begin anywhere; RFC 3711 §3.3.1: the first packets must not be those
    // before a rollover, since who misses them counts no rollover.
    return new OutgoingStream({ ssrc: random(), sequence: random() & 0x7fff, timestamp: random() | 0 }, this.tick)
  }

  /** Rejects where no port can be bound at its addresses, whichever it is. */
  async check(): Promise<void> {
    const socket = await bindAll(this.options.sockets, this.options.hosts, 0, () => {})
    await socket.close()
  }

  run(command: Command): void {
    if (command.type === 'open') {
      void this.open(command.leg, command.port)
      return
    }
    const { leg: id } = command
    const leg = this.legs.get(id) ?? this.begin(id)
    if (leg !== undefined) this.apply(leg, command)
    else if (command.type === 'close') this.opening.delete(id)
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.ticker.stop()
    this.opening.clear()
    const open = [...this.legs.values(), ...this.idle.values()]
    this.legs.clear()
    this.idle.clear()
    await Promise.all(open.map((one) => one.close()))
  }

  figures(): Figures {
    const { received, sent, dropped } = this.count
    const { late, lost } = this.ticker
    return { received, sent, dropped: { ...dropped }, lateTicks: late, lostTicks: lost }
  }

  private apply(leg: Leg, command: Exclude<Command, { type: 'open' }>) {
    switch (command.type) {
      case 'connect':
        return leg.connect(command.stream)
      case 'join':
        return this.join(leg, command.conference)
      case 'echo':
        leg.isEcho = true
        return
      case 'play':
        leg.player = new PromptPlayer(command.play, this.promptsOf(command.prompts), command.iterate)
        return
      case 'stopPlay':
        leg.player = undefined
        return
      case 'generate':
        return this.generate(leg, command)
      case 'stopGenerate':
        leg.sender = undefined
        return
      case 'close':
        return this.remove(leg)
    }
  }

  private async open(id: number, port: number) {
    this.opening.add(id)
    const receive: Receive = (packet, host, from) => this.legs.get(id)?.receive(packet, host, from)
    let socket: RtpSocket
    try {
      socket = await bindAll(this.options.sockets, this.options.hosts, port, receive)
    } catch (error) {
      if (this.opening.delete(id)) this.tell({ type: 'refused', leg: id, fault: faultOf(error) })
      return
    }
    if (!this.opening.delete(id) || this.isClosed) {
      await socket.close()
      return
    }
    this.idle.set(id, socket)
    this.tell({ type: 'opened', leg: id })
  }

  private begin(id: number): Leg | undefined {
    const socket = this.idle.get(id)
    if (socket === undefined) return undefined
    this.idle.delete(id)
    this.ticker.start()
    const leg = new Leg(this, id, socket)
    this.legs.set(id, leg)
    return leg
  }

  private remove(leg: Leg) {
    const { conference } = leg
    this.legs.delete(leg.id)
    void leg.close()
    if (conference?.size === 0) this.conferences.delete(conference.id)
  }

  private join(leg: Leg, id: string) {
    const conference = this.conferences.get(id) ?? new Conference(id)
    this.conferences.set(id, conference)
    leg.conference = conference
    conference.add(leg)
  }

  private promptsOf(names: readonly string[]): Prompt[] {
    return names.flatMap((name) => this.prompts.get(name) ?? [])
  }

  private generate(leg: Leg, { generate, digits, duration, interval }: Extract<Command, { type: 'generate' }>) {
    if (leg.takesEvents) leg.sender = new DigitSender(generate, digits, duration, interval)
    else this.tell({ type: 'generated', leg: leg.id, generate, sent: false })
  }

  private advance() {
    for (const conference of this.conferences.values()) if (conference.isMixed) conference.mix()
    for (const leg of this.legs.values()) leg.send()
    // Not by remainder: ticks are left out where a thread cannot keep up.
    if (this.tick >= this.watchAt) {
      this.watchAt = this.tick + watchTicks
      for (const leg of this.legs.values()) leg.watch()
    }
    if (this.tick < this.figuresAt) return
    this.figuresAt = this.tick + figuresTicks
    this.tell({ type: 'figures', figures: this.figures() })
    // Not with the last leg: the next one may come in a moment.
    if (this.legs.size === 0) this.ticker.stop()
  }
}

/** Why no port can be bound, and not this one alone. */
const faultOf = (error: unknown): string | undefined =>
  error instanceof AddressInUse ? undefined : error instanceof Error ? error.message : String(error)

const noDrops = (): Record<DropReason, number> => ({
  source: 0,
  malformed: 0,
  security: 0,
  payload: 0,
  direction: 0,
  late: 0,
})
