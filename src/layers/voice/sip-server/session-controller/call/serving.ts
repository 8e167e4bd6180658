/** A service number (echo, announcement, music) is a DN of ours that answers by itself: a media server is behind it. */
import { closeMedia, openMedia } from '../media/media-leg.ts'
import type { Target } from './call.ts'
import { callingSide, end } from './ending.ts'
import { callingParty, takeMedia } from './endpoints.ts'
import { isUnsuitable } from './failures.ts'
import type { InputOf } from './input.ts'
import { join, talk } from './parties.ts'
import type { Turn } from './turn.ts'

type Service = Extract<Target, { kind: 'service' }>

/** What the media server is asked for (RFC 4240). */
function mediaService({ service, prompt }: Service): { user: string; parameters: string } {
  if (service === 'echo') return { user: 'echo', parameters: '' }
  if (service === 'announcement') return { user: 'annc', parameters: `;play=${prompt ?? 'announcement'}` }
  return { user: 'annc', parameters: `;play=${prompt ?? 'music'};repeat=forever` }
}

export function serve(turn: Turn, target: Service): void {
  const caller = turn.legAs('caller')
  if (!caller) return
  closeMedia(turn, caller.id)
  openMedia(turn, caller.id, mediaService(target))
  const { dn, service } = target
  const otherDN = callingParty(turn)?.dn
  join(turn, { dn, external: false, state: 'Alerting', role: 'Destination', service, otherDN })
  turn.state = 'Serving'
}

/** Serving: the media server took the caller. */
export function served(turn: Turn, input: InputOf<'answered'>): void {
  if (!takeMedia(turn, input)) return
  const calling = callingParty(turn)
  const service = turn.call.parties.find((party) => party.service !== undefined)
  if (calling && service) {
    turn.setParty(calling.id, { otherDN: service.dn })
    talk(turn, calling.id)
    talk(turn, service.id)
  }
}

/** Serving: no media server took the caller. */
export function notServed(turn: Turn, { leg, status }: InputOf<'failed'>): void {
  turn.dropLeg(leg)
  const ending = isUnsuitable(status)
    ? ({ by: 'cluster', cause: 'not-acceptable', status: 488 } as const)
    : ({ by: 'cluster', cause: 'error', status: 500 } as const)
  end(turn, { ending, status: ending.status, callState: 'GeneralError' })
}

/** Serving: the announcement has been played, or the media server was lost. */
export function serviceEnded(turn: Turn, { leg, cause }: InputOf<'ended'>): void {
  turn.dropLeg(leg)
  const by = turn.call.parties.find((party) => party.service !== undefined)
  if (cause === 'bye') end(turn, { ending: { by: 'cluster', cause: 'completed' }, by })
  else end(turn, { ending: { by: 'cluster', cause: 'error', status: 500 }, callState: 'GeneralError' })
}

/** Serving: the caller leaves. */
export function serviceLeft(turn: Turn, input: InputOf<'cancelled'> | InputOf<'ended'>): void {
  const by = callingParty(turn)
  turn.dropLeg(input.leg)
  const side = callingSide(turn.call)
  if (input.type === 'cancelled' || (by?.state === 'Dialing' && input.cause === 'bye'))
    end(turn, { ending: { by: side, cause: 'cancelled' }, by, abandoned: true })
  else if (input.cause === 'bye') end(turn, { ending: { by: side, cause: 'hangup' }, by, reason: input.reason })
  else end(turn, { ending: { by: 'cluster', cause: 'session-expired' }, callState: 'Dropped' })
}
