/** Somebody who calls, waits as long as he likes, talks as long as he likes, and hangs up whenever that is. */
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import type { OutgoingSession, SessionUser } from '#protocols/sip/core/session.ts'
import type { UserAgent } from '#protocols/sip/core/user-agent.ts'
import { sdp } from '../phone.ts'

export type CallerOptions = {
  readonly clock: Clock
  readonly userAgent: UserAgent
  readonly host: string
  readonly number: string
  readonly from: string
  /** `host:port` of a proxy. */
  readonly proxy: string
  /** Milliseconds until he hangs up, whatever happens; no time: only when he is hung up on. */
  readonly patience: number | undefined
  /** Milliseconds of talk with an agent, once one has answered. */
  readonly talk: number | undefined
  ended(outcome: string): void
}

export class Caller implements SessionUser {
  private readonly options: CallerOptions
  private session: OutgoingSession | undefined
  private timer: Timer | undefined
  private over = false
  isAnswered = false
  /** With an agent. */
  talks = false

  constructor(options: CallerOptions) {
    this.options = options
  }

  start(): void {
    const { userAgent, number, proxy, from, host, patience } = this.options
    const uri = `sip:${number}@${proxy}`
    const invitation = { requestURI: uri, from: `<sip:${from}@carrier.example>`, to: `<${uri}>`, body: sdp(host) }
    this.session = userAgent.invite(invitation, this)
    this.hangUpAfter(patience)
  }

  answered({ acknowledge }: { acknowledge?: (answer: ReturnType<typeof sdp>) => void }): void {
    this.isAnswered = true
    acknowledge?.(sdp(this.options.host))
  }

  /** The re-INVITE that joins him with an agent; later ones are holds and the like. */
  offered({ accept }: { accept(body: ReturnType<typeof sdp>): void }): void {
    accept(sdp(this.options.host))
    if (this.talks) return
    this.talks = true
    const { talk } = this.options
    if (talk !== undefined) this.hangUpAfter(talk)
  }

  requested({ respond }: { respond(status: number): void }): void {
    respond(200)
  }

  failed({ status }: { status: number }): void {
    this.end(`failed ${status}`)
  }

  ended({ cause }: { cause: string }): void {
    this.end(`ended ${cause}`)
  }

  hangUp(): void {
    if (this.over) return
    // Before an answer this is a CANCEL.
    this.session?.bye()
    this.end(this.talks ? 'hung up talking' : this.isAnswered ? 'hung up waiting' : 'cancelled')
  }

  private hangUpAfter(ms: number | undefined): void {
    this.timer?.cancel()
    if (ms !== undefined) this.timer = this.options.clock.after(ms, () => this.hangUp())
  }

  private end(outcome: string): void {
    if (this.over) return
    this.over = true
    this.timer?.cancel()
    this.options.ended(outcome)
  }
}
