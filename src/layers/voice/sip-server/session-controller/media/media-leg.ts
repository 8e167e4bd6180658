/**
 * The leg to a media server that an endpoint of the call is connected to: one dialog for all treatments. When it is
 * lost it is made again, elsewhere; the endpoint stays.
 */
import { buildMsmlRequest } from '#protocols/media/msml/build-msml.ts'
import { type MsmlRequest, msmlType } from '#protocols/media/msml/msml.ts'
import { parseMsmlResult } from '#protocols/media/msml/parse-msml.ts'
import type { Leg } from '../call/call.ts'
import type { InputOf } from '../call/input.ts'
import type { Turn } from '../call/turn.ts'
import { bringUpToDate, settle, up } from './exchange.ts'

/** ms before a media server is asked again; doubled at each failure, up to the second figure. */
const firstRetry = 100
const longestRetry = 5000

/** Connects an endpoint with a media server: the conference of the call, or a service of RFC 4240. */
export function openMedia(turn: Turn, endpoint: string, service?: { user: string; parameters: string }): void {
  const leg = turn.leg(endpoint)
  if (!leg) return
  const { callUUID, dc, from } = turn.call
  const conference = `sip:conf=${callUUID}@media.${dc}${hasMedia(turn) ? '' : ';first'}`
  const uri = service ? `sip:${service.user}@media.${dc}${service.parameters}` : conference
  const id = turn.nextLeg('m')
  turn.putLeg({ id, role: 'media', state: 'Inviting', peer: endpoint, local: leg.remote })
  turn.setLeg(endpoint, { peer: id })
  turn.do({ type: 'invite', leg: id, uri, from, body: leg.remote, fields: [] })
}

/** The media leg an endpoint has, whatever it listens to. */
export const mediaOf = (turn: Turn, endpoint: string | undefined): Leg | undefined =>
  Object.values(turn.call.legs).find((leg) => leg.role === 'media' && leg.peer === endpoint)

/** Whether a leg of the call is on a media server: the others are to meet it there. */
const hasMedia = (turn: Turn): boolean => Object.values(turn.call.legs).some(({ role }) => role === 'media')

/** The media server took the endpoint; true where the endpoint is (still) to hear it. */
export function mediaAnswered(turn: Turn, { leg: id, body, offer }: InputOf<'answered'>): boolean {
  const leg = turn.leg(id)
  const endpoint = turn.leg(leg?.peer)
  if (!leg || !endpoint) return false
  turn.set({ mediaFailures: 0 })
  turn.setLeg(id, { remote: body, state: offer ? 'Unacknowledged' : 'Inviting' })
  if (!offer) up(turn, id)
  if (endpoint.peer !== id) return false
  bringUpToDate(turn, id)
  settle(turn, endpoint.id)
  return true
}

/** The media server did not take the endpoint, or was lost: another try soon. */
export function mediaLost(turn: Turn, id: string): void {
  const endpoint = turn.leg(id)?.peer
  turn.dropLeg(id)
  if (endpoint === undefined || turn.leg(endpoint)?.peer !== id) return
  const { mediaFailures } = turn.call
  turn.set({ mediaFailures: mediaFailures + 1 })
  turn.start(`media:${endpoint}`, Math.min(longestRetry, firstRetry * 2 ** mediaFailures))
}

/** Timer `media:LEG`. */
export function openMediaAgain(turn: Turn, endpoint: string): void {
  const leg = turn.leg(endpoint)
  if (leg && turn.leg(leg.peer) === undefined) openMedia(turn, endpoint)
}

/** The endpoint has other company now. */
export function closeMedia(turn: Turn, endpoint: string): void {
  turn.stop(`media:${endpoint}`)
  const media = mediaOf(turn, endpoint)
  if (!media) return
  if (media.state === 'Inviting') turn.cancel(media.id)
  else turn.bye(media.id)
}

export function sendMsml(turn: Turn, leg: string, request: MsmlRequest, tag: string): void {
  const body = { type: msmlType, text: buildMsmlRequest(request).toString() }
  turn.do({ type: 'send', leg, method: 'INFO', tag, fields: [], body })
}

/** Undefined where the media server did it, else its code and why not. */
export function refusalOf({ status, body }: InputOf<'responded'>): { code: number; words: string } | undefined {
  if (status < 200 || status > 299) return { code: status, words: 'the media server refused' }
  const result = parseMsmlResult(Buffer.from(body ?? ''))
  if ('refused' in result) return { code: result.refused, words: result.description }
  return result.status === 200 ? undefined : { code: result.status, words: result.description ?? 'refused' }
}
