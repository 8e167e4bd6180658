/** TCP of Node.js: what is written in one event-loop turn leaves in one system call. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { ConnectFailed } from '#platform/runtime/errors.ts'
import type { Address, Connection, Listener, TlsEnd } from '#platform/runtime/runtime.ts'
import type { NodeClock } from './clock.ts'
import { listenError } from './listen-error.ts'
import { secureSocket, verifiedPeer } from './tls.ts'

const connectLimitMs = 10_000
/** How long the other side may take to close after we have ended. */
const endLimitMs = 2_000
/** When the kernel begins to ask whether a silent peer is still there: half-open connections end some minutes later. */
const keepAlive = { keepAlive: true, keepAliveInitialDelay: 120_000 }

export function listenTcp(
  clock: NodeClock,
  local: Address,
  accept: (connection: Connection) => void,
): Promise<NodeListener> {
  const server = createServer({ noDelay: true, ...keepAlive })
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(local, error)))
    server.listen({ host: local.host, port: local.port, ipv6Only: true, exclusive: true }, () => {
      server.removeAllListeners('error')
      resolve(new NodeListener(clock, server, accept))
    })
  })
}

/** The socket is in `open` from the first packet on, so that closing the runtime also ends an attempt. */
export function connectTcp(clock: NodeClock, remote: Address, open: Set<Socket>): Promise<NodeConnection> {
  return new Promise((resolve, reject) => {
    let socket: Socket
    try {
      const { host, port } = remote
      socket = connect({ host, port, noDelay: true, autoSelectFamily: false, ...keepAlive })
    } catch (error) {
      // A port out of range.
      reject(new ConnectFailed(remote, (error as Error).message, { cause: error }))
      return
    }
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      failed(new Error('closed'))
    })
    const failed = (error: NodeJS.ErrnoException): void => {
      limit.cancel()
      socket.destroy()
      reject(
        new ConnectFailed(remote, error.code === 'ECONNREFUSED' ? 'nobody listens there' : error.message, {
          cause: error,
        }),
      )
    }
    const limit = clock.after(connectLimitMs, () => failed(new Error(`no answer in ${connectLimitMs / 1000} s`)))
    socket.once('error', failed)
    socket.once('connect', () => {
      limit.cancel()
      socket.removeListener('error', failed)
      resolve(new NodeConnection(clock, socket))
    })
  })
}

export class NodeListener implements Listener {
  readonly local: Address
  readonly #server: Server
  readonly #open = new Set<NodeConnection>()
  readonly #closed: Promise<void>

  constructor(clock: NodeClock, server: Server, accept: (connection: Connection) => void) {
    this.#server = server
    const { address, port } = server.address() as { address: string; port: number }
    this.local = { host: address, port }
    this.#closed = new Promise((resolve) => server.once('close', resolve))
    // Too many open files: the kernel keeps the connection waiting, those that are open go on.
    server.on('error', () => {})
    server.on('connection', (socket) => {
      const connection = new NodeConnection(clock, socket)
      this.#open.add(connection)
      socket.once('close', () => this.#open.delete(connection))
      accept(connection)
    })
  }

  refuse(): void {
    if (this.#server.listening) this.#server.close()
  }

  whenClosed(run: () => void): void {
    this.#server.once('close', run)
  }

  close(): Promise<void> {
    this.refuse()
    for (const connection of this.#open) connection.destroy()
    return this.#closed
  }
}

/** The connection under TLS, and whom that has shown to be at the other end. */
type Secured = { readonly plain: NodeConnection; readonly verifiedPeer: string | undefined }

export class NodeConnection implements Connection {
  readonly local: Address
  readonly remote: Address
  readonly verifiedPeer: string | undefined
  readonly #clock: NodeClock
  readonly #socket: Socket
  #data: ((bytes: Buffer) => void) | undefined
  #closed: ((error?: Error) => void) | undefined
  #error: Error | undefined
  /** What was written in this turn. */
  #pending: Buffer[] = []
  #pendingBytes = 0
  #ended = false
  #isClosed = false

  constructor(clock: NodeClock, socket: Socket, secured?: Secured) {
    this.#clock = clock
    this.#socket = socket
    this.local = secured?.plain.local ?? { host: socket.localAddress ?? '', port: socket.localPort ?? 0 }
    this.remote = secured?.plain.remote ?? { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
    this.verifiedPeer = secured?.verifiedPeer
    socket.on('error', (error) => {
      this.#error = error
      // TLS may fail and stay open, and nothing more would ever come.
      socket.destroy()
    })
    socket.once('close', () => {
      this.#isClosed = true
      this.#closed?.(this.#error)
    })
  }

  /** The same connection with TLS over it: this one may not be used any more. */
  secure(end: TlsEnd): Promise<NodeConnection> {
    const plain = { socket: this.#socket, remote: this.remote }
    return secureSocket(
      this.#clock,
      plain,
      end,
      (socket) => new NodeConnection(this.#clock, socket, { plain: this, verifiedPeer: verifiedPeer(socket) }),
    )
  }

  get queued(): number {
    return this.#socket.writableLength + this.#pendingBytes
  }

  receive(data: (bytes: Buffer) => void, closed: (error?: Error) => void): void {
    this.#data = data
    this.#closed = closed
    if (this.#isClosed) this.#clock.turn(() => closed(this.#error))
    else this.#socket.on('data', (bytes: Buffer) => this.#data?.(bytes))
  }

  write(bytes: Buffer): void {
    if (this.#ended) return
    if (this.#pending.push(bytes) === 1) this.#clock.afterTurn(this.#flush)
    this.#pendingBytes += bytes.length
  }

  end(): void {
    if (this.#ended) return
    this.#flush()
    this.#ended = true
    // Read and dropped: unread bytes would turn our close into a reset, and the other side would lose our last words.
    this.#data = undefined
    this.#socket.resume()
    this.#socket.end()
    const limit = this.#clock.after(endLimitMs, () => this.#socket.destroy())
    this.#socket.once('close', () => limit.cancel())
  }

  destroy(): void {
    this.#ended = true
    this.#data = undefined
    this.#pending = []
    this.#pendingBytes = 0
    this.#socket.destroy()
  }

  /** One buffer and one write: `cork` and `writev` would cost several times as much as copying small messages. */
  readonly #flush = (): void => {
    const [first] = this.#pending
    if (first === undefined) return
    this.#socket.write(this.#pending.length === 1 ? first : Buffer.concat(this.#pending, this.#pendingBytes))
    this.#pending = []
    this.#pendingBytes = 0
  }
}
