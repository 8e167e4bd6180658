/** A session this side opened: RFC 3261 §13.2, with the forks of its INVITE (§13.2.2.4). */
import { confirmed, type Dialog, dialogOfCaller } from '../dialog/dialog.ts'
import { type Effect, type Input, inviteClientUsage, type State, type Usage } from '../dialog/invite-client-usage.ts'
import { buildRequest, type RequestParts } from '../message/build-request.ts'
import type { Body, Fields } from '../message/draft.ts'
import { MalformedMessage } from '../message/errors.ts'
import { parseNameAddr } from '../message/headers/name-addr.ts'
import { formatRAck, reliableNumber } from '../message/headers/rack.ts'
import type { Message } from '../message/message.ts'
import { reasonPhrase } from '../message/reason-phrase.ts'
import { own } from '../message/scan.ts'
import type { ClientTransaction, ClientUser } from '../transaction/transactions.ts'
import { Challenges } from './challenges.ts'
import { DialogSession, type Phase } from './dialog-session.ts'
import { MachineInTurn, type Performer } from './machine-in-turn.ts'
import { bodyOf } from './message-body.ts'
import { plainly } from './plainly.ts'
import { OneRequest, statusOf } from './request-outcome.ts'
import type { OutgoingSession, SessionUser } from './session.ts'
import type { SessionOwner } from './session-owner.ts'
import type { Invitation } from './user-agent.ts'

type Performed = Exclude<Effect, { type: 'start' }>

/** Early dialogs that are kept: more than anybody is forked to, and few enough where one makes them up. */
const mostForks = 64

const phases: Readonly<Record<State, Phase>> = {
  Calling: 'Early',
  Cancelled: 'Early',
  Answered: 'Accepted',
  Confirmed: 'Confirmed',
  Ended: 'Over',
  Terminated: 'Over',
}

export class CallerSession extends DialogSession implements OutgoingSession, ClientUser, Performer<Performed> {
  readonly isCaller = true
  /** What the dialogs need of the INVITE; neither its body nor its other fields. */
  private invite: RequestParts
  /** Until there is a final response: it may have to be sent again (RFC 4028 §7.3, RFC 3261 §22.2). */
  private invitation: Invitation | undefined
  private readonly usage: MachineInTurn<State, Input, Usage, Effect>
  /** Until there is a final response. */
  private transaction: ClientTransaction | undefined
  private cancelFields: Fields | undefined
  private readonly offered: boolean
  /** The last RSeq of each early dialog that has reliable responses, by remote tag (RFC 3262 §4). */
  private reliable: Map<string, number> | undefined
  /** What a reliable response or an UPDATE of an early dialog described: its 2xx need not say it again. */
  private early: Map<string, Body | undefined> | undefined
  /** The highest number that a PRACK or UPDATE of an early dialog had: that of a BYE to any of them is higher. */
  private lastEarly = 0
  /** What other responses of each fork described, by remote tag: for a 2xx that has no answer. */
  private previews: Map<string, Body> | undefined
  /** What the first 2xx makes ours. */
  private candidate: Dialog | undefined

  constructor(owner: SessionOwner, invitation: Invitation, user: SessionUser) {
    const { random } = owner.runtime
    super(owner, invitation.callID ?? random.hex(12), random.hex(5))
    this.user = user
    const { requestURI, from, to, cseq = 1, identity } = invitation
    if (identity !== undefined) this.challenges = new Challenges(identity, random)
    const tagged = own(`${from};tag=${this.localTag}`)
    this.invite = { method: 'INVITE', requestURI, from: tagged, to, callID: this.callID, cseq }
    const offered = invitation.body !== undefined
    this.offered = offered
    const data: Usage = { T1: owner.timing.T1, offered, ours: undefined, answer: undefined, forks: [] }
    this.usage = new MachineInTurn(owner.drive, inviteClientUsage, { state: 'Calling', data }, this.turns, this)
  }

  /** Sends the INVITE. */
  start(invitation: Invitation): void {
    const { owner } = this
    const { route, fields, body, requestURI } = invitation
    this.invitation = invitation
    const hop = owner.nextHop(firstURI(route, requestURI))
    if (hop === undefined) {
      owner.runtime.clock.turn(() => this.failed('transport'))
      return
    }
    const contact = owner.fields.contactAt(hop)
    const all = owner.fields.ofInvitation(this.authorized(fields), this.timer?.askedAgain, this.offered)
    const { method, from, to, callID, cseq } = this.invite
    const parts = { method, requestURI, from, to, callID, cseq, route: route ?? [], contact, fields: all, body }
    const draft = buildRequest(parts)
    this.transaction = owner.transactions.request(draft, hop, this)
  }

  get phase(): Phase {
    return phases[this.usage.state]
  }

  cancel(fields?: Fields): void {
    this.cancelFields = fields
    if (this.phase !== 'Over') this.usage.input({ type: 'cancel' })
  }

  snapshot(): object {
    const { callID, localTag, invite, dialogs } = this
    const usage = plainly(this.usage.snapshot())
    const exchange = plainly(this.exchange?.snapshot())
    const timer = this.timer?.snapshot()
    return { role: 'caller', callID, localTag, invite, dialogs, usage, exchange, timer }
  }

  /** Of the INVITE. */
  response(response: Message): void {
    const { status } = response
    if (status < 200) this.provisional(response)
    else if (status < 300) this.accepted(response)
    else if (this.usage.state === 'Calling' && this.mayPass(response)) this.startAgain()
    else this.usage.input({ type: '300-699', response })
  }

  failed(cause: 'timeout' | 'transport'): void {
    this.usage.input({ type: 'noAnswer', status: statusOf(cause) })
  }

  perform(effect: Performed): void {
    if (effect.type === 'tell') this.tell(effect.event, effect.response)
    else if (effect.type === 'answered') this.answered(effect.response, effect.offer)
    else if (effect.type === 'fail') this.fail(effect.status)
    else if (effect.type === 'confirm') this.confirm(effect.response)
    else if (effect.type === 'acknowledge') this.acknowledgeOurs(effect.answer)
    else if (effect.type === 'bye') this.sendBye()
    else if (effect.type === 'cancel') this.transaction?.cancel(this.cancelFields ?? this.byeFields)
    else this.dismiss(effect.response, effect.type === 'dismiss')
  }

  terminated(): void {
    this.transaction = undefined
    this.invitation = undefined
  }

  protected get finished(): boolean {
    return this.phase === 'Over'
  }

  /**
   * In an early dialog, unless a reliable response answered it, and before our ACK, an offer of ours or theirs is open
   * (§14.2, RFC 3311 §5.2).
   */
  protected offerFault(remoteTag: string): 0 | 491 | 500 {
    if (this.phase === 'Confirmed') return 0
    return this.phase === 'Early' && this.early?.has(remoteTag) === true ? 0 : 491
  }

  override offerTaken(request: Message): void {
    if (this.phase === 'Early') this.early?.set(request.fromTag, bodyOf(request))
  }

  protected usageOver(): void {
    if (this.phase !== 'Over') this.usage.input({ type: 'over' })
  }

  protected usageBye(): void {
    this.usage.input({ type: 'bye' })
  }

  /** Who calls sends the ACK and gets none. */
  protected usageAcknowledged(): boolean {
    return false
  }

  private provisional(response: Message) {
    if (response.status > 100 && this.dialogs.length < mostForks && this.indexOf(response.toTag) < 0) {
      const early = this.dialogOf(response)
      if (early !== undefined) this.dialogs.push(early)
    }
    this.preview(response)
    const rseq = this.offered ? reliableNumber(response) : undefined
    if (rseq === undefined || this.acknowledgesProvisional(rseq, response)) this.usage.input({ type: '1xx', response })
  }

  /** §13.2.1: it is the answer, though it may be lost; there are peers that do not repeat it in the 2xx. */
  private preview(response: Message) {
    const { toTag } = response
    const answer = this.offered && this.indexOf(toTag) >= 0 ? bodyOf(response) : undefined
    if (answer === undefined) return
    this.previews ??= new Map()
    this.previews.set(toTag, answer)
  }

  /** RFC 3262 §4: PRACK. Not again to one that is repeated, nor to one before which another is missing. */
  private acknowledgesProvisional(rseq: number, response: Message): boolean {
    const { toTag, cseq } = response
    const dialog = this.dialogs[this.indexOf(toTag)]
    const last = this.reliable?.get(toTag)
    if (dialog === undefined || cseq !== this.invite.cseq || (last !== undefined && rseq !== last + 1)) return false
    this.reliable ??= new Map()
    this.reliable.set(toTag, rseq)
    const answer = bodyOf(response)
    if (answer !== undefined) {
      this.early ??= new Map()
      this.early.set(toTag, answer)
    }
    const fields = [['RAck', formatRAck({ rseq, cseq, method: 'INVITE' })]] as const
    this.send('PRACK', { fields }, new OneRequest(() => {}), dialog)
    return true
  }

  /** Whether the same INVITE, a little changed, has a chance. */
  private mayPass(response: Message): boolean {
    return this.timerRaised(response) || this.challengeAnswered(response)
  }

  private challengeAnswered(response: Message): boolean {
    const { requestURI = '', body } = this.invitation ?? {}
    return this.challenges?.answered(response, requestURI, body) === true
  }

  private authorized(fields: Fields | undefined): Fields | undefined {
    const credentials = this.challenges?.take() ?? []
    this.credentials = credentials
    return credentials.length === 0 ? fields : [...(fields ?? []), ...credentials]
  }

  /** §8.1.3.5: the same request with the next number; early dialogs were of the last one. */
  private startAgain() {
    const { invitation } = this
    if (invitation === undefined) return
    this.invite = { ...this.invite, cseq: this.invite.cseq + 1 }
    this.dialogs = []
    this.reliable = undefined
    this.early = undefined
    this.previews = undefined
    this.start(invitation)
  }

  private accepted(response: Message) {
    this.transaction = undefined
    this.invitation = undefined
    if (this.phase === 'Early') this.candidate = this.confirmable(response)
    if (this.phase === 'Early' && this.candidate === undefined) this.usage.input({ type: 'noAnswer', status: 503 })
    else this.usage.input({ type: '2xx', response, dialog: response.toTag })
  }

  /** The dialog that this 2xx confirms; undefined where it cannot be one. */
  private confirmable(response: Message): Dialog | undefined {
    const early = this.dialogs[this.indexOf(response.toTag)]
    if (early === undefined) return this.dialogOf(response)
    return this.readable(() => confirmed(early, response))
  }

  private dialogOf(response: Message): Dialog | undefined {
    return this.readable(() => dialogOfCaller(this.invite, this.localTag, response))
  }

  /** A Contact or Record-Route that is none makes no dialog; the peer cannot be reached in it. */
  private readable(read: () => Dialog | undefined): Dialog | undefined {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
      this.owner.log.warn({ callID: this.callID, reason: error.message }, 'a response makes no dialog')
      return undefined
    }
  }

  private tell(event: 'progressed' | 'failed', response: Message) {
    const { status, reason, toTag: dialog } = response
    if (event === 'progressed') this.user.progressed?.({ status, reason, body: bodyOf(response), dialog, response })
    else this.user.failed?.({ status, reason, response })
  }

  private answered(response: Message, offer: boolean) {
    const { toTag } = response
    const event = { body: bodyOf(response) ?? this.early?.get(toTag) ?? this.previews?.get(toTag), response }
    this.early = undefined
    this.previews = undefined
    this.reliable = undefined
    if (offer) this.user.answered?.({ ...event, acknowledge: (answer) => this.answer(answer) })
    else this.user.answered?.(event)
  }

  private answer(answer: Body) {
    if (this.usage.state === 'Answered') this.usage.input({ type: 'acknowledge', answer })
  }

  private fail(status: number) {
    this.user.failed?.({ status, reason: reasonPhrase(status), response: undefined })
  }

  /** The early dialogs of other forks end with it (§13.2.2.4). */
  private confirm(response: Message) {
    for (const { localCSeq } of this.dialogs) this.lastEarly = Math.max(this.lastEarly, localCSeq)
    if (this.candidate !== undefined) this.dialogs = [this.candidate]
    this.candidate = undefined
    if (this.usage.state !== 'Ended') this.timerAgreed(response)
  }

  private acknowledgeOurs(answer: Body | undefined) {
    this.acknowledge(this.invite.cseq, answer)
    this.confirmedNow()
  }

  /** ACK, and BYE where this is the first 2xx of that fork. */
  private dismiss(response: Message, first: boolean) {
    const dialog = this.dialogOf(response)
    if (dialog === undefined) return
    this.acknowledge(this.invite.cseq, undefined, dialog)
    const counted = { ...dialog, localCSeq: Math.max(dialog.localCSeq, this.lastEarly) }
    if (first) this.send('BYE', {}, new OneRequest(() => {}), counted)
  }
}

/** §8.1.2: where a request outside dialogs goes next. */
export function firstURI(route: readonly string[] | undefined, requestURI: string): string {
  const first = route?.[0]
  return first === undefined ? requestURI : parseNameAddr(first).uri
}
