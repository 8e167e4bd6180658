/**
 * Many UDP sockets of a thread that does little else: it waits for all of them at once (epoll(7)), and each datagram costs one
 * call to read and one to send. A thread that waits here serves nothing else of Node.js meanwhile; `waker` ends the wait.
 */
import type { Address } from '#platform/runtime/runtime.ts'
import { boundSocket, setReceiveBuffer } from './bound-socket.ts'
import type { Libc } from './libc.ts'
import { addressAt, socketAddress, socketAddressLength } from './socket-address.ts'

/** Of a datagram that is only valid during the call; it may be written. */
export type ReceivePacket = (packet: Buffer, host: string, port: number) => void

const closeOnExec = 0x8_0000
const add = 1
const readable = 1
const dontWait = 0x40
/** Sockets of which one wait tells. */
const most = 64
/** `epoll_event`: what has happened, and the number it was added with; packed on x64 alone. */
const event = process.arch === 'x64' ? { length: 12, data: 4 } : { length: 16, data: 8 }
const largest = 65_536

export class DatagramPoll {
  readonly #libc: Libc
  readonly #epoll: number
  readonly #waker: number
  readonly #sockets = new Map<number, PolledSocket>()
  readonly #events = Buffer.alloc(most * event.length)
  readonly #memory: PacketMemory

  /** `waker`: what `makeWaker` gave. Throws what the system says. */
  constructor(libc: Libc, waker: number) {
    this.#libc = libc
    this.#memory = new PacketMemory(libc)
    this.#epoll = libc.epoll_create1(closeOnExec)
    if (this.#epoll < 0) throw libc.fault('epoll_create1')
    this.#waker = waker
    this.#watch(waker, () => libc.close(this.#epoll))
  }

  /** Sockets that are open. */
  get size(): number {
    return this.#sockets.size
  }

  /** Throws as `bind` of Node.js does. */
  bind(local: Address, receiveBuffer: number, receive: ReceivePacket): PolledSocket {
    const fd = boundSocket(this.#libc, local)
    setReceiveBuffer(this.#libc, fd, receiveBuffer)
    const socket = new PolledSocket(this.#libc, fd, receive, () => this.#sockets.delete(fd))
    this.#sockets.set(fd, socket)
    this.#watch(fd, () => socket.close())
    return socket
  }

  /** Waits for datagrams, at most so long, and tells of one of each socket that has any. */
  deliver(ms: number): void {
    const count = this.#libc.epoll_wait(this.#epoll, this.#events, most, ms)
    for (let at = 0; at < count; at++) {
      const fd = this.#events.readUInt32LE(at * event.length + event.data)
      // One that was closed by what the one before it brought is not there any more.
      if (fd === this.#waker) wokenUp(this.#libc, fd)
      else this.#sockets.get(fd)?.read(this.#memory)
    }
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close()
    this.#libc.close(this.#epoll)
  }

  #watch(fd: number, failed: () => void): void {
    const bytes = Buffer.alloc(event.length)
    bytes.writeUInt32LE(readable)
    bytes.writeUInt32LE(fd, event.data)
    if (this.#libc.epoll_ctl(this.#epoll, add, fd, bytes) === 0) return
    const fault = this.#libc.fault('epoll_ctl')
    failed()
    throw fault
  }
}

export class PolledSocket {
  readonly #libc: Libc
  readonly #fd: number
  readonly #receive: ReceivePacket
  readonly #closed: () => void
  #isClosed = false
  /** Whom it heard last and sent to last: mostly nobody else. */
  readonly #heard = Buffer.alloc(socketAddressLength)
  #from: Address = { host: '', port: 0 }
  #to: Address = { host: '', port: 0 }
  #toBytes: Buffer = Buffer.alloc(0)

  constructor(libc: Libc, fd: number, receive: ReceivePacket, closed: () => void) {
    this.#libc = libc
    this.#fd = fd
    this.#receive = receive
    this.#closed = closed
  }

  read(memory: PacketMemory): void {
    const length = memory.read(this.#fd)
    if (length < 0) return
    if (!memory.isFrom(this.#heard)) this.#from = memory.from(this.#heard)
    this.#receive(memory.packet(length), this.#from.host, this.#from.port)
  }

  /** What cannot leave is lost. */
  send(packet: Buffer, port: number, host: string): void {
    if (this.#isClosed) return
    if ((port !== this.#to.port || host !== this.#to.host) && !this.#sendTo({ host, port })) return
    this.#libc.sendto(this.#fd, packet, packet.length, dontWait, this.#toBytes, this.#toBytes.length)
  }

  /** False where that is no address. */
  #sendTo(to: Address): boolean {
    try {
      this.#toBytes = socketAddress(to)
      this.#to = to
      return true
    } catch {
      return false
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#closed()
    this.#libc.close(this.#fd)
  }
}

/** Where the datagram that was read last stands, and its sender. */
class PacketMemory {
  readonly #libc: Libc
  readonly #bytes = Buffer.allocUnsafeSlow(largest)
  readonly #name = Buffer.alloc(socketAddressLength)
  readonly #nameLength = new Uint32Array(1)
  /** By length: a view costs more than to look it up. */
  readonly #views: Buffer[] = []

  constructor(libc: Libc) {
    this.#libc = libc
  }

  /** How many bytes; -1: nothing waits. */
  read(fd: number): number {
    this.#nameLength[0] = socketAddressLength
    return this.#libc.recvfrom(fd, this.#bytes, largest, dontWait, this.#name, this.#nameLength)
  }

  packet(length: number): Buffer {
    this.#views[length] ??= this.#bytes.subarray(0, length)
    return this.#views[length]
  }

  isFrom(name: Buffer): boolean {
    return this.#name.equals(name)
  }

  /** Keeps the name in `into`. */
  from(into: Buffer): Address {
    this.#name.copy(into)
    return addressAt(this.#name, 0)
  }
}

/** What ends a wait, from any thread. Throws what the system says. */
export function makeWaker(libc: Libc): number {
  const fd = libc.eventfd(0, closeOnExec | 0x800)
  if (fd < 0) throw libc.fault('eventfd')
  return fd
}

export const wake = (libc: Libc, waker: number): void => void libc.write(waker, one, one.length)
const one = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])

const wokenUp = (libc: Libc, waker: number): void => void libc.read(waker, Buffer.alloc(8), 8)
