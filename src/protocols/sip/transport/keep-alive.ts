/**
 * CRLF keep-alive of a connection that we opened (RFC 5626 §3.5.1, §4.4.1): pings keep NATs open, and find out in two
 * minutes that the other side is gone without a word, which TCP tells after a quarter of an hour.
 */
import { fraction } from '#platform/runtime/fraction.ts'
import type { Clock, Random, Timer } from '#platform/runtime/runtime.ts'

export type KeepAliveOptions = {
  readonly clock: Clock
  readonly random: Random
  /** Sends a ping. */
  ping(): void
  /** Whether a pong has come since this was asked last. */
  takePong(): boolean
  /** Nothing has come since the last ping. */
  failed(): void
}

/** ms between two pings. */
const pingEvery = { least: 95_000, most: 120_000 }
/** ms. */
const pongWithin = 10_000

export class KeepAlive {
  private readonly options: KeepAliveOptions
  private timer: Timer | undefined
  private hasHeard = false
  /** Deviates from §4.4.1: who has never answered a ping need not. We ask nobody for outbound, and not all know pongs. */
  private answers = false

  constructor(options: KeepAliveOptions) {
    this.options = options
    this.pingLater()
  }

  /** Something has come. */
  heard(): void {
    this.hasHeard = true
  }

  stop(): void {
    this.timer?.cancel()
  }

  private pingLater() {
    const { clock, random } = this.options
    const { least, most } = pingEvery
    this.timer = clock.after(least + (most - least) * fraction(random), () => this.ping())
  }

  private ping() {
    const { clock, takePong } = this.options
    this.hasHeard = false
    takePong()
    // First the timer: writing may close the connection, which stops it.
    this.timer = clock.after(pongWithin, () => {
      this.answers ||= takePong()
      if (this.answers && !this.hasHeard) this.options.failed()
      else this.pingLater()
    })
    this.options.ping()
  }
}
