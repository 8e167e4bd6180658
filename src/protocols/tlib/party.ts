/** The party machine of T-Library as a table: from an event on a device to the party's next state. */
import type { PartyState } from './attributes.ts'
import type { DeviceEvent } from './events.ts'

/** `none`: no party yet, or no longer. */
export type StateOrNone = PartyState | 'none'
type Row = { readonly [State in StateOrNone]?: StateOrNone }

const stay = (...states: PartyState[]): Row => Object.fromEntries(states.map((state) => [state, state]))
const end = (...states: PartyState[]): Row => Object.fromEntries(states.map((state) => [state, 'none']))

const inQueue = stay('Queued')
const inTalk = stay('Alerting', 'Connected', 'Held')

/** An empty cell is illegal; the predictive dialler's `Dialing` at a routing point starts in `CPDetect`. */
const table: Partial<Record<DeviceEvent['name'], Row>> = {
  EventDialing: { none: 'Dialing' },
  EventNetworkReached: stay('Dialing', 'CPDetect'),
  EventDestinationBusy: { Dialing: 'Busy' },
  EventQueued: { none: 'Queued', CPDetect: 'Queued' },
  EventRouteRequest: inQueue,
  EventRouteUsed: inQueue,
  EventTreatmentApplied: inQueue,
  EventTreatmentNotApplied: inQueue,
  EventTreatmentEnd: inQueue,
  EventTreatmentRequired: inQueue,
  EventDiverted: end('Queued', 'Alerting'),
  EventRinging: { none: 'Alerting' },
  EventEstablished: { Dialing: 'Connected', Alerting: 'Connected' },
  EventHeld: { Connected: 'Held' },
  EventRetrieved: { Held: 'Connected' },
  EventPartyChanged: stay('Dialing', 'Queued', 'Alerting', 'Connected', 'Held'),
  EventPartyAdded: inTalk,
  EventPartyDeleted: inTalk,
  EventAttachedDataChanged: stay('Dialing', 'CPDetect', 'Queued', 'Alerting', 'Connected', 'Held', 'Busy'),
  EventAbandoned: end('Queued', 'Alerting'),
  EventReleased: end('Dialing', 'CPDetect', 'Queued', 'Alerting', 'Connected', 'Held', 'Busy'),
}

/** The next state; `undefined` where the event is illegal there. Events without a row say nothing about the party. */
export function nextPartyState(state: StateOrNone, event: DeviceEvent): StateOrNone | undefined {
  const row = table[event.name]
  if (!row) return state
  if (event.name === 'EventDialing' && event.thisQueue !== undefined && state === 'none') return 'CPDetect'
  return row[state]
}

export const changesParty = (event: DeviceEvent): boolean => table[event.name] !== undefined
