/** What those on a call may count on, whatever its machine does: watched from outside, step by step. */
import { isInactive } from '../media/descriptions.ts'
import type { Call, Leg, State } from './call.ts'
import type { Effect } from './effect.ts'
import type { Input } from './input.ts'

type Moment = { readonly state: State; readonly call: Call }

const beforeAnswer = new Set<State>(['Summoning', 'Seizing', 'Ringing', 'Queued', 'Reserving', 'Offering'])

export class Watch {
  /** DNs that hold by request. */
  private readonly holding = new Set<string>()
  /** A router has taken up the call since one was asked for the last time. */
  private isTakenUp = false
  private hasTalked = false

  /** What is wrong with a step; `timers` run after it. */
  step(before: Moment, input: Input, after: Moment, effects: readonly Effect[], timers: ReadonlySet<string>): string[] {
    if (takesUp(before.state, input)) this.isTakenUp = true
    for (const effect of effects) this.heard(effect)
    const wrong = [...released(before, input, after), ...this.leaks(after.call), ...silenced(after.call)]
    const { state, call } = after
    const isForgotten = state === 'Queued' && call.queue?.defaultDestination !== undefined && !this.isTakenUp
    if (isForgotten && !timers.has('Router')) wrong.push('a call waits that nobody routes any more')
    if (!this.hasTalked && effects.some(isHangUp)) wrong.push('somebody hung up before anybody had answered')
    return wrong
  }

  private heard(effect: Effect): void {
    if (effect.type !== 'publish') return
    const { name, thisDN = '', partyState } = effect.event as { name: string; thisDN?: string; partyState?: string }
    if (name === 'EventHeld' && effect.answers !== undefined) this.holding.add(thisDN)
    else if (name === 'EventRetrieved' || name === 'EventReleased') this.holding.delete(thisDN)
    else if (name === 'EventRouteRequest') this.isTakenUp = false
    if (partyState === 'Connected') this.hasTalked = true
  }

  /** Something flows though one of the two holds by request (RFC 3264 §8.4). */
  private leaks({ parties, legs }: Call): string[] {
    const holders = parties.filter(({ dn, state }) => state === 'Held' && this.holding.has(dn))
    return holders.flatMap(({ dn, leg: id = '' }) => {
      const both = [legs[id], legs[legs[id]?.peer ?? '']]
      return both.flatMap((leg) => (isSettled(leg) && !isInactive(leg.local) ? [`${dn} holds, ${leg.id} hears`] : []))
    })
  }
}

/** Nobody holds, and somebody is told that nothing flows. */
function silenced({ parties, legs }: Call): string[] {
  if (parties.some(({ state }) => state === 'Held')) return []
  return Object.values(legs).flatMap((leg) => {
    const remote = legs[leg.peer ?? '']?.remote
    const isSilenced = isSettled(leg) && isInactive(leg.local) && remote !== undefined && !isInactive(remote)
    return isSilenced ? [`${leg.id} is silenced, and nobody holds`] : []
  })
}

/** Told, with nothing under way. */
const isSettled = (leg: Leg | undefined): leg is Leg & { readonly local: string } =>
  leg?.state === 'Up' && !leg.exchange && !leg.stale && leg.local !== undefined

const takesUp = (state: State, { type }: Input): boolean =>
  type === 'RequestApplyTreatment'
    ? state === 'Queued' || state === 'Reserving'
    : type === 'RequestRouteCall' && state === 'Queued'

/** RequestReleaseCall ends a call that nobody has answered where the caller asks, and not where another one can be had. */
function released({ state, call }: Moment, input: Input, after: Moment): string[] {
  if (input.type !== 'RequestReleaseCall') return []
  const party = call.parties.find(({ dn, external }) => dn === input.request.thisDN && !external)
  const isCaller = call.legs[party?.leg ?? '']?.role === 'caller' && beforeAnswer.has(state)
  const goesBack = (state === 'Offering' || state === 'Transferred') && call.queue !== undefined
  const declines = party?.state === 'Alerting' && (goesBack || state === 'Transferring')
  const goesAhead = state === 'Transferring' && party !== undefined && party.id === call.transfer?.by
  if (isCaller && after.state !== 'Ended') return [`${party?.dn} called and cannot hang up`]
  return (declines || goesAhead) && after.state === 'Ended'
    ? [`${party?.dn} leaves, and the call ends for the others`]
    : []
}

const isHangUp = (effect: Effect): boolean => effect.type === 'over' && effect.ending?.cause === 'hangup'
