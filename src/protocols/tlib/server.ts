/**
 * The server side of one T-Library port: client registration, numbering, validation, and bounds for slow clients. What
 * requests mean is the `Service` behind it; `tcp-server.ts` and `local.ts` bring the connections.
 */
import type { Runtime, Timer } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import { type ErrorName, errors } from './errors.ts'
import type { Event } from './events.ts'
import { Published, type Told } from './published.ts'
import type { Request } from './requests.ts'
import { readRequest } from './validate.ts'

/** A connection as the port writes to it. */
export interface Wire {
  /** Bytes, or messages of a local client, that were not taken yet: what "slow" is decided by. */
  readonly queued: number
  send(published: Published, told: Told): void
  /** Sends what is queued, then closes. */
  end(): void
}

/** A connection as it reports to the port. */
interface Receiver {
  /** A message as it was parsed from JSON; `undefined` where it could not be. */
  message(value: unknown): void
  closed(): void
}

/** A registered client. */
export interface Client {
  readonly id: number
  readonly applicationName: string
  readonly pool: string | undefined
  /** The position from which it asked to be told. */
  readonly from: number | undefined
  /** Not yet taken by the network: an author of many events looks at it and waits. */
  readonly queued: number
  tell(published: Published, told?: Partial<Told>): void
  close(): void
}

/** One request of a client, until its first answer. */
export interface Requester {
  readonly client: Client
  readonly refID: number | undefined
  answer(event: Event): void
  refuse(error: ErrorName | number, particulars?: string): void
}

/** What stands behind a port. */
export interface Service {
  /** The link as EventLinkConnected tells it. */
  link(client: Client): Omit<Extract<Event, { name: 'EventLinkConnected' }>, 'name' | 'time'>
  registered?(client: Client): void
  request(request: Request, requester: Requester): void
  /** Events were dropped for a slow client that has caught up: tell it the present state. */
  snapshot(client: Client): void
  closed(client: Client): void
}

export type PortOptions = {
  readonly runtime: Runtime
  readonly service: Service
  /** Beyond it a client is slow and gets a snapshot later instead of events: bytes, of local clients messages. */
  readonly mostQueued?: number
  readonly mostClients?: number
  /** Milliseconds for a new connection to register. */
  readonly registerWithin?: number
}

export interface Port {
  /** Takes a new connection; `undefined` when there are too many. */
  accept(wire: Wire): Receiver | undefined
  readonly clients: Iterable<Client>
  /** Clients for which events are being dropped. */
  readonly slow: number
  close(): void
}

export function createPort(options: PortOptions): Port {
  return new ServerPort(options)
}

class ServerPort implements Port {
  readonly options: Required<PortOptions>
  readonly connections = new Set<ServerConnection>()
  private lastID = 0

  constructor(options: PortOptions) {
    this.options = { mostQueued: 4 * 1024 * 1024, mostClients: 1000, registerWithin: 10_000, ...options }
  }

  get clients(): Iterable<Client> {
    return [...this.connections].filter((connection) => connection.registered)
  }

  get slow(): number {
    return [...this.connections].filter((connection) => connection.dropping).length
  }

  accept(wire: Wire): Receiver | undefined {
    if (this.connections.size >= this.options.mostClients) {
      wire.end()
      return undefined
    }
    this.lastID += 1
    const connection = new ServerConnection(this, wire, this.lastID)
    this.connections.add(connection)
    return connection
  }

  close(): void {
    for (const connection of this.connections) connection.close()
  }
}

class ServerConnection implements Client, Receiver {
  readonly id: number
  registered = false
  dropping = false
  applicationName = ''
  pool: string | undefined
  from: number | undefined
  private readonly port: ServerPort
  private readonly wire: Wire
  private seq = 0
  private open = true
  private timer: Timer

  constructor(port: ServerPort, wire: Wire, id: number) {
    this.port = port
    this.wire = wire
    this.id = id
    this.timer = this.clock.after(port.options.registerWithin, () => this.close())
  }

  get queued(): number {
    return this.wire.queued
  }

  private get clock() {
    return this.port.options.runtime.clock
  }

  tell(published: Published, told: Partial<Told> = {}) {
    if (!this.open || this.dropping) return
    if (this.wire.queued > this.port.options.mostQueued) return this.drop()
    this.send(published, told)
  }

  close(): void {
    this.wire.end()
    this.closed()
  }

  closed(): void {
    if (!this.open) return
    this.open = false
    this.timer.cancel()
    this.port.connections.delete(this)
    if (this.registered) this.port.options.service.closed(this)
  }

  message(value: unknown) {
    if (!this.open) return
    const read = readRequest(value)
    if ('misread' in read) return this.refuse(read.refID, 'invalidAttribute', read.misread)
    if (!this.registered) return this.register(read)
    if (read.name === 'RequestRegisterClient')
      return this.refuse(read.refID, 'wrongState', 'the client is registered already')
    this.port.options.service.request(read, this.requester(read))
  }

  private register(request: Request) {
    if (request.name !== 'RequestRegisterClient')
      return this.refuse(request.refID, 'notRegistered', 'the first request is RequestRegisterClient')
    this.timer.cancel()
    this.applicationName = request.applicationName
    this.pool = request.pool
    this.from = request.from
    this.registered = true
    this.greet(request.refID)
    this.port.options.service.registered?.(this)
  }

  private greet(refID?: number): void {
    const time = this.now()
    const { position, ...link } = this.port.options.service.link(this)
    this.send(new Published({ name: 'EventLinkConnected', time, ...link }), { refID, position })
  }

  private requester(request: Request): Requester {
    const { refID } = request
    return {
      client: this,
      refID,
      answer: (event) => this.tell(new Published(event), refID === undefined ? {} : { refID }),
      refuse: (error, particulars) => this.refuse(refID, error, particulars),
    }
  }

  private refuse(refID: number | undefined, error: ErrorName | number, particulars?: string): void {
    const event: Event = { name: 'EventError', time: this.now(), ...errorOf(error, particulars) }
    this.tell(new Published(event), refID === undefined ? {} : { refID })
  }

  private send(published: Published, { refID, position }: Partial<Told>): void {
    this.seq += 1
    this.wire.send(published, { seq: this.seq, refID, position })
  }

  /** A slow client hears nothing until it has taken what is queued; then it gets the state as it is. */
  private drop(): void {
    this.dropping = true
    const look = () => {
      if (!this.open) return
      if (this.wire.queued > 0) {
        this.timer = this.clock.after(100, look)
        return
      }
      this.dropping = false
      this.greet()
      this.port.options.service.snapshot(this)
    }
    this.timer = this.clock.after(100, look)
  }

  private now(): string {
    return timestamp(this.clock.wall())
  }
}

const known = new Map<number, string>(Object.values(errors).map(({ code, words }) => [code, words]))

function errorOf(error: ErrorName | number, particulars?: string): { errorCode: number; errorMessage: string } {
  const errorCode = typeof error === 'number' ? error : errors[error].code
  const words = known.get(errorCode)
  return { errorCode, errorMessage: [words, particulars].filter(Boolean).join(': ') || `error ${errorCode}` }
}
