/**
 * Orchestration: runs the strategy of a routing point for each call that asks there (EventRouteRequest), turns what the
 * strategy wants into T-Library requests and submissions, and what happens into its events. A strategy that fails takes
 * its call to the default route and nothing else notices.
 */
import type { Log } from '#platform/log/log.ts'
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import { millisecondsOf } from '#platform/time.ts'
import type { Configuration } from '#protocols/model/configuration.ts'
import type { Asked } from '#protocols/tlib/client.ts'
import type { Event } from '#protocols/tlib/events.ts'
import type { RoutingRecord } from '../model/decision.ts'
import type { WaitingCall } from '../universal-routing/universal-routing.ts'
import type { Sandbox } from './sandbox/sandbox.ts'
import type { Outcome } from './sandbox/strategy-host.ts'
import { StrategySession } from './strategy-session.ts'

/** Universal routing as strategies use it. */
interface Queueing {
  submit(call: WaitingCall): void
  withdraw(connID: string): void
  routed(connID: string): void
}

export type Ports = {
  readonly clock: Clock
  readonly log: Log
  readonly queueing: Queueing
  configuration(): Configuration
  toCall(node: string, request: Asked, answered: (answer: Event) => void): void
  record(record: Omit<RoutingRecord, 'at'>): void
}

type RouteRequest = Extract<Event, { name: 'EventRouteRequest' }>

/** After a node came back, sessions whose call it did not ask for again within so many ms are over. */
const repeatWithin = 2000

export class Orchestrator {
  private readonly ports: Ports
  private readonly sandbox: Sandbox
  private readonly sessions = new Map<string, StrategySession>()
  private readonly pruning = new Set<Timer>()

  constructor(ports: Ports, sandbox: Sandbox) {
    this.ports = ports
    this.sandbox = sandbox
  }

  get active(): number {
    return this.sessions.size
  }

  /** An event of the session controller of `node`. */
  event(node: string, event: Event): void {
    if (event.name === 'EventRouteRequest') this.asked(node, event)
    else if (event.name === 'EventLinkConnected') this.prune(node)
    else if ('connID' in event && event.connID !== undefined) this.happened(event.connID, event)
  }

  /** What the sandbox has to tell. */
  outcome(outcome: Outcome): void {
    const session = this.sessions.get(outcome.session)
    if (outcome.type === 'failed') session?.failed(outcome.problem)
    else for (const effect of outcome.effects) session?.perform(effect)
  }

  close(): void {
    for (const timer of this.pruning) timer.cancel()
    for (const session of this.sessions.values()) session.close()
    this.sessions.clear()
  }

  private asked(node: string, event: RouteRequest): void {
    const known = this.sessions.get(event.connID)
    if (known?.queue === event.thisQueue) {
      known.askedAgain(event.eventNo)
      return
    }
    if (known) this.end(event.connID)
    const point = this.ports.configuration().routingPoint(event.thisQueue)
    const enterTime = millisecondsOf(event.enterTime ?? event.time)
    const session = new StrategySession(this.ports, this.sandbox, { node, event, enterTime, point })
    this.sessions.set(event.connID, session)
    session.start()
  }

  private happened(connID: string, event: Event): void {
    const session = this.sessions.get(connID)
    if (session?.event(event) === 'over') this.end(connID)
  }

  private end(connID: string): void {
    this.sessions.get(connID)?.close()
    this.sessions.delete(connID)
  }

  private prune(node: string): void {
    const before = [...this.sessions].filter(([, session]) => session.node === node)
    for (const [, session] of before) session.unconfirmed = true
    if (before.length === 0) return
    const timer = this.ports.clock.after(repeatWithin, () => {
      this.pruning.delete(timer)
      for (const [connID, session] of before) {
        if (session.unconfirmed && this.sessions.get(connID) === session) this.end(connID)
      }
    })
    this.pruning.add(timer)
  }
}
