/** Parties come, change state and leave (event flows §17): the events of each change on the device and in the call. */
import type { CallState, PartyState } from '#protocols/tlib/attributes.ts'
import type { DeviceEvent } from '#protocols/tlib/events.ts'
import { type Extra, onDevice, partyAdded, partyDeleted, partyState } from '../events/publish.ts'
import type { SeizeOutcome } from '../ports.ts'
import type { Party } from './call.ts'
import type { Turn } from './turn.ts'

type NewParty = Pick<Party, 'dn' | 'external' | 'state' | 'role'> &
  Partial<Pick<Party, 'leg' | 'otherDN' | 'queue' | 'agentID' | 'seized' | 'service'>>

const opening: Partial<Record<PartyState, DeviceEvent['name']>> = {
  Dialing: 'EventDialing',
  Alerting: 'EventRinging',
  Queued: 'EventQueued',
}

/** A party comes in; `answers` is the request whose first answer its first event is. */
export function join(turn: Turn, given: NewParty, extra?: Extra, answers?: number): Party {
  const id = `${turn.call.callUUID}-${turn.count('lastParty')}`
  const party = newParty(id, given)
  turn.set({ parties: [...turn.call.parties, party] })
  partyAdded(turn, party, extra?.thirdPartyDN)
  const name = opening[party.state]
  if (name) onDevice(turn, party, name, extra, answers)
  return party
}

/** Field by field, so that all parties have one shape: each event of a call reads and copies one. */
const newParty = (id: string, given: NewParty): Party => ({
  id,
  dn: given.dn,
  external: given.external,
  leg: given.leg,
  state: given.state,
  role: given.role,
  otherDN: given.otherDN,
  queue: given.queue,
  agentID: given.agentID,
  seized: given.seized ?? false,
  wasConnected: false,
  service: given.service,
  pSeq: 0,
})

/** The party's state changes, with its event. */
export function become(
  turn: Turn,
  id: string,
  state: PartyState,
  name: 'EventEstablished' | 'EventHeld' | 'EventRetrieved' | 'EventDestinationBusy',
  extra?: Extra,
  answers?: number,
): void {
  const party = turn.party(id)
  if (!party) return
  turn.setParty(id, { state, wasConnected: party.wasConnected || state === 'Connected' })
  onDevice(turn, party, name, extra, answers)
  partyState(turn, party, state, name.slice('Event'.length))
}

/** The party talks; nothing is told of one that has talked before and now gets other company. */
export function talk(turn: Turn, id: string): void {
  const state = turn.party(id)?.state
  if (state === 'Dialing' || state === 'Alerting') become(turn, id, 'Connected', 'EventEstablished')
}

/** Something at the party that does not change its state, e.g. a treatment at a routing point. */
export function note(turn: Turn, id: string, name: DeviceEvent['name'], extra?: Extra, answers?: number): void {
  const party = turn.party(id)
  if (!party) return
  onDevice(turn, party, name, extra, answers)
  partyState(turn, party, party.state, name.slice('Event'.length))
}

export type Leaving = {
  readonly name: 'EventReleased' | 'EventAbandoned' | 'EventDiverted'
  readonly callState?: CallState | undefined
  /** What its owner is told; `ended` of who has talked, else `unused`, unless said otherwise. */
  readonly outcome?: SeizeOutcome
  /** Who made it leave: a party, or nobody of the call. */
  readonly by?: Party | undefined
  readonly extra?: Extra | undefined
  readonly answers?: number | undefined
}

/** A party leaves. Its owner hears of it first, so that events of its agent can precede the last one of the party. */
export function leave(turn: Turn, id: string, leaving: Leaving): void {
  const party = turn.party(id)
  if (!party) return
  if (party.seized) {
    const outcome = leaving.outcome ?? (party.wasConnected ? 'ended' : 'unused')
    turn.do({ type: 'release', dn: party.dn, outcome })
  }
  const { callState, by } = leaving
  onDevice(turn, party, leaving.name, extraOf(leaving, party), leaving.answers)
  partyDeleted(turn, party, callState ?? leaving.name.slice('Event'.length), by?.dn)
  turn.set({ parties: turn.call.parties.filter((one) => one.id !== id) })
}

/** Event flows §0: Released and Abandoned say who hung up. */
function extraOf({ name, by, callState, extra: given }: Leaving, party: Party): Extra {
  const extra: { -readonly [Name in keyof Extra]: Extra[Name] } = { ...given }
  if (callState !== undefined) extra.callState = callState
  if (name === 'EventDiverted') return extra
  const who = by === undefined ? '3 Unknown' : by.id === party.id ? '1 Local' : '2 Remote'
  extra.extensions = { ReleasingParty: who, ...given?.extensions }
  return extra
}
