/** Invariants 5 and 9–12 of whole calls: ConnID and CallUUID, numbers, membership, the end. */
import { type CallEvent, type Event, isCallBased } from '../events.ts'
import { isDeviceEvent, type Report, type World } from './world.ts'

type Call = {
  readonly callUUID: string
  connID: string
  eventNo: number
  time: string
  /** Event number → body: a repeat must be the same. */
  readonly bodies: Map<number, string>
  /** PartyUUID → DN by the call-based stream. */
  readonly members: Map<string, string>
  /** Every DN that had device events in this call. */
  readonly devices: Set<string>
  callBased: boolean
  deleted: boolean
}

/** Calls that have ended are remembered this long, to hear what comes after their end. */
const remembered = 1000

export const isCallEvent = (event: Event): event is CallEvent =>
  'callUUID' in event &&
  event.callUUID !== undefined &&
  'eventNo' in event &&
  event.eventNo !== undefined &&
  !('ownerEpoch' in event)

/** An event without what the connection put on it. */
function bodyOf(event: Event): string {
  const {
    seq: _seq,
    position: _position,
    refID: _refID,
    ...body
  } = event as Event & Record<'seq' | 'position' | 'refID', unknown>
  return JSON.stringify(body)
}

export function callRules(world: World, full: boolean, report: Report) {
  const calls = new Map<string, Call>()
  const ended: string[] = []
  const callOfConnID = new Map<string, string>()
  const retired = new Set<string>()
  const touched = new Set<Call>()

  const opened = (event: CallEvent): Call => {
    const call: Call = {
      callUUID: event.callUUID as string,
      connID: event.connID as string,
      eventNo: full ? 0 : (event.eventNo as number) - 1,
      time: event.time,
      bodies: new Map(),
      members: new Map(),
      devices: new Set(),
      callBased: false,
      deleted: false,
    }
    if (full && event.eventNo !== 1 && event.eventNo !== 0)
      report(11, `its first event has the number ${event.eventNo}`)
    if (full && event.eventNo === 0) call.eventNo = -1
    calls.set(call.callUUID, call)
    return call
  }

  /** Invariant 11; `false` for a repeat, which says nothing new. */
  const numbered = (call: Call, event: CallEvent): boolean => {
    const number = event.eventNo as number
    const body = bodyOf(event)
    const seen = call.bodies.get(number)
    if (seen !== undefined) {
      if (seen !== body) report(11, `event ${number} was told before with another body: ${seen}`)
      return false
    }
    if (full && number !== call.eventNo + 1) report(11, `event ${number} follows event ${call.eventNo}`)
    if (!full && number <= call.eventNo) report(11, `event ${number} comes after event ${call.eventNo}`)
    if (event.time < call.time) report(11, `its time ${event.time} is before ${call.time} of the event before it`)
    call.bodies.set(number, body)
    call.eventNo = Math.max(call.eventNo, number)
    call.time = event.time
    return true
  }

  /** Invariants 5 and 10. */
  const identified = (call: Call, event: CallEvent): void => {
    const connID = event.connID as string
    if (event.name === 'EventCallDeleted' || event.name === 'EventCallPartyMoved') return
    if (retired.has(connID)) report(5, `ConnID ${connID} had ended by EventPartyChanged`)
    const other = callOfConnID.get(connID)
    if (other !== undefined && other !== call.callUUID) report(10, `ConnID ${connID} belongs to call ${other}`)
    if (call.connID !== connID) report(10, `the call has ConnID ${call.connID}, the event ${connID}`)
    callOfConnID.set(connID, call.callUUID)
    const former = event.name === 'EventPartyChanged' ? event.previousConnID : undefined
    if (former !== undefined && former !== connID) retired.add(former)
  }

  const forget = (call: Call) => {
    if (callOfConnID.get(call.connID) === call.callUUID) callOfConnID.delete(call.connID)
    call.deleted = true
    call.bodies.clear()
    ended.push(call.callUUID)
    if (ended.length <= remembered) return
    const oldest = ended.shift()
    if (oldest === undefined) return
    retired.delete(calls.get(oldest)?.connID ?? '')
    calls.delete(oldest)
  }

  const members = membership(calls, forget, report)

  /** Invariant 9, between batches. */
  const compareMembers = (call: Call): void => {
    if (!call.callBased || call.deleted) return
    const members = new Set(call.members.values())
    for (const dn of call.devices) {
      const inCall = world.parties.get(dn)?.has(call.connID) ?? false
      if (inCall && !members.has(dn))
        report(9, `${dn} is in call ${call.callUUID} by its device events, not by the call-based ones`)
      if (!inCall && members.has(dn))
        report(9, `${dn} is in call ${call.callUUID} by the call-based events, not by its device events`)
    }
  }

  return {
    /** `false` for a repeat. */
    event(event: CallEvent): boolean {
      const known = calls.get(event.callUUID as string)
      if (known?.deleted) {
        report(12, `${event.name} comes after the EventCallDeleted of its call`)
        return false
      }
      const call = known ?? opened(event)
      if (!numbered(call, event)) return false
      identified(call, event)
      touched.add(call)
      if (isDeviceEvent(event)) call.devices.add(event.thisDN)
      if (isCallBased(event)) members(call, event)
      return true
    },
    turn(): void {
      for (const call of touched) compareMembers(call)
      touched.clear()
    },
    end(): void {
      for (const call of calls.values())
        if (call.callBased && !call.deleted) report(12, `call ${call.callUUID} has no EventCallDeleted`)
    },
    /** What a gap in the stream makes unknown. */
    interrupted(): void {
      calls.clear()
      callOfConnID.clear()
      retired.clear()
      touched.clear()
      ended.length = 0
    },
  }
}

/** Invariants 9 and 12 in the call-based stream itself. */
function membership(calls: Map<string, Call>, forget: (call: Call) => void, report: Report) {
  return (call: Call, event: CallEvent): void => {
    call.callBased = true
    switch (event.name) {
      case 'EventCallPartyAdded':
        if (call.members.has(event.partyUUID)) report(9, `party ${event.partyUUID} is added twice`)
        call.members.set(event.partyUUID, event.thisDN)
        return
      case 'EventCallPartyState':
        if (!call.members.has(event.partyUUID)) report(9, `party ${event.partyUUID} has a state and is not in the call`)
        return
      case 'EventCallPartyDeleted':
        if (!call.members.delete(event.partyUUID))
          report(9, `party ${event.partyUUID} is deleted and was not in the call`)
        return
      case 'EventCallPartyMoved': {
        const from = calls.get(event.refCallUUID)
        if (!from?.members.delete(event.partyUUID))
          report(9, `party ${event.partyUUID} was not in call ${event.refCallUUID}`)
        call.members.set(event.partyUUID, event.thisDN)
        return
      }
      case 'EventCallDeleted':
        if (call.members.size > 0) report(12, `the call is deleted with ${[...call.members.values()].join(', ')} in it`)
        forget(call)
    }
  }
}
