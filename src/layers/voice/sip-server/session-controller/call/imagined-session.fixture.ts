/** One session of the imagined world: what may be done in it, as its dialog stands. */
import type { Effect } from './effect.ts'

export type Session = {
  readonly leg: string
  readonly isMedia: boolean
  state: 'calling' | 'accepted' | 'inviting' | 'up'
  /** Our INVITE, or our 200, carried the offer. */
  readonly weOffered: boolean
  reinviting: boolean
  /** Our re-INVITE had no offer: its own in the 2xx wants an answer. */
  asking: boolean
  offering: boolean
  /** The last description that it was given. */
  told: string | undefined
  readonly dialogs: Set<string>
  readonly asked: { tag: string; body: string }[]
}

/** Some phones have IPv6 alone. */
export const hostOf = ({ leg, isMedia }: Session): string =>
  isMedia ? '127.0.0.9' : /[13579]$/.test(leg) ? '2001:db8::1' : '127.0.2.1'

/** RFC 3264 §6.1: the direction of the answer to an offer. */
export function answerTo(offer: string | undefined): string {
  const direction = /\na=(sendonly|recvonly|inactive)/.exec(offer ?? '')?.[1]
  return direction === 'sendonly' ? 'recvonly' : direction === 'recvonly' ? 'sendonly' : (direction ?? 'sendrecv')
}

export const session = (
  leg: string,
  state: Session['state'],
  isMedia: boolean,
  weOffered: boolean,
  told?: string,
): Session => ({
  leg,
  isMedia,
  state,
  weOffered,
  reinviting: false,
  asking: false,
  offering: false,
  told,
  dialogs: new Set(),
  asked: [],
})

/** The call does this in it; what is wrong with that. */
export function performed(one: Session, effect: Extract<Effect, { leg: string }>): string[] {
  switch (effect.type) {
    case 'accept':
      one.state = 'accepted'
      one.told = effect.body
      return []
    case 'reinvite': {
      const isSecond = one.reinviting
      one.reinviting = true
      one.asking = effect.body === undefined
      one.told = effect.body
      return isSecond ? [`a second re-INVITE on ${effect.leg}`] : []
    }
    case 'acknowledge': {
      const isUnasked = one.weOffered && !one.asking
      one.asking = false
      return isUnasked ? [`${effect.leg} is acknowledged with an answer, and offered nothing`] : []
    }
    case 'acceptOffer':
    case 'rejectOffer': {
      const { offering } = one
      one.offering = false
      return offering ? [] : [`${effect.type} on ${effect.leg} without an offer`]
    }
    case 'send':
      if (effect.tag !== undefined) one.asked.push({ tag: effect.tag, body: effect.body?.text ?? '' })
  }
  return []
}
