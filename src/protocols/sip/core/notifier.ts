/** Subscriptions at their notifier at work (RFC 6665 §4.2): whose each is, and what it is told; `subscription.ts` decides when. */
import { counted, type Dialog, nextURI, received, refreshed, requestIn } from '../dialog/dialog.ts'
import { type Effect, fresh, type Reason, subscription } from '../dialog/subscription.ts'
import { buildRequest } from '../message/build-request.ts'
import type { Body, Fields } from '../message/draft.ts'
import { MalformedMessage } from '../message/errors.ts'
import type { Message } from '../message/message.ts'
import { own } from '../message/scan.ts'
import type { ServerTransaction } from '../transaction/transactions.ts'
import { readDialog } from './callee-session.ts'
import { MachineInTurn, type Performer } from './machine-in-turn.ts'
import { OneRequest } from './request-outcome.ts'
import type { SessionOwner } from './session-owner.ts'
import { Turns } from './session-turns.ts'

/** Seconds. */
const probation = 60

type Performed = Exclude<Effect, { type: 'start' }>

/** What policy says of a SUBSCRIBE: refused, or who is told. */
export type Subscribing = {
  readonly status: number
  readonly reason?: string | undefined
  readonly fields?: Fields | undefined
  readonly subscriber?: Subscriber
}

export interface Subscriber {
  /** What a refresh is granted, in seconds, or how it is refused; `asked`: undefined where it does not say. */
  grant(asked: number | undefined): number | { readonly status: number; readonly fields: Fields }
  /** Called before its first NOTIFY. */
  begun(subscription: Subscription): void
  /** All of the state, counted from 0. */
  state(version: number): Body | undefined
  /** It is over; called once. */
  ended(): void
}

/** One subscription, for whoever knows when its state changes. */
export interface Subscription {
  changed(): void
  end(reason: Reason): void
}

/** `Event` without parameters other than `id`, in lower case (§8.2.1). */
export function eventOf(request: Message): { readonly name: string; readonly value: string } {
  const value = request.header('Event') ?? ''
  const [name = ''] = value.split(';')
  const [, id] = /;\s*id\s*=\s*([^;\s]+)/i.exec(value) ?? []
  const lower = name.trim().toLowerCase()
  return { name: lower, value: own(id === undefined ? lower : `${lower};id=${id}`) }
}

export class Notified implements Subscription, Performer<Performed> {
  private readonly owner: SessionOwner
  private readonly event: string
  private readonly retire: () => void
  private readonly machine
  private dialog: Dialog
  private subscriber: Subscriber | undefined
  private version = 0
  /** On our clock, ms. */
  private expiresAt = 0

  /** `retire` is called once, when it is over. */
  constructor(owner: SessionOwner, dialog: Dialog, event: string, subscriber: Subscriber, retire: () => void) {
    this.owner = owner
    this.dialog = { ...dialog, state: 'Confirmed' }
    this.event = event
    this.subscriber = subscriber
    this.retire = retire
    const first = { state: 'Idle', data: fresh } as const
    this.machine = new MachineInTurn(owner.drive, subscription, first, new Turns(this), this)
  }

  changed(): void {
    this.machine.input({ type: 'changed' })
  }

  end(reason: Reason): void {
    this.machine.input({ type: 'end', reason })
  }

  /** Seconds that a SUBSCRIBE is granted; undefined where it is refused, which its sender has been told. */
  granted(transaction: ServerTransaction, asked: number | undefined): number | undefined {
    const granted = this.subscriber?.grant(asked) ?? gone
    if (typeof granted === 'number') return granted
    this.respond(transaction, granted.status, granted.fields)
    return undefined
  }

  /** The first SUBSCRIBE, or one in the dialog, that is granted. */
  subscribe(transaction: ServerTransaction, seconds: number): void {
    this.respond(transaction, 200, [['Expires', String(seconds)]])
    this.expiresAt = this.owner.runtime.clock.monotonic() + seconds * 1000
    this.machine.input({ type: 'subscribe', seconds })
  }

  /** A request in the dialog: only SUBSCRIBE means anything. */
  receive(transaction: ServerTransaction, request: Message, asked: number | undefined): void {
    if (request.fromTag !== this.dialog.remoteTag) {
      this.respond(transaction, 481, [])
      return
    }
    const dialog = received(this.dialog, request.cseq)
    this.dialog = dialog ?? this.dialog
    if (dialog === undefined) this.respond(transaction, 500, [])
    else if (request.method !== 'SUBSCRIBE') this.respond(transaction, 405, [])
    // §4.5.1: one subscription in a dialog.
    else if (eventOf(request).value !== this.event) this.respond(transaction, 489, [])
    else if (!this.retarget(request)) this.respond(transaction, 400, [])
    else this.refresh(transaction, asked)
  }

  perform({ reason }: Performed): void {
    const { owner, subscriber, event } = this
    const dialog = counted(this.dialog)
    this.dialog = dialog
    const body = subscriber?.state(this.version)
    this.version += 1
    const fields: Fields = [
      ['Event', event],
      ['Subscription-State', this.stateOf(reason)],
    ]
    const hop = owner.nextHop(nextURI(dialog))
    if (hop === undefined) {
      owner.runtime.clock.turn(() => this.machine.input({ type: 'answered', gone: true }))
      return
    }
    const contact = owner.fields.contact('NOTIFY', hop)
    const content = { contact, fields: owner.fields.ofRequest('NOTIFY', fields), body }
    const done = new OneRequest(({ status }) =>
      // §4.2.2: whoever refuses a NOTIFY, or does not answer it, wants none.
      this.machine.input({ type: 'answered', gone: status >= 300 }),
    )
    owner.transactions.request(buildRequest(requestIn(dialog, 'NOTIFY', dialog.localCSeq, content)), hop, done)
  }

  terminated(): void {
    this.retire()
    this.subscriber?.ended()
    this.subscriber = undefined
  }

  settle(): void {
    // Nothing of it takes turns with anything else.
  }

  /** RFC 3261 §12.2.2, RFC 6665 §4.4: it may come from elsewhere now. False where its Contact is none. */
  private retarget(request: Message): boolean {
    try {
      this.dialog = refreshed(this.dialog, request)
      return true
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
      return false
    }
  }

  private refresh(transaction: ServerTransaction, asked: number | undefined) {
    const seconds = this.granted(transaction, asked)
    if (seconds !== undefined) this.subscribe(transaction, seconds)
  }

  private stateOf(reason: Reason | undefined): string {
    // §4.1.3: whoever is told so may ask again, but not at once.
    if (reason === 'probation') return `terminated;reason=probation;retry-after=${probation}`
    if (reason !== undefined) return `terminated;reason=${reason}`
    const left = this.expiresAt - this.owner.runtime.clock.monotonic()
    return `active;expires=${Math.max(0, Math.ceil(left / 1000))}`
  }

  private respond(transaction: ServerTransaction, status: number, fields: Fields) {
    const own = this.owner.fields
    const contact = status < 300 ? own.contactAt(transaction.from) : undefined
    transaction.respond(status, { contact, fields: own.ofResponse('SUBSCRIBE', status, fields) })
  }
}

/** There is no such subscription any more. */
const gone = { status: 481, fields: [] }

/** The subscriptions of a user agent, by what finds them again. */
export class Subscriptions {
  private readonly owner: SessionOwner
  private readonly all = new Map<string, Notified>()

  constructor(owner: SessionOwner) {
    this.owner = owner
  }

  get size(): number {
    return this.all.size
  }

  of(request: Message): Notified | undefined {
    return this.all.size === 0 ? undefined : this.all.get(`${request.callID} ${request.toTag}`)
  }

  /** A SUBSCRIBE outside dialogs that policy allows. */
  begin(transaction: ServerTransaction, subscriber: Subscriber, asked: number | undefined): void {
    const { request, toTag } = transaction
    const dialog = readDialog(request, toTag)
    if (dialog === undefined) {
      transaction.respond(400, { reason: 'Bad Contact or Record-Route' })
      return
    }
    const key = `${dialog.callID} ${dialog.localTag}`
    const made = new Notified(this.owner, dialog, eventOf(request).value, subscriber, () => this.all.delete(key))
    const seconds = made.granted(transaction, asked)
    if (seconds === undefined) return
    this.all.set(key, made)
    subscriber.begun(made)
    made.subscribe(transaction, seconds)
  }
}
