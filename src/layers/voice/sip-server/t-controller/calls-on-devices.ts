/** The calls on each device as the events tell them: for snapshots, and to know what kind of call ends. */
import type { CallOnDN, PartyState } from '#protocols/tlib/attributes.ts'
import type { DeviceEvent, EventName } from '#protocols/tlib/events.ts'
import { nextPartyState } from '#protocols/tlib/party.ts'

type Party = {
  state: PartyState
  /** The event that last said who talks with whom. */
  event: DeviceEvent
  latest: DeviceEvent
}

const saysParties = new Set<EventName>([
  'EventDialing',
  'EventQueued',
  'EventRinging',
  'EventEstablished',
  'EventPartyChanged',
])

export class CallsOnDevices {
  private readonly devices = new Map<string, Map<string, Party>>()

  /** DNs that have calls. */
  get dns(): Iterable<string> {
    return this.devices.keys()
  }

  follow(event: DeviceEvent): void {
    const { thisDN: dn, connID } = event
    const former = event.name === 'EventPartyChanged' ? (event.previousConnID ?? connID) : connID
    const party = this.devices.get(dn)?.get(former)
    const state = nextPartyState(party?.state ?? 'none', event)
    if (state === undefined) return
    if (former !== connID) this.drop(dn, former)
    if (state === 'none') this.drop(dn, connID)
    else if (party === undefined) this.put(dn, connID, { state, event, latest: event })
    else {
      party.state = state
      party.latest = event
      if (saysParties.has(event.name)) party.event = event
      if (former !== connID) this.put(dn, connID, party)
    }
  }

  has(dn: string, connID: string): boolean {
    return this.devices.get(dn)?.has(connID) ?? false
  }

  callUUID(dn: string, connID: string): string | undefined {
    return this.devices.get(dn)?.get(connID)?.latest.callUUID
  }

  /** An established call that is not a direct internal one: after-call work follows it. */
  isBusiness(dn: string, connID: string): boolean {
    const party = this.devices.get(dn)?.get(connID)
    if (party === undefined || (party.state !== 'Connected' && party.state !== 'Held')) return false
    return party.event.callType !== 'Internal' || party.event.thisQueue !== undefined
  }

  /** The call is gone though nobody told its end. */
  drop(dn: string, connID: string): void {
    const calls = this.devices.get(dn)
    calls?.delete(connID)
    if (calls?.size === 0) this.devices.delete(dn)
  }

  snapshot(dn: string): CallOnDN[] {
    return [...(this.devices.get(dn)?.values() ?? [])].map(told)
  }

  private put(dn: string, connID: string, party: Party): void {
    const calls = this.devices.get(dn)
    if (calls === undefined) this.devices.set(dn, new Map([[connID, party]]))
    else calls.set(connID, party)
  }
}

function told({ state, event, latest }: Party): CallOnDN {
  const { connID, callUUID, callType, thisDNRole: role, eventNo, userData } = latest
  const { otherDN, thisQueue, previousConnID, ani, dnis } = event
  return {
    connID,
    callUUID,
    callType,
    partyState: state,
    role,
    eventNo,
    ...(otherDN !== undefined && { otherDN }),
    ...(thisQueue !== undefined && { thisQueue }),
    ...(previousConnID !== undefined && { previousConnID }),
    ...(ani !== undefined && { ani }),
    ...(dnis !== undefined && { dnis }),
    ...(userData !== undefined && { userData }),
  }
}
