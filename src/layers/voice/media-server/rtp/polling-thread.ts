/**
 * How a thread of RTP lives where the system's own sockets can be had: it waits for packets in one call for all its sockets,
 * and Node.js has a turn after each wait, for timers and for messages. Without sockets it waits as any thread does.
 */
import { DatagramPoll, type PolledSocket } from '#platform/runtime/node/datagram-poll.ts'
import type { Libc } from '#platform/runtime/node/libc.ts'
import { listenError } from '#platform/runtime/node/listen-error.ts'
import type { Address } from '#platform/runtime/runtime.ts'
import { type Receive, receiveBuffer, type Sockets } from './sockets.ts'

/** ms after which a wait ends by itself: whoever ends the process must not wait long for its threads. */
const longestWait = 100

export type PollingOptions = {
  /** Of `makeWaker`: who wants the thread to hear of a message uses it. */
  readonly waker: number
  /** Runs it when Node.js has had its turn. */
  soon(run: () => void): void
  /** What cannot wait until the wait is over. */
  beforeWait(): void
  /** ms until the next timer is due. */
  untilTimer(): number
}

export class PollingThread {
  readonly sockets: Sockets = {
    bind: async (host, port, receive) => {
      const socket = this.bound({ host, port }, receive)
      this.start()
      return {
        send: (packet, to, address) => socket.send(packet, to, address),
        close: async () => socket.close(),
      }
    },
  }
  private readonly poll: DatagramPoll
  private readonly options: PollingOptions
  private isRunning = false

  constructor(libc: Libc, options: PollingOptions) {
    this.poll = new DatagramPoll(libc, options.waker)
    this.options = options
  }

  close(): void {
    this.poll.close()
  }

  private bound(local: Address, receive: Receive): PolledSocket {
    try {
      return this.poll.bind(local, receiveBuffer, receive)
    } catch (error) {
      throw listenError(local, error as NodeJS.ErrnoException)
    }
  }

  private start() {
    if (this.isRunning) return
    this.isRunning = true
    this.options.soon(this.turn)
  }

  private readonly turn = (): void => {
    this.options.beforeWait()
    this.isRunning = this.poll.size > 0
    if (!this.isRunning) return
    const wait = Math.min(longestWait, this.options.untilTimer())
    this.poll.deliver(Math.max(0, Math.ceil(wait)))
    this.options.soon(this.turn)
  }
}
