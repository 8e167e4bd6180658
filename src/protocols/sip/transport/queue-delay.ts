/**
 * How long what arrives at a UDP port waits to be read. It waits in the kernel's queue and for the event loop, and only
 * a few datagrams are read at each turn of that: a queue of seconds delays no timer. So datagrams of our own are sent
 * through it.
 */
import type { Address, Clock, Random, Runtime, UdpPort } from '#platform/runtime/runtime.ts'

type Probe = { readonly number: number; readonly sentAt: number }
type Port = { readonly port: UdpPort; readonly to: Address; out: Probe | undefined; last: number }

/** ms after which one that has not come back was dropped: the queue was full. */
const lostAfter = 1000
const markBytes = 12
const probeBytes = markBytes + 4

export class QueueDelay {
  private readonly clock: Clock
  private readonly random: Random
  /** NUL first, with which no message begins, then what nobody else knows. */
  private mark: Buffer | undefined
  private readonly ports: Port[] = []
  private number = 0

  constructor({ clock, random }: Pick<Runtime, 'clock' | 'random'>) {
    this.clock = clock
    this.random = random
  }

  add(port: UdpPort): void {
    this.ports.push({ port, to: reachable(port.local), out: undefined, last: 0 })
  }

  /** Sends one to each port whose last one has come back, or was lost. */
  probe(): void {
    const now = this.clock.monotonic()
    for (const port of this.ports) {
      if (port.out !== undefined && now - port.out.sentAt < lostAfter) continue
      if (port.out !== undefined) port.last = lostAfter
      this.number = (this.number + 1) % 0x1_0000_0000
      port.out = { number: this.number, sentAt: now }
      port.port.send(this.datagram(this.number), port.to)
    }
  }

  /** Whether this was one of them. */
  arrived(bytes: Buffer): boolean {
    if (bytes.length !== probeBytes || !this.mark?.equals(bytes.subarray(0, markBytes))) return false
    const number = bytes.readUInt32BE(markBytes)
    const port = this.ports.find(({ out }) => out?.number === number)
    if (port?.out === undefined) return true
    port.last = this.clock.monotonic() - port.out.sentAt
    port.out = undefined
    return true
  }

  /** ms, at the port where it is longest: of the last that came back, and of those that have not. */
  get ms(): number {
    const now = this.clock.monotonic()
    let longest = 0
    for (const { last, out } of this.ports) longest = Math.max(longest, last, out === undefined ? 0 : now - out.sentAt)
    return longest
  }

  private datagram(number: number): Buffer {
    this.mark ??= Buffer.concat([Buffer.alloc(1), this.random.bytes(markBytes - 1)])
    const bytes = Buffer.alloc(probeBytes)
    this.mark.copy(bytes)
    bytes.writeUInt32BE(number, markBytes)
    return bytes
  }
}

/** A port bound to every address is reached at the loopback. */
function reachable({ host, port }: Address): Address {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port }
  return host === '::' ? { host: '::1', port } : { host, port }
}
