/** T-Library events as the event stream of the HTTP API tells them. */
import type { EventType } from '#protocols/model/http/events.ts'
import type { CallEvent, Event, EventName } from '#protocols/tlib/events.ts'
import type { Call } from '../live/call.ts'
import { liveCall } from '../view.ts'
import type { Said } from './stream.ts'

const types: Partial<Record<EventName, EventType>> = {
  EventQueued: 'call.queued',
  EventDialing: 'call.dialing',
  EventRinging: 'call.ringing',
  EventEstablished: 'call.established',
  EventHeld: 'call.held',
  EventRetrieved: 'call.retrieved',
  EventReleased: 'call.released',
  EventAbandoned: 'call.released',
  EventCallDeleted: 'call.released',
  EventDiverted: 'call.party.changed',
  EventPartyChanged: 'call.party.changed',
  EventPartyAdded: 'call.party.changed',
  EventPartyDeleted: 'call.party.changed',
  EventAttachedDataChanged: 'call.userdata.changed',
}

/** What a call event says; `undefined` for what pages need not hear. */
export function callEvent(event: CallEvent, call: Call): Said | undefined {
  const type = types[event.name]
  if (!type) return undefined
  const agents = new Set([...call.parties.values()].flatMap(({ agentID }) => agentID ?? []))
  const dns = new Set(call.parties.keys())
  // Who has just left hears it too.
  if ('thisDN' in event && event.thisDN !== undefined) dns.add(event.thisDN)
  if ('agentID' in event && event.agentID !== undefined) agents.add(event.agentID)
  return { type, subject: event.callUUID, time: event.time, audience: { agents, dns }, data: dataOf(event, call) }
}

function dataOf(event: CallEvent, call: Call): Record<string, unknown> {
  const { name, extensions, ...rest } = { extensions: undefined, ...event }
  const { seq: _seq, refID: _refID, time: _time, eventNo, ...said } = rest as Record<string, unknown>
  const ending = (extensions as Record<string, unknown> | undefined)?.Ending
  return {
    event: name,
    eventNo,
    ...said,
    ...(ending !== undefined && { ending }),
    call: name === 'EventCallDeleted' ? null : liveCall(call),
  }
}

/** Reasons that the owner of a DN gives when an offer was missed. */
const missed = new Set(['no-answer', 'rejected', 'out-of-service'])

/** An offer that an agent missed (contract §4). */
export function offerMissed(event: Event): Said | undefined {
  if (event.name !== 'EventAgentNotReady' || event.agentID === undefined) return undefined
  const reason = Object.entries(event.reasons ?? {})
    .flatMap(([key, value]) => [key, String(value)])
    .find((word) => missed.has(word))
  if (reason === undefined) return undefined
  const { agentID, thisDN: dn, time, connID, callUUID } = event
  return {
    type: 'agent.offer.missed',
    subject: agentID,
    time,
    audience: 'all',
    data: { event: event.name, dn, reason, ...(connID && { connID }), ...(callUUID && { callUUID }) },
  }
}
