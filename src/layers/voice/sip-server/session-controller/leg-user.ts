/** The user of a leg's session: turns what the user agent tells into inputs of the call. */
import type { Body, SessionUser } from '#protocols/sip/core/session.ts'
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import { parseNameAddr, uriOf } from '#protocols/sip/message/headers/name-addr.ts'
import { unescapeText } from '#protocols/sip/message/headers/uri.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { Target } from './call/call.ts'
import type { LegInput } from './call/input.ts'

type Respond = (status: number, reason?: string) => void
type Reply = { accept(body: Body): void; reject(status: number): void }

/** Without the time, which whoever takes it puts on. */
export type Told = LegInput extends infer I ? (I extends { at: number } ? Omit<I, 'at'> : never) : never

/** What a leg's user needs of its call. */
export interface LegOwner {
  tell(input: Told): void
  /** Keeps what a later effect on the leg uses. */
  keepOffer(leg: string, reply: Reply): void
  keepAcknowledge(leg: string, acknowledge: (answer: Body) => void): void
  /** Gives the number by which the call will answer. */
  keepRequest(respond: Respond): number
  locate(number: string): Target | undefined
}

export class LegUser implements Required<SessionUser> {
  private readonly owner: LegOwner
  private readonly leg: string

  constructor(owner: LegOwner, leg: string) {
    this.owner = owner
    this.leg = leg
  }

  progressed({ status, body, dialog, response }: Parameters<NonNullable<SessionUser['progressed']>>[0]): void {
    const talks = response.headers('Allow-Events').some((name) => name.toLowerCase() === 'talk')
    this.owner.tell({ type: 'progressed', leg: this.leg, status, body: sdpOf(body), fork: dialog, talks })
  }

  answered({ body, acknowledge }: Parameters<NonNullable<SessionUser['answered']>>[0]): void {
    if (acknowledge) this.owner.keepAcknowledge(this.leg, acknowledge)
    this.owner.tell({ type: 'answered', leg: this.leg, body: sdpOf(body), offer: acknowledge !== undefined })
  }

  failed({ status }: { status: number }): void {
    this.owner.tell({ type: 'failed', leg: this.leg, status })
  }

  cancelled({ reason }: { reason: string | undefined }): void {
    this.owner.tell({ type: 'cancelled', leg: this.leg, reason })
  }

  acknowledged({ body }: { body: Body | undefined }): void {
    this.owner.tell({ type: 'acknowledged', leg: this.leg, body: sdpOf(body) })
  }

  offered({ offer, accept, reject }: Parameters<NonNullable<SessionUser['offered']>>[0]): void {
    this.owner.keepOffer(this.leg, { accept, reject })
    this.owner.tell({ type: 'offered', leg: this.leg, body: sdpOf(offer) })
  }

  requested({ request, respond }: Parameters<NonNullable<SessionUser['requested']>>[0]): void {
    if (request.method === 'INFO') this.informed(request, respond)
    else if (request.method === 'REFER') this.referred(request, respond)
    else respond(request.method === 'OPTIONS' || request.method === 'NOTIFY' ? 200 : 501)
  }

  ended({ cause, reason }: { cause: 'bye' | 'no-ack' | 'gone'; reason: string | undefined }): void {
    this.owner.tell({ type: 'ended', leg: this.leg, cause, reason })
  }

  private informed(message: Message, respond: Respond): void {
    const request = this.owner.keepRequest(respond)
    const body = message.body.toString()
    this.owner.tell({ type: 'info', leg: this.leg, request, contentType: message.contentType, body })
  }

  private referred(message: Message, respond: Respond) {
    const to = referTo(message)
    if (!to) return respond(400)
    const request = this.owner.keepRequest(respond)
    this.owner.tell({ type: 'referred', leg: this.leg, request, ...to, target: this.owner.locate(to.number) })
  }
}

/** A session description; a body of another type says nothing of media. */
export const sdpOf = (body: Body | undefined): string | undefined =>
  body?.type.toLowerCase().startsWith('application/sdp') ? body.bytes.toString() : undefined

/** RFC 3515 §2.1: exactly one Refer-To; a URI with Replaces is an attended transfer. */
function referTo(message: Message): { number: string; replaces: boolean } | undefined {
  const [value, ...more] = message.headers('Refer-To')
  if (value === undefined || more.length > 0) return undefined
  try {
    const { user, headers } = uriOf(parseNameAddr(value))
    return { number: unescapeText(user), replaces: /[?&]replaces=/i.test(headers) }
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined
    throw error
  }
}
