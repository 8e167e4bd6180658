/**
 * One SIMULATED caller: dials a number through the trunk, presses a key in a menu, waits as long as his patience lasts,
 * talks, and hangs up or is hung up on.
 */
import type { Runtime, Timer } from '#platform/runtime/runtime.ts'
import type { OutgoingSession, SessionUser } from '#protocols/sip/core/session.ts'
import type { UserAgent } from '#protocols/sip/core/user-agent.ts'
import { between, chance, exponential, logNormal, oneOf } from './draws.ts'
import { Talk } from './talk.ts'
import type { Voice } from './voices.ts'

/** What a caller is going to do. */
export type Plan = {
  readonly name: string
  readonly number: string
  readonly destination: string
  /** Pressed one after the other once somebody or something has answered; `after` is ms since the one before. */
  readonly keys: readonly { readonly digit: string; readonly after: number }[]
  /** ms until he gives up waiting for an agent. */
  readonly patience: number
  /** ms with the agent until he hangs up himself; the agent's talk may be over before. */
  readonly talk: number
}

export type Outcome = 'talked' | 'abandoned' | 'refused' | 'ended'

const names = ['Amina', 'Ben', 'Chloe', 'David', 'Elif', 'Farid', 'Grace', 'Hugo', 'Ines', 'Jonas', 'Kira', 'Liam']
/** Nobody's numbers: kept for drama by the regulator. */
const firstNumber = '+4420794600'

export function planOf(
  random: Runtime['random'],
  { number: destination, menu }: { number: string; menu: boolean },
): Plan {
  const impatient = chance(random, 0.1)
  return {
    name: oneOf(random, names),
    number: `${firstNumber}${String(Math.floor(between(random, 0, 100))).padStart(2, '0')}`,
    destination,
    keys: menu ? keysOf(random) : [],
    patience: impatient ? 3_000 + exponential(random, 12_000) : logNormal(random, 120_000, 0.5),
    // Every third caller has said all he wanted before the agent has.
    talk: chance(random, 0.33) ? 5_000 + exponential(random, 25_000) : 600_000,
  }
}

/** Most people press 1 after a while, some something else first, and a few nothing at all. */
function keysOf(random: Runtime['random']): Plan['keys'] {
  if (chance(random, 0.1)) return []
  const key = (digit: string) => ({ digit, after: Math.min(1_500 + logNormal(random, 3_000, 0.5), 15_000) })
  const right = key(chance(random, 0.7) ? '1' : '2')
  return chance(random, 0.1) ? [key('9'), right] : [right]
}

export type CallerOptions = {
  readonly runtime: Runtime
  readonly userAgent: UserAgent
  readonly voice: Voice
  readonly host: string
  /** Host and port of the proxy he reaches us by. */
  readonly proxy: string
  readonly plan: Plan
  ended(outcome: Outcome): void
}

export class SimulatedCaller implements SessionUser {
  private readonly options: CallerOptions
  private readonly talk: Talk
  private session: OutgoingSession | undefined
  private timers: Timer[] = []
  private outcome: Outcome = 'ended'
  private connected = false
  private over = false

  constructor(options: CallerOptions) {
    this.options = options
    this.talk = new Talk(options.voice, options.host)
  }

  start(): void {
    const { userAgent, proxy, plan } = this.options
    const uri = `sip:${plan.destination}@${proxy}`
    const from = `"SIMULATED ${plan.name}" <sip:${plan.number}@carrier.example>`
    this.session = userAgent.invite({ requestURI: uri, from, to: `<${uri}>`, body: this.talk.offer() }, this)
    this.after(plan.patience, () => this.hangUp('abandoned'))
  }

  answered({ body }: Parameters<NonNullable<SessionUser['answered']>>[0]): void {
    this.talk.answered(body)
    let at = 0
    for (const { digit, after } of this.options.plan.keys) {
      at += after
      this.after(at, () => this.options.voice.press(digit))
    }
  }

  failed(): void {
    this.end(this.outcome === 'ended' ? 'refused' : this.outcome)
  }

  /** The one re-INVITE of a queued call is the agent (media policy `direct`); later ones are hold and retrieve. */
  offered({ offer, accept, reject }: Parameters<NonNullable<SessionUser['offered']>>[0]): void {
    const answer = offer === undefined ? this.talk.offer() : this.talk.answer(offer)
    if (answer === undefined) {
      reject(488)
      return
    }
    accept(answer)
    if (this.connected) return
    this.connected = true
    this.outcome = 'talked'
    this.stopTimers()
    this.after(this.options.plan.talk, () => this.hangUp('talked'))
  }

  acknowledged({ body }: Parameters<NonNullable<SessionUser['acknowledged']>>[0]): void {
    if (body !== undefined) this.talk.answered(body)
  }

  ended(): void {
    this.end(this.outcome)
  }

  private hangUp(outcome: Outcome) {
    this.outcome = outcome
    // Before an answer this is a CANCEL, and `failed` follows.
    this.session?.bye()
    this.end(outcome)
  }

  private end(outcome: Outcome) {
    if (this.over) return
    this.over = true
    this.stopTimers()
    this.options.voice.close()
    this.options.ended(outcome)
  }

  private after(ms: number, run: () => void) {
    this.timers.push(this.options.runtime.clock.after(ms, run))
  }

  private stopTimers() {
    for (const timer of this.timers) timer.cancel()
    this.timers = []
  }
}
