/** Digits, and all else that a phone says by INFO: to whom, and in which way (decisions/0042-digits-by-info.md). */
import { buildInfoDigit, isInfoDigit, parseInfoDigit } from '#protocols/media/dtmf/info-digit.ts'
import { errors } from '#protocols/tlib/errors.ts'
import { onDevice } from '../events/publish.ts'
import { takesEvents } from '../media/descriptions.ts'
import { mediaOf, sendMsml } from '../media/media-leg.ts'
import type { Leg, Party } from './call.ts'
import type { InputOf } from './input.ts'
import type { Turn } from './turn.ts'

/** ms of a digit that we send, and of the pause after it. */
const duration = 100
const interval = 70

/** RequestSendDtmf: to the other side. */
export function sendDigits(turn: Turn, party: Party, digits: string, token: number) {
  const other = answeredBeside(turn, party.leg)
  if (!other || party.state !== 'Connected') return turn.refuse(token, errors.wrongState)
  press(turn, other, digits, `digits${token}`)
  onDevice(turn, party, 'EventDtmfSent', { dtmfDigits: digits }, token)
}

/**
 * INFO of a phone is for whom it talks with. While a media server alone hears it, its digits are for that one, who
 * collects them; nothing else is, MSML least of all.
 */
export function phoneTold(turn: Turn, input: InputOf<'info'>) {
  const leg = turn.leg(input.leg)
  const peer = turn.leg(leg?.peer)
  if (peer?.role !== 'media') return passOn(turn, input, peer)
  const other = answeredBeside(turn, input.leg)
  const digit = other && digitInRtp(input, leg, other)
  if (other === undefined) passOn(turn, input, isInfoDigit(input.contentType) ? peer : undefined)
  else if (digit === undefined) passOn(turn, input, other)
  else {
    press(turn, other, digit, `info${input.request}`)
    turn.do({ type: 'respond', leg: input.leg, request: input.request, status: 200 })
  }
}

/** Its answer is that of the other side. */
function passOn(turn: Turn, { leg, request, contentType, body }: InputOf<'info'>, to: Leg | undefined) {
  if (to?.state !== 'Up') return turn.do({ type: 'respond', leg, request, status: 415 })
  const tag = `pass:${leg}:${request}`
  turn.do({ type: 'send', leg: to.id, method: 'INFO', tag, fields: [], body: { type: contentType, text: body } })
}

/** A digit of who has no other way than INFO, for who takes those in RTP. */
function digitInRtp({ contentType, body }: InputOf<'info'>, from: Leg | undefined, to: Leg): string | undefined {
  const isConverted = isInfoDigit(contentType) && !takesEvents(from?.remote) && takesEvents(to.remote)
  return isConverted ? parseInfoDigit(body) : undefined
}

/**
 * To a phone, as events in RTP (RFC 4733) where a media server is with it and it takes them, else by INFO. `name` is that
 * of the MSML dialog.
 */
function press(turn: Turn, leg: Leg, digits: string, name: string) {
  const media = mediaOf(turn, leg.id)
  if (media?.state === 'Up' && takesEvents(leg.remote)) {
    const generate = { digits, duration, interval }
    return sendMsml(turn, media.id, { type: 'dialogstart', connection: 'self', name, generate }, 'digits')
  }
  for (const digit of digits) {
    const body = buildInfoDigit(digit, duration)
    turn.do({ type: 'send', leg: leg.id, method: 'INFO', tag: undefined, fields: [], body })
  }
}

/** The leg of the other party, once it has answered. */
function answeredBeside(turn: Turn, leg: string | undefined): Leg | undefined {
  const other = turn.call.parties.find((party) => party.leg !== undefined && party.leg !== leg)
  const found = turn.leg(other?.leg)
  return found?.state === 'Up' ? found : undefined
}
