/**
 * A T-Library client of one port: connects and reconnects, correlates answers by refID, registers its addresses again
 * after a loss. After EventServerDisconnected the snapshots of EventRegistered are where its state starts anew.
 */
import type { Log } from '#platform/log/log.ts'
import type { Address, Connection, Runtime, Timer } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import { type ErrorName, errors } from './errors.ts'
import type { Event } from './events.ts'
import { frameOf, frameReader } from './frames.ts'
import { connectLocally, type Inlet, type LocalPorts, type Outlet } from './local.ts'
import { Published, type ReceivedEvent, type Told } from './published.ts'
import type { Request, RequestName, RequestOf } from './requests.ts'

/** A request as a caller makes it; the client numbers it. */
export type Asked = { [Name in RequestName]: Omit<RequestOf<Name>, 'refID'> }[RequestName]

export type ClientOptions = {
  readonly runtime: Runtime
  readonly log: Log
  /** Where the port is now; asked before each attempt. */
  readonly locate: () => Address | undefined
  /** Ports of this process are spoken to without a socket. */
  readonly local?: LocalPorts
  readonly applicationName: string
  readonly pool?: string
  readonly token?: string
  /** The position of the spool from which to be told; asked at each connection. */
  readonly from?: () => number | undefined
  /**
   * Every event, EventServerConnected and EventServerDisconnected of the client itself included. In one process all
   * clients share one object: nobody may change it.
   */
  readonly event: (event: Event, told: Told, published: Published) => void
  /** Registered with the server; addresses are being registered again. */
  readonly connected?: (link: Extract<Event, { name: 'EventLinkConnected' }>) => void
  /** Milliseconds until a request without answer is told as failed. */
  readonly answerWithin?: number
}

export interface TLibClient {
  readonly isConnected: boolean
  /** `answered` is called once: the first event with the refID, or an EventError made here (timeout, link lost). */
  request(request: Asked, answered?: (answer: Event) => void): void
  /** Registers now and after every reconnect; `*` is every DN. Answered by EventRegistered. */
  registerAddress(dn: string): void
  unregisterAddress(dn: string): void
  /** Subscribes to everything now and after every reconnect. */
  startCallMonitoring(): void
  close(): void
}

const shortest = 100
const longest = 3000
/** Silence after which the link is tried, and given up. */
const quiet = 5000
const dead = 12_000

export function connectTLib(options: ClientOptions): TLibClient {
  const client = new ReconnectingClient(options)
  client.connect()
  return client
}

type Pending = { readonly answered: (answer: Event) => void; readonly timer: Timer }

class ReconnectingClient implements TLibClient {
  private readonly options: ClientOptions
  private readonly addresses = new Set<string>()
  private readonly pending = new Map<number, Pending>()
  private monitoring = false
  private outlet: Outlet | undefined
  private registered = false
  private closing = false
  private attempts = 0
  private lastRefID = 0
  private heardAt = 0
  private timer: Timer | undefined

  constructor(options: ClientOptions) {
    this.options = options
  }

  get isConnected(): boolean {
    return this.registered
  }

  connect() {
    const address = this.options.locate()
    if (!address) return this.retry()
    const inlet = this.inlet()
    const port = this.options.local?.at(address)
    if (port) this.opened(connectLocally(this.options.runtime, port, inlet), inlet)
    else
      connectOverTcp(this.options.runtime, address, inlet).then(
        (outlet) => this.opened(outlet, inlet),
        (error: unknown) => {
          this.options.log.debug({ address, error: String(error) }, 'T-Library port not reached')
          this.retry()
        },
      )
  }

  request(request: Asked, answered?: (answer: Event) => void) {
    if (this.registered) return this.send(request, answered)
    if (answered) this.options.runtime.clock.turn(() => answered(this.failure('linkLost', request)))
  }

  registerAddress(dn: string): void {
    this.addresses.add(dn)
    if (this.registered) this.send({ name: 'RequestRegisterAddress', thisDN: dn })
  }

  unregisterAddress(dn: string): void {
    if (!this.addresses.delete(dn) || !this.registered) return
    this.send({ name: 'RequestUnregisterAddress', thisDN: dn })
  }

  startCallMonitoring(): void {
    this.monitoring = true
    if (this.registered) this.send({ name: 'RequestStartCallMonitoring' })
  }

  close(): void {
    this.closing = true
    this.timer?.cancel()
    this.outlet?.close()
    this.lost()
  }

  private inlet(): Inlet {
    const inlet: Inlet = {
      event: (published, told) => this.current === inlet && this.received(published, told),
      closed: () => {
        if (this.current !== inlet) return
        this.lost()
        this.retry()
      },
    }
    return inlet
  }
  private current: Inlet | undefined

  private opened(outlet: Outlet | undefined, inlet: Inlet) {
    if (!outlet) return this.retry()
    if (this.closing) return outlet.close()
    this.outlet = outlet
    this.current = inlet
    this.heardAt = this.options.runtime.clock.monotonic()
    const { applicationName, pool, token, from } = this.options
    const position = from?.()
    const carried = {
      ...(pool && { pool }),
      ...(token && { token }),
      ...(position !== undefined && { from: position }),
    }
    this.send({ name: 'RequestRegisterClient', applicationName, ...carried })
    this.watch()
  }

  private send(request: Asked, answered?: (answer: Event) => void): void {
    this.lastRefID += 1
    const refID = this.lastRefID
    if (answered) {
      const within = this.options.answerWithin ?? 10_000
      const timer = this.options.runtime.clock.after(within, () => this.answer(refID, this.failure('timeout', request)))
      this.pending.set(refID, { answered, timer })
    }
    this.outlet?.send({ ...request, refID } as Request)
  }

  private received(published: Published, told: Told): void {
    const { event } = published
    this.heardAt = this.options.runtime.clock.monotonic()
    if (event.name === 'EventLinkConnected' && !this.registered) this.start(event)
    this.options.event(event, told, published)
    if (told.refID !== undefined) this.answer(told.refID, event)
  }

  private start(link: Extract<Event, { name: 'EventLinkConnected' }>): void {
    this.registered = true
    this.attempts = 0
    this.raise({ name: 'EventServerConnected', time: this.now(), node: link.node })
    this.options.connected?.(link)
    if (this.monitoring) this.send({ name: 'RequestStartCallMonitoring' })
    for (const dn of this.addresses) this.send({ name: 'RequestRegisterAddress', thisDN: dn })
  }

  /** What the client raises itself has no number. */
  private raise(event: Event): void {
    this.options.event(event, { seq: 0 }, new Published(event))
  }

  private answer(refID: number, event: Event): void {
    const pending = this.pending.get(refID)
    if (!pending) return
    this.pending.delete(refID)
    pending.timer.cancel()
    pending.answered(event)
  }

  /** The outcome of what was asked is unknown; who asked may query and ask again. */
  private lost(): void {
    this.timer?.cancel()
    const wasRegistered = this.registered
    this.registered = false
    this.current = undefined
    this.outlet = undefined
    if (wasRegistered) this.raise({ name: 'EventServerDisconnected', time: this.now() })
    for (const refID of [...this.pending.keys()]) this.answer(refID, this.failure('linkLost'))
  }

  private retry(): void {
    if (this.closing) return
    const most = Math.min(longest, shortest * 2 ** this.attempts)
    this.attempts += 1
    const jitter = (this.options.runtime.random.bytes(1)[0] ?? 0) / 255
    this.timer = this.options.runtime.clock.after(most * (0.5 + jitter / 2), () => this.connect())
  }

  /** Tries a silent link, and gives it up when it stays silent. */
  private watch() {
    this.timer = this.options.runtime.clock.after(quiet, () => {
      const silence = this.options.runtime.clock.monotonic() - this.heardAt
      if (silence >= dead) {
        this.outlet?.abandon()
        this.lost()
        return this.retry()
      }
      if (silence >= quiet && this.registered) this.send({ name: 'RequestQueryServer' })
      this.watch()
    })
  }

  private failure(error: ErrorName, request?: Asked): Event {
    const { code, words } = errors[error]
    const about = request && 'thisDN' in request && request.thisDN !== undefined ? { thisDN: request.thisDN } : {}
    return { name: 'EventError', time: this.now(), errorCode: code, errorMessage: words, ...about }
  }

  private now(): string {
    return timestamp(this.options.runtime.clock.wall())
  }
}

async function connectOverTcp(runtime: Runtime, address: Address, inlet: Inlet): Promise<Outlet> {
  const connection: Connection = await runtime.net.connect(address)
  const read = frameReader((text) => {
    const { seq = 0, refID, position, ...event } = JSON.parse(text) as ReceivedEvent
    inlet.event(new Published(event as Event), { seq, refID, position })
  })
  connection.receive(
    (bytes) => {
      if (!read(bytes)) connection.destroy()
    },
    () => inlet.closed(),
  )
  return {
    send: (request) => connection.write(frameOf(JSON.stringify(request))),
    close: () => connection.end(),
    abandon: () => connection.destroy(),
  }
}
