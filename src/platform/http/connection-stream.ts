/** A connection of the runtime as the Duplex that Node's HTTP reads and writes: HTTP runs wherever `Runtime.net` does. */
import { Duplex } from 'node:stream'
import type { Clock, Connection, Timer } from '../runtime/runtime.ts'

/** More unsent bytes than this and the writer waits. */
const enough = 256 * 1024
const lookAgain = 20

export class ConnectionStream extends Duplex {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  private readonly connection: Connection
  private readonly clock: Clock
  private idle: Timer | undefined
  private idleLimit = 0
  private heardAt: number

  constructor(clock: Clock, connection: Connection) {
    super({ allowHalfOpen: false, autoDestroy: true })
    this.connection = connection
    this.clock = clock
    this.heardAt = clock.monotonic()
    ;({ host: this.remoteAddress, port: this.remotePort } = connection.remote)
    ;({ host: this.localAddress, port: this.localPort } = connection.local)
    connection.receive(
      (bytes) => {
        this.heardAt = clock.monotonic()
        this.push(bytes)
      },
      (error) => this.lost(error),
    )
  }

  /** As of `net.Socket`: 'timeout' after so long without a byte either way; 0: never. */
  setTimeout(ms: number, onTimeout?: () => void): this {
    if (onTimeout) this.once('timeout', onTimeout)
    this.idleLimit = ms
    this.heardAt = this.clock.monotonic()
    this.idle?.cancel()
    if (ms > 0) this.watch(ms)
    return this
  }

  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }

  override _read(): void {}

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    this.heardAt = this.clock.monotonic()
    this.connection.write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
    this.whenTaken(done)
  }

  override _final(done: () => void): void {
    this.connection.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.idle?.cancel()
    if (error) this.connection.destroy()
    else this.connection.end()
    done(error)
  }

  private whenTaken(done: () => void): void {
    if (this.destroyed || this.connection.queued <= enough) done()
    else this.clock.after(lookAgain, () => this.whenTaken(done))
  }

  private watch(ms: number): void {
    this.idle = this.clock.after(ms, () => {
      const quiet = this.clock.monotonic() - this.heardAt
      if (quiet >= this.idleLimit) this.emit('timeout')
      else this.watch(this.idleLimit - quiet)
    })
  }

  /** A peer that went away is no error: what it has not sent is missed by whoever reads. */
  private lost(_error?: Error): void {
    if (this.destroyed) return
    this.push(null)
    this.clock.turn(() => this.destroy())
  }
}
