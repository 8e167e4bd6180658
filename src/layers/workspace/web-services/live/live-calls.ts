/**
 * The calls that are going on, as the T-Library streams of all nodes tell them. A node's snapshot replaces what it told
 * before; an event that two nodes tell counts once.
 */
import { Recent } from '#platform/recent.ts'
import { millisecondsOf } from '#platform/time.ts'
import type { AddressState, CallOnDN } from '#protocols/tlib/attributes.ts'
import { parseConnID } from '#protocols/tlib/conn-id.ts'
import {
  type CallEvent,
  type DeviceEvent,
  type Event,
  type EventOf,
  isCallEvent,
  isDeviceEvent,
} from '#protocols/tlib/events.ts'
import { nextPartyState } from '#protocols/tlib/party.ts'
import { type Call, type LiveParty, stateOf, takeEvent } from './call.ts'

export type Source = { readonly node: string; readonly dc: string }

/** Calls whose end was heard: what comes late of them is not a new call. */
const remembered = 5000

type PartyEvent = EventOf<'EventCallPartyAdded'> | EventOf<'EventCallPartyState'>

export class LiveCalls {
  private readonly calls = new Map<string, Call>()
  private readonly byConnID = new Map<string, string>()
  private readonly over = new Recent<string, true>(remembered)
  /** The node a number in a ConnID stands for. */
  private readonly ownerOf: (number: number) => Source | undefined

  constructor(ownerOf: (number: number) => Source | undefined) {
    this.ownerOf = ownerOf
  }

  all(): Iterable<Call> {
    return this.calls.values()
  }

  get(callUUID: string): Call | undefined {
    return this.calls.get(callUUID)
  }

  withConnID(connID: string): Call | undefined {
    return this.calls.get(this.byConnID.get(connID) ?? '')
  }

  /** Whether its end was heard lately. */
  hasEnded(callUUID: string): boolean {
    return this.over.has(callUUID)
  }

  /** Calls in which this DN takes part. */
  *onDN(dn: string): Iterable<{ call: Call; party: LiveParty }> {
    for (const call of this.calls.values()) {
      const party = call.parties.get(dn)
      if (party) yield { call, party }
    }
  }

  /** Everything a node knows; what it told before and does not tell again has ended meanwhile. */
  snapshot(source: Source, addresses: readonly AddressState[], now: number): void {
    const told = new Set(addresses.flatMap(({ calls }) => calls.map(({ callUUID }) => callUUID)))
    for (const call of [...this.calls.values()])
      if (call.node === source.node && !told.has(call.callUUID)) this.end(call)
    for (const address of addresses) for (const on of address.calls) this.restore(source, address, on, now)
  }

  /** The call after the event; `undefined` where it says nothing new. One that ended with it is no longer in `all`. */
  apply(source: Source, event: Event, now: number): Call | undefined {
    if (!isCallEvent(event) || this.over.has(event.callUUID)) return undefined
    const call = this.calls.get(event.callUUID) ?? this.begin(source, event)
    if (!takeEvent(call, event.eventNo)) return undefined
    const at = timeOf(event, now)
    this.describe(call, event)
    this.party(call, event, at)
    this.show(call, at)
    if (event.name === 'EventCallDeleted') this.end(call)
    return call
  }

  private begin(source: Source, event: { callUUID: string; connID: string; callType?: Call['callType'] }): Call {
    const { callUUID, connID, callType = 'Unknown' } = event
    const owner = this.ownerOf(parseConnID(connID)?.node ?? -1) ?? source
    const call: Call = {
      callUUID,
      connID,
      connIDs: [connID],
      node: owner.node,
      dc: owner.dc,
      callType,
      ani: '',
      dnis: '',
      userData: {},
      parties: new Map(),
      state: 'dialing',
      since: startOf(callUUID),
      lastEventNo: 0,
      missing: undefined,
    }
    this.calls.set(callUUID, call)
    this.byConnID.set(connID, callUUID)
    return call
  }

  private restore(source: Source, { thisDN, agentID }: AddressState, on: CallOnDN, now: number): void {
    if (this.over.has(on.callUUID)) return
    const call = this.calls.get(on.callUUID) ?? this.begin(source, on)
    this.describe(call, on)
    const known = call.parties.get(thisDN)
    const since = known?.state === on.partyState ? known.since : now
    const queue = on.thisQueue
    call.parties.set(thisDN, { dn: thisDN, state: on.partyState, since, agentID, queue, otherDN: on.otherDN })
    const { otherDN } = on
    // An external party has no DN that tells of it.
    if (otherDN !== undefined && !call.parties.has(otherDN) && on.partyState !== 'Dialing')
      call.parties.set(otherDN, { ...nobody, dn: otherDN, state: 'Connected', since: now })
    this.show(call, now)
  }

  private describe(call: Call, event: Partial<Pick<Call, 'connID' | 'callType' | 'ani' | 'dnis' | 'userData'>>): void {
    const { connID, callType, ani, dnis, userData } = event
    if (connID !== undefined && connID !== call.connID) {
      call.connID = connID
      call.connIDs.push(connID)
      this.byConnID.set(connID, call.callUUID)
    }
    if (callType !== undefined) call.callType = callType
    if (ani !== undefined) call.ani = ani
    if (dnis !== undefined) call.dnis = dnis
    if (userData !== undefined) call.userData = userData
  }

  private party(call: Call, event: CallEvent, at: number) {
    if (isDeviceEvent(event)) return this.device(call, event, at)
    switch (event.name) {
      case 'EventCallPartyAdded':
      case 'EventCallPartyState':
        return this.put(call, event, at)
      case 'EventCallPartyDeleted':
        call.parties.delete(event.thisDN)
        return
      case 'EventCallPartyMoved':
        return this.move(call, event.refCallUUID, event.thisDN)
    }
  }

  private put(call: Call, event: PartyEvent, at: number): void {
    const { thisDN: dn, partyState: state } = event
    const before = call.parties.get(dn)
    const since = before?.state === state ? before.since : at
    const agentID = event.agentID ?? before?.agentID
    const queue = event.thisQueue ?? before?.queue
    call.parties.set(dn, { dn, state, since, agentID, queue, otherDN: before?.otherDN })
  }

  private device(call: Call, event: DeviceEvent, at: number): void {
    const { thisDN: dn } = event
    if (event.name === 'EventPartyChanged' && event.previousConnID !== undefined) {
      const former = this.withConnID(event.previousConnID)
      if (former && former !== call) this.move(former, call.callUUID, dn)
    }
    const before = call.parties.get(dn)
    const state = nextPartyState(before?.state ?? 'none', event)
    if (state === undefined) return
    if (state === 'none') {
      call.parties.delete(dn)
      return
    }
    const agentID = event.agentID ?? before?.agentID
    const queue = event.thisQueue ?? before?.queue
    const since = before?.state === state ? before.since : at
    call.parties.set(dn, { dn, state, since, agentID, queue, otherDN: event.otherDN ?? before?.otherDN })
  }

  /** A consultation has become part of the call it was about. */
  private move(from: Call, to: string, dn: string): void {
    const party = from.parties.get(dn)
    from.parties.delete(dn)
    if (party) this.calls.get(to)?.parties.set(dn, party)
  }

  private show(call: Call, at: number): void {
    const state = stateOf(call.parties.values())
    // Somebody has left and the next has not come: it is still what it was.
    if (state === call.state || (state === 'dialing' && call.state !== 'dialing')) return
    call.state = state
    call.since = at
  }

  private end(call: Call): void {
    this.calls.delete(call.callUUID)
    for (const connID of call.connIDs) this.byConnID.delete(connID)
    this.over.set(call.callUUID, true)
  }
}

const nobody = { agentID: undefined, queue: undefined, otherDN: undefined }

function timeOf(event: CallEvent, now: number): number {
  const at = millisecondsOf(event.time)
  return Number.isNaN(at) ? now : at
}

/** A UUIDv7 begins with the milliseconds of its time (RFC 9562 §5.7). */
const startOf = (callUUID: string): number => Number.parseInt(callUUID.replaceAll('-', '').slice(0, 12), 16) || 0
