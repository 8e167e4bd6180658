/** At a routing point: the call waits, is treated and is routed (event flows §3, §4). */
import { errors } from '#protocols/tlib/errors.ts'
import { onDevice } from '../events/publish.ts'
import { mediaOf, openMedia } from '../media/media-leg.ts'
import type { Ending, Party, Reachable, Target } from './call.ts'
import { callingSide, end } from './ending.ts'
import { call, callingParty, loseMedia, partyTo, takeMedia } from './endpoints.ts'
import { errorOfSeizure, isUnsuitable } from './failures.ts'
import type { InputOf } from './input.ts'
import { join, leave, note } from './parties.ts'
import { serve } from './serving.ts'
import { playOn, settleTreatment, treat } from './treatments.ts'
import type { Turn } from './turn.ts'

/** ms in which some router must have taken up a new call, else it goes to the default destination. */
const routerWait = 10_000

type RoutingPoint = Extract<Target, { kind: 'routing-point' }>

/** The call comes to a routing point: the caller is answered by a media server, and a router is asked. */
export function enqueue(turn: Turn, { dn, media, defaultDestination }: RoutingPoint, by?: string): void {
  if (media === 'anchored') turn.set({ media })
  queue(turn, dn, turn.time, defaultDestination, by)
  const caller = turn.legAs('caller')
  if (caller && !mediaOf(turn, caller.id)) openMedia(turn, caller.id)
}

/** The agent missed the call: it waits again, with the time of its first coming (§5). */
export function requeue(turn: Turn): void {
  const { queue: before } = turn.call
  if (!before) return
  // What was announced at the party before has no end at this one.
  const playing = before.playing && { ...before.playing, finite: false, kind: 'queue' as const }
  queue(turn, before.dn, before.enterTime, before.defaultDestination, undefined, { EnterTime: before.enterTime })
  const now = turn.call.queue
  if (now) turn.set({ queue: { ...now, playing, treatments: before.treatments } })
}

function queue(
  turn: Turn,
  dn: string,
  enterTime: string,
  defaultDestination: string | undefined,
  by?: string,
  extensions?: object,
): void {
  const otherDN = callingParty(turn)?.dn
  const place = { dn, external: false, state: 'Queued', role: 'Destination', queue: dn, otherDN } as const
  const extra = {
    enterTime,
    ...(extensions && { extensions: { ...extensions } }),
    ...(by !== undefined && { thirdPartyDN: by, thirdPartyDNRole: 'TransferredBy' as const }),
  }
  const { id } = join(turn, place, extra)
  turn.set({ queue: { dn, party: id, enterTime, defaultDestination, treatments: turn.call.queue?.treatments ?? 0 } })
  note(turn, id, 'EventRouteRequest', { enterTime })
  awaitRouter(turn)
  turn.state = 'Queued'
}

/** Queued: RequestApplyTreatment. */
export function applyTreatment(turn: Turn, { request, token }: InputOf<'RequestApplyTreatment'>): void {
  turn.stop('Router')
  treat(turn, { type: request.treatmentType, parameters: request.treatmentParameters ?? {}, token })
}

/** Queued: RequestRouteCall. */
export function routeCall(turn: Turn, { request, token, target }: InputOf<'RequestRouteCall'>) {
  turn.stop('Router')
  route(turn, { target, number: request.otherDN, token, reservation: request.reservationID })
}

type Route = {
  readonly target: Target | undefined
  readonly number: string
  readonly token?: number
  readonly reservation?: string | undefined
}

function route(turn: Turn, { target, number, token, reservation }: Route) {
  if (!target) return waitOn(turn, token, errors.invalidDestination, number)
  if (target.kind === 'dn') {
    if (turn.partyOf(target.dn)) return waitOn(turn, token, errors.busy, 'it is on the call')
    turn.set({ pending: { dn: target.dn, target, token } })
    turn.do({ type: 'seize', dn: target.dn, purpose: 'routed', reservation })
    turn.state = 'Reserving'
    return
  }
  if (target.kind === 'trunk') return offer(turn, target, token)
  divert(turn, target.dn, token)
  if (target.kind === 'routing-point') enqueue(turn, target)
  else serve(turn, target)
}

/** The call goes on waiting, and the router knows why; one that no router has taken up is to hear something meanwhile. */
function waitOn(
  turn: Turn,
  token: number | undefined,
  error: Parameters<Turn['refuse']>[1],
  particulars?: string,
): void {
  const { playing, asked } = turn.call.queue ?? {}
  if (token !== undefined) turn.refuse(token, error, particulars)
  else if (!playing && !asked) treat(turn, { type: 'Music', parameters: {} })
}

/** Reserving: the owner of the DN has answered. */
export function reserved(turn: Turn, { reply }: InputOf<'seized'>): void {
  const { pending } = turn.call
  turn.set({ pending: undefined })
  turn.state = 'Queued'
  if (!reply.granted) waitOn(turn, pending?.token, errorOfSeizure(reply.cause), pending?.dn)
  else if (pending?.target?.kind === 'dn') offer(turn, pending.target, pending.token, reply)
}

/** INVITE, RouteUsed, Diverted, Ringing: in one turn (§3). */
function offer(turn: Turn, target: Reachable, token?: number, reply?: InputOf<'seized'>['reply']): void {
  const leg = call(turn, target, 'callee', turn.legAs('caller'), { reply })
  const party = partyTo(target, leg, reply)
  divert(turn, party.dn, token)
  join(turn, { ...party, queue: turn.call.queue?.dn, otherDN: callingParty(turn)?.dn })
  turn.start('Offer', turn.call.times.offerTimeout)
  turn.state = 'Offering'
}

function divert(turn: Turn, dn: string, token: number | undefined): void {
  const { queue: place } = turn.call
  const party = turn.party(place?.party)
  if (!place || !party) return
  turn.stop('Router')
  settleTreatment(turn)
  const third = { thirdPartyDN: dn, thirdPartyDNRole: 'Destination' as const }
  onDevice(turn, party, 'EventRouteUsed', third, token)
  leave(turn, party.id, { name: 'EventDiverted', extra: third })
}

/** Queued: no router has taken up the call. Where its default destination cannot be had, it is tried again. */
export function unrouted(turn: Turn) {
  const number = turn.call.queue?.defaultDestination
  if (number === undefined) return treat(turn, { type: 'Music', parameters: {} })
  awaitRouter(turn)
  turn.do({ type: 'lookUp', number })
}

export const awaitRouter = (turn: Turn): void => turn.start('Router', routerWait)

/** Queued: where the default destination leads. */
export const routeByDefault = (turn: Turn, { number, target }: InputOf<'found'>): void =>
  route(turn, { target, number })

/** A media server answers: the caller hears it, and what was asked for begins. */
export function mediaCame(turn: Turn, input: InputOf<'answered'>): void {
  if (!takeMedia(turn, input)) return
  const media = turn.leg(input.leg)
  if (media) playOn(turn, media)
}

/** No media server took the caller. */
export function mediaFailed(turn: Turn, { leg, status }: InputOf<'failed'>): void {
  const caller = turn.legAs('caller')
  loseMedia(turn, leg)
  if (isUnsuitable(status) && caller?.state === 'Calling') {
    end(turn, { ending: { by: 'cluster', cause: 'not-acceptable', status: 488 }, status: 488 })
  }
}

export const mediaEnded = (turn: Turn, { leg }: InputOf<'ended'>): void => loseMedia(turn, leg)

/** The caller leaves while the call waits or rings at an agent (§4). */
export function abandon(turn: Turn, input: InputOf<'cancelled'> | InputOf<'ended'>): void {
  const by = callingParty(turn)
  turn.dropLeg(input.leg)
  const vanished = input.type === 'ended' && input.cause !== 'bye'
  const ending = vanished ? ({ by: 'cluster', cause: 'session-expired' } as const) : abandoned(turn)
  const told = { ending, by, reason: input.reason, ...(vanished && { callState: 'Dropped' as const }) }
  end(turn, { ...told, abandoned: true, order: inOrder(turn) })
}

/** As `abandon`, by RequestReleaseCall. Only who waits can leave so: a routing point routes. */
export function abandonBy(turn: Turn, by: Party, token: number) {
  if (by.id !== callingParty(turn)?.id) return turn.refuse(token, errors.wrongState)
  end(turn, { ending: abandoned(turn), by, status: 487, abandoned: true, order: inOrder(turn), answers: token })
}

const abandoned = (turn: Turn): Ending => ({ by: callingSide(turn.call), cause: `abandoned-${whereFrom(turn)}` })

/** §4: the queue first, then who waited in it. */
function inOrder(turn: Turn): readonly string[] {
  const parties = turn.call.parties.map((party) => party.id)
  return turn.state === 'Offering' ? parties : parties.toReversed()
}

const whereFrom = (turn: Turn): string =>
  turn.state === 'Offering' ? 'ringing' : (turn.call.queue?.playing?.kind ?? 'queue')
