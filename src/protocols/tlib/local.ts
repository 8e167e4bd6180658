/** T-Library inside one process: the same port, messages by reference, handed over at the end of the turn. */
import type { Address, Runtime } from '#platform/runtime/runtime.ts'
import type { Event } from './events.ts'
import type { Told } from './published.ts'
import type { Request } from './requests.ts'
import type { Port, Wire } from './server.ts'

/** An event as a client receives it. */
export type ReceivedEvent = Event & Partial<Told>

/** The way to a server, as the client sees it. */
export interface Outlet {
  send(request: Request): void
  /** Sends what is queued, then closes. */
  close(): void
  /** Closes at once: the other side does not answer. */
  abandon(): void
}
export type Inlet = { event(event: ReceivedEvent): void; closed(): void }

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

/** Connects to a port of this process; `undefined` when it takes no more clients. */
export function connectLocally(runtime: Runtime, port: Port, inlet: Inlet): Outlet | undefined {
  const pipe = turnPipe(runtime)
  let open = true
  const wire: Wire = {
    get queued() {
      return pipe.waiting
    },
    send: (published, told) => pipe.put(() => open && inlet.event({ ...published.event, ...told })),
    end: () => pipe.put(() => shut()),
  }
  const shut = () => {
    if (!open) return
    open = false
    inlet.closed()
  }
  const receiver = port.accept(wire)
  if (!receiver) return undefined
  const close = () => {
    open = false
    pipe.put(() => receiver.closed())
  }
  return { send: (request) => pipe.put(() => receiver.message(request)), close, abandon: close }
}

/** Runs what is put in, in order, at the end of the turn: nobody is called from inside his own call. */
function turnPipe(runtime: Runtime) {
  let waiting: (() => void)[] = []
  const flush = () => {
    const now = waiting
    waiting = []
    for (const run of now) run()
  }
  return {
    get waiting() {
      return waiting.length
    },
    put(run: () => void): void {
      if (waiting.length === 0) runtime.clock.turn(flush)
      waiting.push(run)
    },
  }
}
