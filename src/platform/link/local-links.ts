/** Links inside one process: the same frames without a socket, handed over at the end of the turn. */
import type { Address, Runtime } from '../runtime/runtime.ts'
import type { Wire } from './wire.ts'

type Accept = { readonly runtime: Runtime; accept(wire: Wire): void }

/** The listeners of this process, by address; whoever composes components gives it to both sides. */
export class LocalLinks {
  private readonly listeners = new Map<string, Accept>()

  add(address: Address, listener: Accept): void {
    this.listeners.set(nameOf(address), listener)
  }
  remove(address: Address): void {
    this.listeners.delete(nameOf(address))
  }

  /** A wire to the listener at `address`; `undefined` when it is not one of this process. */
  connect(address: Address, runtime: Runtime): Wire | undefined {
    const listener = this.listeners.get(nameOf(address))
    if (!listener) return undefined
    const near = new LocalWire(runtime)
    const far = new LocalWire(listener.runtime)
    near.join(far)
    far.join(near)
    listener.accept(far)
    return near
  }
}

const nameOf = ({ host, port }: Address): string => `${host}:${port}`

class LocalWire implements Wire {
  readonly canFallSilent = false
  private readonly runtime: Runtime
  private peer: LocalWire | undefined
  private frame: ((bytes: Buffer) => void) | undefined
  private closed: ((reason: string) => void) | undefined
  private inbox: Buffer[] = []
  private waiting = 0
  private ending = false
  private due = false

  constructor(runtime: Runtime) {
    this.runtime = runtime
  }

  get queued(): number {
    return this.peer?.waiting ?? 0
  }

  join(peer: LocalWire): void {
    this.peer = peer
  }

  receive(frame: (bytes: Buffer) => void, closed: (reason: string) => void): void {
    this.frame = frame
    this.closed = closed
    if (this.inbox.length > 0 || this.ending) this.wake()
  }

  send(frame: Buffer): void {
    const { peer } = this
    if (!peer) return
    peer.inbox.push(frame)
    peer.waiting += frame.length
    peer.wake()
  }

  end(): void {
    const { peer } = this
    this.peer = undefined
    this.frame = undefined
    this.closed = undefined
    if (!peer) return
    peer.peer = undefined
    peer.ending = true
    peer.wake()
  }

  destroy(): void {
    if (this.peer) this.peer.inbox = []
    this.end()
  }

  private wake(): void {
    if (this.due) return
    this.due = true
    this.runtime.clock.turn(() => this.deliver())
  }

  private deliver(): void {
    this.due = false
    if (!this.closed) return
    const { inbox } = this
    this.inbox = []
    this.waiting = 0
    for (const bytes of inbox) this.frame?.(bytes)
    if (this.ending) this.closed?.('closed by the peer')
  }
}
