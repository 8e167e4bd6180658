/** T-Library inside one process: the same port, messages by reference, handed over at the end of the turn. */
import type { Address, Clock, Runtime } from '#platform/runtime/runtime.ts'
import type { Published, Told } from './published.ts'
import type { Request } from './requests.ts'
import type { Port, Wire } from './server.ts'

/** The way to a server, as the client sees it. */
export interface Outlet {
  send(request: Request): void
  /** Sends what is queued, then closes. */
  close(): void
  /** Closes at once: the other side does not answer. */
  abandon(): void
}
export type Inlet = { event(published: Published, told: Told): void; closed(): void }

/** The ports served in this process, by address; whoever composes components gives it to servers and clients. */
export class LocalPorts {
  private readonly ports = new Map<string, Port>()

  add(address: Address, port: Port): void {
    this.ports.set(nameOf(address), port)
  }
  remove(address: Address): void {
    this.ports.delete(nameOf(address))
  }
  at(address: Address): Port | undefined {
    return this.ports.get(nameOf(address))
  }
}

const nameOf = ({ host, port }: Address): string => `${host}:${port}`

type Delivery = { readonly published: Published; readonly told: Told }

/** Connects to a port of this process; `undefined` when it takes no more clients. */
export function connectLocally({ clock }: Runtime, port: Port, inlet: Inlet): Outlet | undefined {
  const events = new TurnQueue<Delivery>(clock, ({ published, told }) => inlet.event(published, told), inlet.closed)
  const wire: Wire = {
    get queued() {
      return events.length
    },
    send: (published, told) => events.put({ published, told }),
    end: () => events.end(),
  }
  const receiver = port.accept(wire)
  if (!receiver) return undefined
  const requests = new TurnQueue<Request>(
    clock,
    (request) => receiver.message(request),
    () => receiver.closed(),
  )
  const close = () => {
    events.drop()
    requests.end()
  }
  return { send: (request) => requests.put(request), close, abandon: close }
}

/** Hands over what is put in, in order, at the end of the turn: nobody is called from inside his own call. */
class TurnQueue<Item> {
  private readonly clock: Clock
  private readonly take: (item: Item) => void
  private readonly ended: () => void
  private items: Item[] = []
  private state: 'open' | 'ending' | 'over' = 'open'

  constructor(clock: Clock, take: (item: Item) => void, ended: () => void) {
    this.clock = clock
    this.take = take
    this.ended = ended
  }

  get length(): number {
    return this.items.length
  }

  put(item: Item): void {
    if (this.state !== 'open') return
    if (this.items.length === 0) this.clock.turn(this.flush)
    this.items.push(item)
  }

  /** Hands over what was put in, then tells the end of it. */
  end(): void {
    if (this.state !== 'open') return
    this.state = 'ending'
    if (this.items.length === 0) this.clock.turn(this.flush)
  }

  /** Hands over nothing any more, and tells no end. */
  drop(): void {
    this.state = 'over'
    this.items = []
  }

  private readonly flush = (): void => {
    const items = this.items
    this.items = []
    for (const item of items) if (this.state !== 'over') this.take(item)
    if (this.state !== 'ending' || this.items.length > 0) return
    this.state = 'over'
    this.ended()
  }
}
