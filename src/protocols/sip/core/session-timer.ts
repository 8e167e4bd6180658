/** The session timer of one session at work (RFC 4028): what our messages say of it, and what theirs mean. */
import { type Effect, sessionTimer } from '../dialog/session-timer.ts'
import type { Fields } from '../message/draft.ts'
import { fieldId } from '../message/field-names.ts'
import { hasOptionTag } from '../message/headers/option-tags.ts'
import {
  formatSessionExpires,
  leastSession,
  type Refresher,
  sessionExpiresOf,
  shortestSession,
} from '../message/headers/session-expires.ts'
import type { Message } from '../message/message.ts'
import type { DialogSession } from './dialog-session.ts'
import { MachineInTurn, type Performer } from './machine-in-turn.ts'
import { OneRequest } from './request-outcome.ts'
import type { RequestOutcome } from './session.ts'

/** Seconds: what we ask for, which is also the longest that we grant, and the shortest that we take. */
export type SessionTimerPolicy = { readonly expires: number; readonly least: number }

type Performed = Exclude<Effect, { type: 'start' }>

const MIN_SE = fieldId('Min-SE')
const ALLOW = fieldId('Allow')
/** A 422 is heeded up to there, in seconds; and so often. */
const longestAsked = 7200
const mostRaises = 3

/** What an INVITE of ours asks for. */
export const askedTimer = ({ expires, least }: SessionTimerPolicy): Fields => [
  ['Session-Expires', String(expires)],
  ...(least > shortestSession ? [['Min-SE', String(least)] as const] : []),
]

/** §9: an interval that is too small, from a peer that can choose another. */
export function isTooBrief(request: Message, { least }: SessionTimerPolicy): boolean {
  const asked = sessionExpiresOf(request)
  return asked !== undefined && asked.seconds < least && hasOptionTag(request, 'Supported', 'timer')
}

export class SessionTimer implements Performer<Performed> {
  private readonly session: DialogSession
  private readonly machine
  /** Seconds: what is agreed, or what we ask for. */
  private asked: number
  private raises = 0
  /** The peer takes UPDATE, by the last message that says so. */
  private updates = false

  constructor(session: DialogSession, { expires }: SessionTimerPolicy) {
    this.session = session
    this.asked = expires
    const first = { state: 'Off', data: { seconds: expires } } as const
    this.machine = new MachineInTurn(session.owner.drive, sessionTimer, first, session.turns, this)
  }

  /** What a re-INVITE or UPDATE of ours asks for: the timer goes on as it is, with the same refresher (§7.4). */
  get fields(): Fields {
    const { state } = this.machine
    if (state !== 'Refreshing' && state !== 'Watching') return []
    return timerFields(this.asked, this.raises, state === 'Refreshing' ? 'uac' : 'uas')
  }

  /** What our INVITE asks for after a 422. */
  get askedAgain(): Fields {
    return timerFields(this.asked, this.raises, undefined)
  }

  /** A 2xx to an INVITE or UPDATE of ours (§7.2). */
  agreed(response: Message): void {
    const told = sessionExpiresOf(response)
    if (told === undefined) this.machine.input({ type: 'unwatched' })
    else this.agree(told.seconds, told.refresher !== 'uas', response)
  }

  /** What our 2xx to a request of theirs says (§9); the timer runs from now on. */
  grant(request: Message, { expires }: SessionTimerPolicy): Fields {
    const wanted = sessionExpiresOf(request)
    if (wanted === undefined) {
      this.machine.input({ type: 'unwatched' })
      return []
    }
    const supports = hasOptionTag(request, 'Supported', 'timer')
    // Not longer than asked for, nor shorter than the request allows.
    const seconds = Math.max(shortestSession, Math.min(wanted.seconds, Math.max(expires, leastSession(request))))
    const refresher = supports ? (wanted.refresher ?? 'uac') : 'uas'
    this.agree(seconds, refresher === 'uas', request)
    const field = ['Session-Expires', formatSessionExpires({ seconds, refresher })] as const
    return refresher === 'uac' ? [['Require', 'timer'], field] : [field]
  }

  /** 422 (§7.3): true where we ask again, for what it wants. */
  raise(response: Message): boolean {
    const least = response.has(MIN_SE) ? leastSession(response) : 0
    if (least <= this.asked || least > longestAsked || this.raises >= mostRaises) return false
    this.raises += 1
    this.asked = least
    return true
  }

  over(): void {
    if (this.machine.state !== 'Terminated') this.machine.input({ type: 'over' })
  }

  snapshot(): object {
    return { ...this.machine.snapshot(), asked: this.asked, updates: this.updates }
  }

  perform(effect: Performed): void {
    if (effect.type === 'expire') this.session.expire()
    else if (this.updates) this.update()
    else this.session.user.stale?.()
  }

  terminated(): void {
    // It was over with the session, or has ended it.
  }

  private agree(seconds: number, refreshing: boolean, message: Message) {
    if (message.has(ALLOW)) this.updates = hasOptionTag(message, 'Allow', 'update')
    // An interval below the shortest would have us send without end (§5).
    this.asked = Math.max(shortestSession, seconds)
    this.machine.input({ type: 'agreed', seconds: this.asked, refreshing })
  }

  /** §7.4: without an offer, since nothing changes. */
  private update() {
    this.session.send('UPDATE', { fields: this.fields }, new OneRequest((outcome) => this.updated(outcome)))
  }

  private updated(outcome: RequestOutcome) {
    const { status, response } = outcome
    if (status >= 200 && status < 300 && response !== undefined) {
      this.session.refresh(response)
      this.agreed(response)
    } else if (status === 422 && response !== undefined && this.raise(response)) this.update()
    else if (status === 405 || status === 501) {
      this.updates = false
      this.session.user.stale?.()
    }
    this.session.heard(outcome)
  }
}

function timerFields(seconds: number, raises: number, refresher: Refresher | undefined): Fields {
  const expires = ['Session-Expires', formatSessionExpires({ seconds, refresher })] as const
  return raises === 0 ? [expires] : [expires, ['Min-SE', String(seconds)]]
}
