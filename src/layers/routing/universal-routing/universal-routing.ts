/**
 * Universal routing: from a call that waits for a skill to a call that is routed. Chooses by `Assignment`, has the
 * agent reserved by the owner of the DN, then routes; whatever is refused is chosen anew.
 */
import type { Histogram } from '#platform/metrics/metrics.ts'
import type { Clock, Random, Timer } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import type { Configuration } from '#protocols/model/configuration.ts'
import type { Asked } from '#protocols/tlib/client.ts'
import type { Event } from '#protocols/tlib/events.ts'
import type { RoutingRecord } from '../model/decision.ts'
import type { StatisticsSource } from '../model/statistics-source.ts'
import type { AgentView } from '../model/status.ts'
import { Assignment, type Bid, type Submission } from './assignment.ts'

export type WaitingCall = Submission & { readonly callUUID: string; readonly node: string }

export type Ports = {
  readonly clock: Clock
  readonly random: Random
  readonly dc: string
  readonly statistics: StatisticsSource
  configuration(): Configuration
  /** To the session controller of the call's node. */
  toCall(node: string, request: Asked, answered: (answer: Event) => void): void
  /** To the T-Controller of the DN's node. */
  toOwner(node: string, request: Asked, answered: (answer: Event) => void): void
  record(record: Omit<RoutingRecord, 'at'>): void
  readonly idleWhileWaiting: Histogram
}

/** Milliseconds a reservation lasts: longer than any way to the call's node and back. */
const reservationTimeout = 5000
/** After a refusal the agent is looked at again, should no event have told more by then. */
const lookAgain = 1000

const noSkills: Readonly<Record<string, number>> = {}

export class UniversalRouting {
  private readonly ports: Ports
  private readonly assignment: Assignment
  private readonly calls = new Map<string, WaitingCall>()
  private readonly watching: Timer
  private readonly pauses = new Map<string, Timer>()

  constructor(ports: Ports) {
    this.ports = ports
    this.assignment = new Assignment(ports.dc, (bid) => this.reserve(bid))
    this.watching = ports.statistics.watch({ agent: (view) => this.agent(view) })
    this.refresh()
  }

  get waiting(): number {
    return this.assignment.waiting
  }

  /** Throws `MalformedSkillExpression`. */
  submit(call: WaitingCall): void {
    this.calls.set(call.connID, call)
    try {
      this.assignment.submit(call, this.now())
    } catch (error) {
      this.calls.delete(call.connID)
      throw error
    }
  }

  withdraw(connID: string): void {
    this.calls.delete(connID)
    this.assignment.withdraw(connID, this.now())
  }

  /** The call left its queue for an agent. */
  routed(connID: string): void {
    this.calls.delete(connID)
    this.assignment.routed(connID)
  }

  /** The configuration changed: skills may be others now. */
  refresh(): void {
    for (const view of this.ports.statistics.agents()) this.agent(view)
  }

  close(): void {
    this.watching.cancel()
    for (const pause of this.pauses.values()) pause.cancel()
    this.pauses.clear()
  }

  private now(): number {
    return this.ports.clock.wall()
  }

  private agent(view: AgentView): void {
    const skills = this.ports.configuration().person(view.agentID)?.skills ?? noSkills
    const { agentID, dn, dc, since } = view
    this.assignment.agent({ agentID, dn, dc, skills, ready: view.status === 'ready', since }, this.now())
  }

  private reserve(bid: Bid): void {
    const call = this.calls.get(bid.call.connID)
    const view = this.ports.statistics.agent(bid.agentID)
    if (!call || !view) return
    const reservationID = this.ports.random.hex(8)
    const request: Asked = {
      name: 'RequestReserveAgent',
      thisDN: bid.dn,
      agentID: bid.agentID,
      connID: call.connID,
      callUUID: call.callUUID,
      thisQueue: call.queue,
      priority: call.priority,
      enterTime: timestamp(call.enterTime),
      timeout: reservationTimeout,
      reservationID,
    }
    this.ports.toOwner(view.node, request, (answer) => {
      if (answer.name === 'EventError') this.refused(bid, call, answer.errorMessage)
      else this.route(bid, call, reservationID)
    })
  }

  private route(bid: Bid, call: WaitingCall, reservationID: string): void {
    if (this.calls.get(call.connID) !== call) return
    const { decision } = bid
    this.ports.record({
      callUUID: call.callUUID,
      connID: call.connID,
      queue: call.queue,
      kind: 'chosen',
      text: `agent ${bid.agentID} for ${decision.target}: ${decision.reason}`,
      details: { target: decision.target, candidates: decision.candidates, considered: decision.considered },
    })
    const request: Asked = {
      name: 'RequestRouteCall',
      connID: call.connID,
      thisDN: call.queue,
      otherDN: bid.dn,
      reservationID,
    }
    this.ports.toCall(call.node, request, (answer) => {
      if (answer.name === 'EventError') this.refused(bid, call, answer.errorMessage)
      else this.used(bid, call)
    })
  }

  private used(bid: Bid, call: WaitingCall): void {
    this.ports.idleWhileWaiting.observe(Math.max(0, this.now() - bid.possibleSince) / 1000)
    this.routed(call.connID)
  }

  private refused(bid: Bid, call: WaitingCall, why: string): void {
    this.pause(bid.agentID)
    if (this.calls.get(call.connID) !== call) return
    this.ports.record({
      callUUID: call.callUUID,
      connID: call.connID,
      queue: call.queue,
      kind: 'refused',
      text: `agent ${bid.agentID} could not be had: ${why}`,
    })
    this.assignment.refused(call.connID, bid.agentID, this.now())
  }

  private pause(agentID: string): void {
    this.pauses.get(agentID)?.cancel()
    const again = () => {
      this.pauses.delete(agentID)
      const view = this.ports.statistics.agent(agentID)
      if (view) this.agent(view)
    }
    this.pauses.set(agentID, this.ports.clock.after(lookAgain, again))
  }
}
