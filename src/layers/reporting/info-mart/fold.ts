/**
 * Reads the events of one call, and of its consultations, in their order. Who is in the call is told by the call-based
 * stream (event flows §16); treatments, queues and agents by the events on devices.
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
    end: undefined,
    now: start,
    ending: undefined,
    userData: {},
    members: [],
    devices: new Map(),
    treatments: new Map(),
    consultations: new Set(),
    timeline: [],
    next: new Map(),
    missing: 0,
  }
}

/** The number its next event has. */
export const expected = (call: CallState, { callUUID, eventNo }: CallEvent): number =>
  call.next.get(callUUID) ?? Math.min(eventNo, 1)

/** The next event; one that was read before changes nothing, one that is missing before it is counted. */
export function read(call: CallState, event: CallEvent): void {
  const next = expected(call, event)
  if (event.eventNo < next) return
  call.next.set(event.callUUID, event.eventNo + 1)
  call.missing += event.eventNo - next
  call.now = Math.max(call.now, millisecondsOf(event.time))
  if (call.end !== undefined) return
  if (event.callUUID === call.callUUID) readOwn(call, event)
  else readConsultation(call, event)
  const phase = call.end === undefined ? phaseOf(call) : undefined
  if (phase) call.timeline = turnTo(call.timeline, phase, call.now, call.start)
}

function readOwn(call: CallState, event: CallEvent): void {
  takeData(call, event)
  if (event.name === 'EventCallPartyMoved') move(call, event)
  else if (event.name === 'EventCallDeleted') end(call)
  else readParties(call, event)
}

/** What happens in a consultation concerns the call as long as it lasts. */
function readConsultation(call: CallState, event: CallEvent): void {
  const { callUUID } = event
  if (event.name !== 'EventCallDeleted') {
    call.consultations.add(callUUID)
    readParties(call, event)
    return
  }
  call.consultations.delete(callUUID)
  for (const member of call.members) if (member.consultation === callUUID) member.left ??= call.now
}

function takeData(call: CallState, event: CallEvent): void {
  call.connID = event.connID
  if (event.callType !== undefined) call.callType = event.callType
  if ('ani' in event && event.ani !== undefined && call.ani === '') call.ani = event.ani
  if ('dnis' in event && event.dnis !== undefined && call.dnis === '') call.dnis = event.dnis
  if ('userData' in event && event.userData !== undefined) call.userData = event.userData
  // The last event on a device has it, and the end of the call.
  const ending = 'extensions' in event ? event.extensions?.Ending : undefined
  if (ending !== undefined) call.ending = ending as Ending
}

function readParties(call: CallState, event: CallEvent): void {
  switch (event.name) {
    case 'EventCallPartyAdded':
      add(call, event)
      return
    case 'EventCallPartyState':
      change(call, event.partyUUID, (member) => {
        member.state = event.partyState
        member.agentId = event.agentID ?? member.agentId
      })
      return
    case 'EventCallPartyDeleted':
      change(call, event.partyUUID, (member) => {
        member.left = call.now
      })
      return
    default:
      if ('thisDNRole' in event) readDevice(call, event)
  }
}

function change(call: CallState, partyUUID: string, apply: (member: Member) => void): void {
  for (const member of call.members) if (member.partyUUID === partyUUID && member.left === undefined) apply(member)
}

function add(call: CallState, event: EventOf<'EventCallPartyAdded'>): void {
  const consultation = event.callUUID === call.callUUID ? undefined : event.callUUID
  // Who asks for a consultation is in the call already.
  if (consultation !== undefined && isHere(call, event.thisDN)) return
  const device = call.devices.get(event.thisDN)
  const queued = event.partyState === 'Queued'
  call.members.push({
    partyUUID: event.partyUUID,
    dn: event.thisDN,
    role: event.role,
    state: event.partyState,
    service: event.extensions?.Service !== undefined,
    queued,
    consultation,
    agentId: event.agentID ?? device?.agentId,
    queue: queued ? undefined : (event.thisQueue ?? device?.queue),
    joined: call.now,
    left: undefined,
  })
}

const isHere = (call: CallState, dn: string): boolean =>
  call.members.some((member) => member.dn === dn && isPresent(member))

/** A party of a consultation, or of another call, that is in this one from now on. */
function move(call: CallState, event: EventOf<'EventCallPartyMoved'>): void {
  const known = call.members.find(({ partyUUID }) => partyUUID === event.partyUUID)
  if (known) {
    known.consultation = undefined
    known.agentId = event.agentID ?? known.agentId
    return
  }
  const partyState = event.partyState ?? 'Connected'
  add(call, { ...event, name: 'EventCallPartyAdded', role: event.role ?? 'Destination', partyState })
}

function readDevice(call: CallState, event: DeviceEvent): void {
  const dn = event.thisDN
  const device: Device = call.devices.get(dn) ?? { agentId: undefined, queue: undefined }
  device.agentId = event.agentID ?? device.agentId
  device.queue = event.thisQueue ?? device.queue
  call.devices.set(dn, device)
  for (const member of call.members) {
    if (member.dn !== dn || member.left !== undefined || member.queued) continue
    member.agentId = device.agentId ?? member.agentId
    member.queue = device.queue ?? member.queue
  }
  readTreatment(call, event)
}

function readTreatment(call: CallState, event: DeviceEvent): void {
  switch (event.name) {
    case 'EventTreatmentApplied':
      call.treatments.set(event.thisDN, kindOfTreatment(event.treatmentType))
      return
    case 'EventTreatmentEnd':
    case 'EventDiverted':
    case 'EventAbandoned':
    case 'EventReleased':
      call.treatments.delete(event.thisDN)
  }
}

function end(call: CallState): void {
  call.end = call.now
  for (const member of call.members) member.left ??= call.now
}
