/**
 * Agents and queues as the T-Library stream of all nodes tells them: current state, since when, and counts. Rebuilt
 * from the snapshot each node gives at registration; a node that is lost takes its DNs and queues with it.
 */

import { millisecondsOf } from '#platform/time.ts'
import type { AddressState } from '#protocols/tlib/attributes.ts'
import { type DeviceEvent, type Event, isDeviceEvent } from '#protocols/tlib/events.ts'
import { nextPartyState } from '#protocols/tlib/party.ts'
import type { AgentView, QueueView } from '../model/status.ts'
import { type Waiting, WaitingCalls } from '../model/waiting-calls.ts'
import {
  alike,
  callsWith,
  changed,
  type Device,
  type DeviceState,
  loginAfterNotReady,
  newDevice,
  reasonOf,
  stateOf,
} from './device.ts'

export interface Listener {
  agent(view: AgentView): void
  queue(view: QueueView): void
}

/** Where an event comes from. */
export type Source = { readonly node: string; readonly dc: string }

type Queue = {
  readonly number: string
  readonly dc: string
  readonly waiting: WaitingCalls<Waiting>
  readonly talking: Set<string>
}

export class Statistics {
  private readonly listener: Listener
  private readonly devices = new Map<string, Device>()
  /** Agent → DN. */
  private readonly places = new Map<string, string>()
  private readonly queues = new Map<string, Queue>()
  /** Calls that wait or talk, so that they leave their queues, with their node at the latest. */
  private readonly calls = new Map<string, { node: string; places: Map<Queue, Waiting> }>()

  constructor(listener: Listener) {
    this.listener = listener
  }

  agents(): AgentView[] {
    return [...this.devices.values()].flatMap((device) => viewOf(device) ?? [])
  }

  agent(agentID: string): AgentView | undefined {
    const device = this.devices.get(this.places.get(agentID) ?? '')
    return device?.agentID === agentID ? viewOf(device) : undefined
  }

  allQueues(): QueueView[] {
    return [...this.queues.values()].map(queueView)
  }

  /** Everything a node knows, at registration; what it told before and does not tell again is forgotten. */
  snapshot(source: Source, addresses: readonly AddressState[], now: number): void {
    const told = new Set(addresses.map((address) => address.thisDN))
    this.lost(source, now, told)
    for (const address of addresses) {
      const device = this.device(source, address.thisDN, now)
      this.put(changed(device, stateOf(address, source.node, source.dc), now))
      for (const call of address.calls) {
        if (call.partyState === 'Queued') this.enter(source, call.thisQueue ?? address.thisDN, call.connID, now)
        else if (call.thisQueue && call.partyState !== 'Alerting') this.talk(source, call.thisQueue, call.connID)
      }
    }
  }

  /** The connection to a node is gone: its agents, but those in `kept`, and its calls are not known any more. */
  lost(source: Source, now: number, kept: ReadonlySet<string> = new Set()): void {
    for (const device of [...this.devices.values()]) {
      if (device.node !== source.node || kept.has(device.dn)) continue
      this.put(changed(device, { login: 'LoggedOut', calls: [] }, now))
      this.devices.delete(device.dn)
    }
    for (const [connID, call] of [...this.calls]) if (call.node === source.node) this.forget(connID)
  }

  apply(source: Source, event: Event, now: number): void {
    if (isDeviceEvent(event)) this.call(source, event, now)
    else if ('thisDN' in event && event.thisDN !== undefined) this.owned(source, event as OwnedEvent, now)
  }

  private owned(source: Source, event: OwnedEvent, now: number): void {
    const device = this.device(source, event.thisDN, now)
    const after = afterOwned(device, event)
    if (after) this.put(changed(device, { ...after, node: source.node, dc: source.dc }, now))
  }

  private call(source: Source, event: DeviceEvent, now: number): void {
    this.queueing(source, event, now)
    if (event.thisQueue === event.thisDN) return
    const device = this.device(source, event.thisDN, now)
    const connID = event.name === 'EventPartyChanged' ? (event.previousConnID ?? event.connID) : event.connID
    const before = device.calls.find((call) => call.connID === connID)
    const state = nextPartyState(before?.state ?? 'none', event)
    if (state === undefined) return
    const queue = event.thisQueue ?? before?.queue
    if (state === before?.state && queue === before.queue && connID === event.connID) return
    const calls = callsWith(device.calls, connID, state === 'none' ? state : { connID: event.connID, state, queue })
    const reserved = event.name === 'EventRinging' ? false : device.reserved
    this.put(changed(device, { reserved, calls }, now))
  }

  /** What the event says of a queue: at the routing point itself, or at the agent who has a call of it. */
  private queueing(source: Source, event: DeviceEvent, now: number): void {
    const { name, connID, thisQueue } = event
    if (thisQueue === undefined) return
    if (event.thisDN === thisQueue) {
      if (name === 'EventQueued') this.enter(source, thisQueue, connID, enterTime(event, now))
      else if (name === 'EventDiverted' || name === 'EventAbandoned' || name === 'EventReleased') this.forget(connID)
    } else if (name === 'EventEstablished') this.talk(source, thisQueue, connID)
    else if (name === 'EventReleased') this.forget(connID)
  }

  private enter(source: Source, number: string, connID: string, enterTime: number): void {
    const queue = this.queue(number, source.dc)
    const place = { connID, priority: 0, enterTime }
    queue.waiting.add(place)
    this.remember(connID, source.node, queue, place)
  }

  private talk(source: Source, number: string, connID: string): void {
    const queue = this.queue(number, source.dc)
    queue.talking.add(connID)
    this.remember(connID, source.node, queue, { connID, priority: 0, enterTime: 0 })
  }

  private remember(connID: string, node: string, queue: Queue, place: Waiting): void {
    const call = this.calls.get(connID) ?? { node, places: new Map<Queue, Waiting>() }
    call.places.set(queue, place)
    this.calls.set(connID, call)
    this.listener.queue(queueView(queue))
  }

  private forget(connID: string): void {
    const call = this.calls.get(connID)
    if (!call) return
    this.calls.delete(connID)
    for (const [queue, place] of call.places) {
      queue.waiting.remove(place)
      queue.talking.delete(connID)
      this.listener.queue(queueView(queue))
    }
  }

  private queue(number: string, dc: string): Queue {
    const key = `${dc}/${number}`
    const known = this.queues.get(key)
    if (known) return known
    const queue: Queue = { number, dc, waiting: new WaitingCalls(), talking: new Set() }
    this.queues.set(key, queue)
    return queue
  }

  private device(source: Source, dn: string, now: number): Device {
    return this.devices.get(dn) ?? newDevice(dn, source.node, source.dc, now)
  }

  private put(device: Device): void {
    const before = this.devices.get(device.dn)
    this.devices.set(device.dn, device)
    if (device.agentID !== undefined) this.places.set(device.agentID, device.dn)
    // A logout is told of the agent who was there.
    const view = viewOf(device) ?? (before ? viewOf({ ...device, agentID: before.agentID }) : undefined)
    if (view && !(before && alike(device, before))) this.listener.agent(view)
  }
}

type OwnedEvent = Event & { readonly thisDN: string }

/** What an event of the DN's owner changes; `undefined`: nothing of interest here. */
function afterOwned(device: Device, event: OwnedEvent): Partial<DeviceState> | undefined {
  switch (event.name) {
    case 'EventAgentLogin':
      return { agentID: event.agentID, login: 'NotReady', reason: undefined }
    case 'EventAgentLogout':
      return { agentID: undefined, login: 'LoggedOut', reason: undefined, reserved: false }
    case 'EventAgentReady':
      return { agentID: event.agentID, login: 'Ready', reason: undefined, reserved: false }
    case 'EventAgentNotReady':
      return {
        agentID: event.agentID,
        login: loginAfterNotReady(event.workMode),
        reason: reasonOf(event.reasons),
        reserved: false,
      }
    // With `Ended` the owner tells that a reservation is over: an agent who is Ready is not told so again.
    case 'EventAgentReserved':
      return { agentID: event.agentID, reserved: event.extensions?.Ended === undefined }
    default:
      return device.agentID === undefined ? undefined : {}
  }
}

function viewOf(device: Device): AgentView | undefined {
  if (device.agentID === undefined) return undefined
  const { agentID, dn, node, dc, status, reason, since } = device
  return { agentID, dn, node, dc, status, reason, since }
}

function queueView({ number, dc, waiting, talking }: Queue): QueueView {
  return { number, dc, waiting: waiting.size, oldest: waiting.first()?.enterTime, onCall: talking.size }
}

/** A call that comes back keeps the time at which it first entered (extension `EnterTime` of EventQueued). */
function enterTime(event: DeviceEvent, now: number): number {
  const at = millisecondsOf(event.enterTime ?? '')
  return Number.isNaN(at) ? now : at
}
