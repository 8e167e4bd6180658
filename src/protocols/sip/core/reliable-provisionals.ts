/** Reliable provisional responses of who is called, at work (RFC 3262): `reliable-responses.ts` decides. */
import { type Effect, noResponses, reliableResponses } from '../dialog/reliable-responses.ts'
import { rackOf } from '../message/headers/rack.ts'
import type { Message } from '../message/message.ts'
import type { ServerTransaction } from '../transaction/transactions.ts'
import { MachineInTurn, type Performer } from './machine-in-turn.ts'
import type { SessionOwner } from './session-owner.ts'
import type { Turns } from './session-turns.ts'

type Performed = Exclude<Effect, { type: 'start' }>

/** The session whose INVITE it is. */
export interface ReliableUser {
  readonly owner: SessionOwner
  readonly turns: Turns
  provide(response: Message): void
  repeat(response: Message): void
  acceptNow(response: Message): void
  /** A PRACK has come for this response of ours. */
  provisionalAcknowledged(transaction: ServerTransaction, response: Message): void
  respond(transaction: ServerTransaction, status: number): void
  /** No PRACK came. */
  giveUp(): void
}

export class ReliableProvisionals implements Performer<Performed> {
  private readonly user: ReliableUser
  private readonly cseq: number
  private readonly machine
  private rseq: number
  /** PRACKs that the machine has not decided about. */
  private readonly arriving: ServerTransaction[] = []

  /** `cseq` of the INVITE. */
  constructor(user: ReliableUser, cseq: number) {
    this.user = user
    this.cseq = cseq
    const { drive, timing, runtime } = user.owner
    // §3: anywhere in the lower half, so that counting up never wraps.
    this.rseq = Number.parseInt(runtime.random.hex(3), 16)
    const first = { state: 'Idle', data: noResponses(timing.T1) } as const
    this.machine = new MachineInTurn(drive, reliableResponses, first, user.turns, this)
  }

  /** `build` makes the response with this RSeq. */
  progress(build: (rseq: number) => Message): void {
    this.rseq += 1
    this.machine.input({ type: 'progress', rseq: this.rseq, response: build(this.rseq) })
  }

  accept(response: Message): void {
    this.machine.input({ type: 'accept', response })
  }

  join(invite: Message): void {
    this.machine.input({ type: 'join', invite })
  }

  over(): void {
    if (this.machine.state !== 'Terminated') this.machine.input({ type: 'over' })
  }

  prack(transaction: ServerTransaction, request: Message): void {
    const rack = rackOf(request)
    if (rack === undefined) this.user.respond(transaction, 400)
    else if (rack.method !== 'INVITE' || rack.cseq !== this.cseq) this.user.respond(transaction, 481)
    else {
      this.arriving.push(transaction)
      this.machine.input({ type: 'prack', request, rseq: rack.rseq })
    }
  }

  snapshot(): object {
    return { ...this.machine.snapshot(), rseq: this.rseq }
  }

  perform(effect: Performed): void {
    const { user } = this
    if (effect.type === 'provide') user.provide(effect.response)
    else if (effect.type === 'repeat') user.repeat(effect.response)
    else if (effect.type === 'accept') user.acceptNow(effect.response)
    else if (effect.type === 'giveUp') user.giveUp()
    else this.answer(effect)
  }

  terminated(): void {
    // Its last response has been acknowledged, or is needless.
  }

  private answer(effect: Extract<Performed, { type: 'acknowledged' | 'refuse' }>) {
    const index = this.arriving.findIndex(({ request }) => request === effect.request)
    const [transaction] = this.arriving.splice(index, 1)
    if (transaction === undefined) return
    if (effect.type === 'refuse') this.user.respond(transaction, 481)
    else this.user.provisionalAcknowledged(transaction, effect.response)
  }
}
