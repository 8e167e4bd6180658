/** A leg at work: the user of its session, whose news become inputs of the call, and what the call does on the leg. */
import type {
  Body,
  EndCause,
  IncomingSession,
  OutgoingSession,
  ReinviteOutcome,
  RequestOutcome,
  Session,
  SessionUser,
} from '#protocols/sip/core/session.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { contactsOf } from '#protocols/sip/message/headers/contact.ts'
import { parseNameAddr, uriOf } from '#protocols/sip/message/headers/name-addr.ts'
import { parseReplaces } from '#protocols/sip/message/headers/replaces.ts'
import { parseURI, unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { own } from '#protocols/sip/message/scan.ts'
import type { Consultation, Fields, Target } from './call/call.ts'
import type { SipEffect, Text } from './call/effect.ts'
import type { LegInput, RedirectContact } from './call/input.ts'

export type Respond = (status: number, reason?: string) => void
type Reply = { accept(body: Body): void; reject(status: number): void }

/** Without the time, which whoever takes it puts on. */
export type Told = LegInput extends infer I ? (I extends { at: number } ? Omit<I, 'at'> : never) : never

/** On a leg that is there already. */
export type LegEffect = Exclude<SipEffect, { type: 'invite' | 'respond' }>

/** What a leg needs of its call. */
export interface LegOwner {
  tell(input: Told): void
  /** Gives the number by which the call will answer. */
  keep(respond: Respond): number
  locate(number: string): Target | undefined
  consultation(dialog: DialogName): Consultation | undefined
}

/** As Replaces names it to us (RFC 3891 §3): `toTag` is ours. */
export type DialogName = { readonly callID: string; readonly toTag: string; readonly fromTag: string }

export class LegAtWork implements Required<SessionUser> {
  private owner: LegOwner
  private leg: string
  private readonly earlyMedia: boolean
  private hasReferred = false
  private session: Session | undefined
  /** How the offer that the other side made is answered. */
  private reply: Reply | undefined
  /** How the 2xx that carried an offer is answered. */
  private acknowledgeWith: ((answer: Body) => void) | undefined

  /** `earlyMedia`: whether what it says before it answers is heard. */
  constructor(owner: LegOwner, leg: string, earlyMedia: boolean) {
    this.owner = owner
    this.earlyMedia = earlyMedia
    this.leg = leg
  }

  /** The session that this is the user of. */
  use(session: Session): void {
    this.session = session
  }

  /** It is a leg of another call from now on. */
  moveTo(owner: LegOwner, leg: string): void {
    this.owner = owner
    this.leg = leg
  }

  isIn({ callID, toTag, fromTag }: DialogName): boolean {
    const { session } = this
    return session?.localTag === toTag && session.callID === callID && session.remoteTag === fromTag
  }

  perform(effect: LegEffect) {
    switch (effect.type) {
      case 'progress':
        return this.incoming.progress(
          effect.status,
          undefined,
          effect.body === undefined ? effect.body : sdp(effect.body),
        )
      case 'accept':
        return this.incoming.accept(sdp(effect.body))
      case 'reject':
        return this.incoming.reject(effect.status, undefined, effect.fields)
      case 'acknowledge':
        return this.acknowledge(effect.body)
      case 'cancel':
        return (this.session as OutgoingSession | undefined)?.cancel(effect.fields)
      case 'bye':
        return this.session?.bye(effect.fields)
      case 'reinvite':
        return this.session?.reinvite(effect.body === undefined ? effect.body : sdp(effect.body), (outcome) =>
          this.reinvited(outcome),
        )
      case 'acceptOffer':
        return this.takeReply()?.accept(sdp(effect.body))
      case 'rejectOffer':
        return this.takeReply()?.reject(effect.status)
      case 'send':
        return this.send(effect.method, effect.tag, effect.fields, effect.body)
    }
  }

  progressed({ status, body, dialog, response }: Parameters<NonNullable<SessionUser['progressed']>>[0]): void {
    const heard = this.earlyMedia ? sdpOf(body) : undefined
    // After 183 many a phone waits for what it is to hear: after 180 it makes the tone itself.
    const told = status === 183 && !this.earlyMedia ? 180 : status
    const talks = response.headers('Allow-Events').some((name) => name.toLowerCase() === 'talk')
    this.owner.tell({ type: 'progressed', leg: this.leg, status: told, body: heard, fork: dialog, talks })
  }

  answered({ body, acknowledge }: Parameters<NonNullable<SessionUser['answered']>>[0]): void {
    const description = sdpOf(body)
    if (description === undefined && acknowledge === undefined) {
      this.unanswered()
      return
    }
    this.acknowledgeWith = acknowledge
    this.owner.tell({ type: 'answered', leg: this.leg, body: description, offer: acknowledge !== undefined })
  }

  /**
   * RFC 3261 §13.2.1: a 2xx without an answer to our offer. Who called would hear it ring for ever. For good, like 606:
   * somebody has picked up, and is not to be called again.
   */
  private unanswered(): void {
    this.session?.bye()
    this.owner.tell({ type: 'failed', leg: this.leg, status: 606 })
  }

  failed({ status, response }: { status: number; response: Message | undefined }): void {
    const isRedirect = status >= 300 && status <= 302 && response !== undefined
    const contacts = isRedirect ? { contacts: redirectsOf(response, (number) => this.owner.locate(number)) } : undefined
    this.owner.tell({ type: 'failed', leg: this.leg, status, ...contacts })
  }

  cancelled({ reason }: { reason: string | undefined }): void {
    this.owner.tell({ type: 'cancelled', leg: this.leg, reason })
  }

  acknowledged({ body }: { body: Body | undefined }): void {
    this.owner.tell({ type: 'acknowledged', leg: this.leg, body: sdpOf(body) })
  }

  offered({ offer, accept, reject }: Parameters<NonNullable<SessionUser['offered']>>[0]): void {
    this.reply = { accept, reject }
    this.owner.tell({ type: 'offered', leg: this.leg, body: sdpOf(offer) })
  }

  offerCancelled(): void {
    this.reply = undefined
    this.owner.tell({ type: 'offerCancelled', leg: this.leg })
  }

  requested({ request, respond }: Parameters<NonNullable<SessionUser['requested']>>[0]): void {
    if (request.method === 'INFO') this.informed(request, respond)
    else if (request.method === 'REFER') this.referred(request, respond)
    // RFC 6665 §4.1.3: we subscribe to nothing. Not 481, at which many a phone would end the call.
    else if (request.method === 'NOTIFY') respond(489)
    else respond(request.method === 'OPTIONS' ? 200 : 501)
  }

  stale(): void {
    this.owner.tell({ type: 'stale', leg: this.leg })
  }

  ended({ cause, reason }: { cause: EndCause; reason: string | undefined }): void {
    this.owner.tell({ type: 'ended', leg: this.leg, cause, reason })
  }

  private get incoming(): IncomingSession {
    return this.session as IncomingSession
  }

  private acknowledge(body: string): void {
    this.acknowledgeWith?.(sdp(body))
    this.acknowledgeWith = undefined
  }

  private takeReply(): Reply | undefined {
    const { reply } = this
    this.reply = undefined
    return reply
  }

  private reinvited({ status, body, retryAfter, response, acknowledge }: ReinviteOutcome): void {
    const description = sdpOf(body)
    if (description === undefined && acknowledge !== undefined) {
      this.offersNothing()
      return
    }
    this.acknowledgeWith = acknowledge
    const wait = retryAfter ?? (status === 500 ? waitOf(response) : undefined)
    const told = isPassing(status, response, wait) ? 491 : status
    this.owner.tell({ type: 'reinvited', leg: this.leg, status: told, body: description, retryAfter: wait })
  }

  /** RFC 3261 §14.1: a 2xx without the offer we asked for. It waits for an ACK, which has nothing to answer: BYE sends both. */
  private offersNothing(): void {
    this.session?.bye()
    this.owner.tell({ type: 'ended', leg: this.leg, cause: 'gone', reason: undefined })
  }

  private send(method: string, tag: string | undefined, fields: Fields, body: Text | undefined): void {
    const done = ({ status, response }: RequestOutcome): void => {
      if (tag === undefined) return
      const text = response && response.body.length > 0 ? response.body.toString() : undefined
      this.owner.tell({ type: 'responded', leg: this.leg, tag, status, body: text })
    }
    const bytes = body && { type: body.type, bytes: Buffer.from(body.text) }
    this.session?.request(method, done, fields, bytes)
  }

  private informed(message: Message, respond: Respond): void {
    const request = this.owner.keep(respond)
    const body = message.body.toString()
    this.owner.tell({ type: 'info', leg: this.leg, request, contentType: message.contentType, body })
  }

  private referred(message: Message, respond: Respond) {
    const to = referTo(message)
    if (!to) return respond(400)
    const request = this.owner.keep(respond)
    const { number, replaces } = to
    const consultation = replaces === undefined ? undefined : this.owner.consultation(replaces)
    const target = this.owner.locate(number)
    // RFC 3515 §2.4.6: after the first one in a dialog they are told apart by their CSeq.
    const event = this.hasReferred ? `refer;id=${message.cseq}` : 'refer'
    this.hasReferred = true
    this.owner.tell({
      type: 'referred',
      leg: this.leg,
      request,
      event,
      number,
      target,
      replaces: replaces !== undefined,
      consultation,
    })
  }
}

/**
 * As after a glare, it is tried again: no proxy is linked just now; a connection broke, of a proxy before the phone (504) or
 * the phone's own, which it is about to open again (430, RFC 5626 §5.3); or it is busy with a re-INVITE of its own (500).
 * What lasts, its session ends: 40 s of 430.
 */
const isPassing = (status: number, response: Message | undefined, wait: number | undefined): boolean =>
  status === 430 ||
  status === 504 ||
  (status === 503 && response === undefined) ||
  (status === 500 && wait !== undefined)

/** RFC 3261 §14.2: ms, of up to ten seconds; a longer time is another matter. None is taken for one second. */
function waitOf(response: Message | undefined): number | undefined {
  const [, seconds] = /^(\d{1,2})(?!\d)/.exec(response?.header('Retry-After') ?? '') ?? []
  return seconds === undefined || Number(seconds) > 10 ? undefined : Math.max(1, Number(seconds)) * 1000
}

/** As many as are looked at. */
const mostContacts = 10

/** RFC 3261 §8.1.3.4: by descending q. What is none, or no SIP or telephone address, leads nowhere. */
function redirectsOf(response: Message, locate: (number: string) => Target | undefined): RedirectContact[] {
  try {
    const contacts = contactsOf(response).sort((one, other) => other.q - one.q)
    return contacts.slice(0, mostContacts).flatMap(({ uri }) => {
      const { scheme, user } = uri === '*' ? nowhere : parseURI(uri)
      if (!/^(?:sips?|tel)$/.test(scheme)) return []
      const number = own(unescapeText(user))
      const question = uri.indexOf('?')
      return [{ uri: own(question < 0 ? uri : uri.slice(0, question)), number, target: locate(number) }]
    })
  } catch (error) {
    if (error instanceof MalformedMessage) return []
    throw error
  }
}
const nowhere = { scheme: '', user: '' }

/** A session description; a body of another type says nothing of media. */
export const sdpOf = (body: Body | undefined): string | undefined =>
  body?.type.toLowerCase().startsWith('application/sdp') ? body.bytes.toString() : undefined

export const sdp = (text: string): Body => ({ type: 'application/sdp', bytes: Buffer.from(text) })

/** RFC 3515 §2.1: exactly one Refer-To; a URI with Replaces is an attended transfer. */
function referTo(message: Message): { number: string; replaces: DialogName | undefined } | undefined {
  const [value, ...more] = message.headers('Refer-To')
  if (value === undefined || more.length > 0) return undefined
  try {
    const { user, headers } = uriOf(parseNameAddr(value))
    const [, replaces] = /[?&]replaces=([^&]*)/i.exec(headers) ?? []
    if (replaces === undefined) return { number: unescapeText(user), replaces: undefined }
    const dialog = parseReplaces(unescapeText(replaces))
    return dialog && { number: unescapeText(user), replaces: dialog }
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}
