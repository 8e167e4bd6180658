/**
 * Reads the events of one call, and of its consultations, in their order: a pure step from state to state. Who is in
 * the call is told by the call-based stream (event flows §16), treatments, queues and agents by the events on devices.
 */
import { millisecondsOf } from '#platform/time.ts'
import type { CallEvent, DeviceEvent, EventOf } from '#protocols/tlib/events.ts'
import { type CallState, type Device, type Ending, isPresent, type Member } from './call-state.ts'
import { kindOfTreatment, phaseOf } from './phase.ts'
import { turnTo } from './timeline.ts'

/** The state before the first event that is known of the call. */
export function beforeFirst(event: CallEvent): CallState {
  const start = millisecondsOf(event.time)
  return {
    callUUID: event.callUUID,
    connID: event.connID,
    callType: event.callType ?? 'Unknown',
    ani: '',
    dnis: '',
    start,
    now: start,
    userData: {},
    members: [],
    devices: {},
    treatments: {},
    consultations: [],
    timeline: [],
    next: {},
    missing: 0,
  }
}

/** The next event; one that was read before changes nothing, one that is missing before it is counted. */
export function read(state: CallState, event: CallEvent): CallState {
  const expected = state.next[event.callUUID] ?? Math.min(event.eventNo, 1)
  if (event.eventNo < expected) return state
  const call: CallState = {
    ...state,
    now: Math.max(state.now, millisecondsOf(event.time)),
    next: { ...state.next, [event.callUUID]: event.eventNo + 1 },
    missing: state.missing + event.eventNo - expected,
  }
  if (call.end !== undefined) return call
  const changed = event.callUUID === call.callUUID ? ofCall(call, event) : ofConsultation(call, event)
  const phase = phaseOf(changed)
  return phase && changed.end === undefined
    ? { ...changed, timeline: turnTo(changed.timeline, phase, changed.now, changed.start) }
    : changed
}

function ofCall(call: CallState, event: CallEvent): CallState {
  const known = withData(call, event)
  switch (event.name) {
    case 'EventCallPartyMoved':
      return moved(known, event)
    case 'EventCallDeleted':
      return ended(known)
    default:
      return ofParties(known, event)
  }
}

/** What happens in a consultation concerns the call as long as it lasts. */
function ofConsultation(call: CallState, event: CallEvent): CallState {
  const { callUUID } = event
  if (event.name !== 'EventCallDeleted') {
    const consultations = call.consultations.includes(callUUID) ? call.consultations : [...call.consultations, callUUID]
    return ofParties({ ...call, consultations }, event)
  }
  const members = call.members.map((member) =>
    member.consultation === callUUID && member.left === undefined ? { ...member, left: call.now } : member,
  )
  return { ...call, members, consultations: call.consultations.filter((each) => each !== callUUID) }
}

function withData(call: CallState, event: CallEvent): CallState {
  return {
    ...call,
    connID: event.connID,
    callType: event.callType ?? call.callType,
    ani: call.ani || ('ani' in event && event.ani) || '',
    dnis: call.dnis || ('dnis' in event && event.dnis) || '',
    userData: ('userData' in event && event.userData) || call.userData,
    ...endingOf(event),
  }
}

/** The cause of an end goes with the event that brings it, and with the last one. */
function endingOf(event: CallEvent): { ending: Ending } | undefined {
  if (!['EventCallDeleted', 'EventReleased', 'EventAbandoned'].includes(event.name)) return undefined
  const ending = 'extensions' in event ? (event.extensions?.Ending as Ending | undefined) : undefined
  return ending && { ending }
}

function ofParties(call: CallState, event: CallEvent): CallState {
  switch (event.name) {
    case 'EventCallPartyAdded':
      return added(call, event)
    case 'EventCallPartyState':
      return changed(call, event.partyUUID, (member) => ({ ...member, state: event.partyState, ...agentOf(event) }))
    case 'EventCallPartyDeleted':
      return changed(call, event.partyUUID, (member) => ({ ...member, left: call.now }))
    default:
      return 'thisDNRole' in event && event.thisDN !== undefined ? onDevice(call, event as DeviceEvent) : call
  }
}

const agentOf = (event: { readonly agentID?: string | undefined }) =>
  event.agentID === undefined ? undefined : { agentId: event.agentID }

const changed = (call: CallState, partyUUID: string, change: (member: Member) => Member): CallState => ({
  ...call,
  members: call.members.map((member) =>
    member.partyUUID === partyUUID && member.left === undefined ? change(member) : member,
  ),
})

function added(call: CallState, event: EventOf<'EventCallPartyAdded'>): CallState {
  const device = call.devices[event.thisDN]
  const consultation = event.callUUID === call.callUUID ? undefined : event.callUUID
  // Who asks for a consultation is in the call already.
  if (consultation !== undefined && isHere(call, event.thisDN)) return call
  const queued = event.partyState === 'Queued'
  const queue = event.thisQueue ?? device?.queue
  const member: Member = {
    partyUUID: event.partyUUID,
    dn: event.thisDN,
    role: event.role,
    state: event.partyState,
    service: event.extensions?.Service !== undefined,
    queued,
    joined: call.now,
    ...(device?.agentId !== undefined && { agentId: device.agentId }),
    ...agentOf(event),
    ...(queue !== undefined && !queued && { queue }),
    ...(consultation !== undefined && { consultation }),
  }
  return { ...call, members: [...call.members, member] }
}

const isHere = (call: CallState, dn: string): boolean =>
  call.members.some((member) => member.dn === dn && isPresent(member))

/** A party of a consultation, or of another call, that is in this one from now on. */
function moved(call: CallState, event: EventOf<'EventCallPartyMoved'>): CallState {
  const known = call.members.find(({ partyUUID }) => partyUUID === event.partyUUID)
  if (!known) {
    const partyState = event.partyState ?? 'Connected'
    return added(call, { ...event, name: 'EventCallPartyAdded', role: event.role ?? 'Destination', partyState })
  }
  const { consultation: _, ...member } = known
  const here = { ...member, ...agentOf(event) }
  return { ...call, members: call.members.map((each) => (each === known ? here : each)) }
}

function onDevice(call: CallState, event: DeviceEvent): CallState {
  const device: Device = {
    ...call.devices[event.thisDN],
    own: true,
    ...agentOf(event),
    ...(event.thisQueue !== undefined && { queue: event.thisQueue }),
  }
  const members = call.members.map((member) =>
    member.dn === event.thisDN && member.left === undefined && !member.queued
      ? { ...member, ...(device.agentId !== undefined && { agentId: device.agentId }), ...queueOf(device) }
      : member,
  )
  return treated({ ...call, members, devices: { ...call.devices, [event.thisDN]: device } }, event)
}

const queueOf = ({ queue }: Device) => (queue === undefined ? undefined : { queue })

function treated(call: CallState, event: DeviceEvent): CallState {
  const at = event.thisDN
  if (event.name === 'EventTreatmentApplied')
    return { ...call, treatments: { ...call.treatments, [at]: kindOfTreatment(event.treatmentType) } }
  const over = ['EventTreatmentEnd', 'EventDiverted', 'EventAbandoned', 'EventReleased'].includes(event.name)
  if (!over || call.treatments[at] === undefined) return call
  const { [at]: _, ...treatments } = call.treatments
  return { ...call, treatments }
}

const ended = (call: CallState): CallState => ({
  ...call,
  end: call.now,
  members: call.members.map((member) => (member.left === undefined ? { ...member, left: call.now } : member)),
})
