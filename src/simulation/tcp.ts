/** One side of a virtual TCP connection: bytes in order, closed by either side, or left half-open by a crash. */
import type { Address, Connection } from '#platform/runtime/runtime.ts'
import type { Life } from './host.ts'
import type { Link } from './links.ts'
import type { Stream } from './stream.ts'

/** The way from one side to the other. */
export type Pipe = {
  link(): Link
  readonly random: Stream
  now(): number
  schedule(time: number, run: () => void): void
  record(what: string, bytes?: Buffer): void
  /** Whether the machine over there is up, in whatever life. */
  isUp(): boolean
}

type Segment = { bytes: Buffer } | { close: 'end' | 'reset' }

const retransmission = 200
const endLimit = 2_000

export class VirtualConnection implements Connection {
  readonly local: Address
  readonly remote: Address
  readonly life: Life
  readonly listener: object | undefined
  readonly #pipe: Pipe
  #peer: VirtualConnection | undefined
  #data: ((bytes: Buffer) => void) | undefined
  #closed: ((error?: Error) => void) | undefined
  /** Written in this turn, not yet sent. */
  #written: Buffer[] = []
  /** Sent and not yet delivered. */
  #inFlight: Segment[] = []
  /** Came before somebody asked for it. */
  #early: Buffer[] = []
  #moving = false
  #notBefore = 0
  queued = 0
  #ended = false
  #gone: { error?: Error } | undefined
  #forget: () => void = () => {}

  constructor(life: Life, local: Address, remote: Address, pipe: Pipe, listener: object | undefined) {
    this.life = life
    this.local = local
    this.remote = remote
    this.#pipe = pipe
    this.listener = listener
  }

  /** `from`: when the dialler learns that it is connected; nothing reaches it before. */
  joinTo(accepted: VirtualConnection, from: number): void {
    this.#peer = accepted
    accepted.#peer = this
    accepted.#notBefore = from
  }

  whenGone(forget: () => void): void {
    this.#forget = forget
  }

  receive(data: (bytes: Buffer) => void, closed: (error?: Error) => void): void {
    this.#data = data
    this.#closed = closed
    const gone = this.#gone
    if (this.#early.length > 0) this.life.after(0, () => this.#giveEarly())
    if (gone) this.life.after(0, () => closed(gone.error))
  }

  write(bytes: Buffer): void {
    if (this.#ended || !this.life.alive) return
    if (this.#written.length === 0) this.life.after(0, () => this.#flush())
    this.#written.push(bytes)
    this.queued += bytes.length
  }

  end(): void {
    if (this.#ended || !this.life.alive) return
    this.#flush()
    this.#ended = true
    this.#data = undefined
    this.#send({ close: 'end' })
    this.life.after(endLimit, () => this.#leave())
  }

  destroy(): void {
    if (this.#gone || !this.life.alive) return
    this.#written = []
    this.#data = undefined
    this.#ended = true
    this.#send({ close: 'end' })
    this.#leave()
  }

  /** The life that held this side is over. */
  die(tellPeer: boolean): void {
    this.#written = []
    this.#ended = true
    if (tellPeer) this.#send({ close: 'reset' })
    else this.#inFlight = []
    this.#gone = {}
    this.#forget()
  }

  /** The link may be whole again. */
  resume(): void {
    this.#move()
  }

  #giveEarly(): void {
    const early = this.#early
    this.#early = []
    for (const bytes of early) this.#data?.(bytes)
  }

  #flush(): void {
    if (this.#written.length === 0) return
    const bytes = Buffer.concat(this.#written)
    this.#written = []
    const { random } = this.#pipe
    const cut = random.chance(this.#pipe.link().split) ? random.below(bytes.length) : 0
    if (cut > 0) this.#send({ bytes: bytes.subarray(0, cut) })
    this.#send({ bytes: bytes.subarray(cut) })
  }

  #send(segment: Segment): void {
    this.#inFlight.push(segment)
    this.#move()
  }

  /** One segment at a time is on its way, so that they keep their order. */
  #move(): void {
    if (this.#moving || this.#inFlight.length === 0) return
    const { random } = this.#pipe
    const link = this.#pipe.link()
    if (link.cut) return
    this.#moving = true
    const again = random.chance(link.loss) ? retransmission : 0
    const time = Math.max(this.#notBefore, this.#pipe.now() + random.between(...link.delay) + again)
    this.#pipe.schedule(time, () => {
      this.#moving = false
      if (!this.#pipe.link().cut) this.#arrive()
      this.#move()
    })
  }

  /** Everything that waited behind the first comes with it: delays do not add up. */
  #arrive(): void {
    const segments = this.#inFlight
    this.#inFlight = []
    for (const segment of segments) {
      const peer = this.#peer?.life.alive ? this.#peer : undefined
      if (!peer && !this.#pipe.isUp()) continue
      if ('bytes' in segment) this.queued -= segment.bytes.length
      if (peer) peer.#take(segment)
      // A machine that came back knows nothing of this connection and says so.
      else this.#leave(new Error('connection reset by peer'))
    }
    if (this.#gone) this.#forget()
  }

  #take(segment: Segment): void {
    if (this.#gone) return
    if ('bytes' in segment) {
      this.#pipe.record(`tcp ${this.remote.port} ${this.local.port}`, segment.bytes)
      if (this.#closed === undefined || this.#early.length > 0) this.#early.push(segment.bytes)
      else this.#data?.(segment.bytes)
      return
    }
    if (segment.close === 'reset') {
      this.#leave(new Error('connection reset by peer'))
      return
    }
    this.end()
    this.#leave()
  }

  #leave(error?: Error): void {
    if (this.#gone) return
    this.#ended = true
    this.#gone = error ? { error } : {}
    if (this.#inFlight.length === 0) this.#forget()
    const closed = this.#closed
    if (closed) this.life.after(0, () => closed(error))
  }
}
