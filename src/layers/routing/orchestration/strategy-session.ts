/** One call at one routing point and the strategy that looks after it, until an agent has answered or the call is gone. */
import type { Timer } from '#platform/runtime/runtime.ts'
import type { RoutingPoint } from '#protocols/model/objects.ts'
import type { Asked } from '#protocols/tlib/client.ts'
import type { Event } from '#protocols/tlib/events.ts'
import { actions } from './actions/actions.ts'
import type { Ports } from './orchestrator.ts'
import type { Sandbox } from './sandbox/sandbox.ts'
import type { Effect } from './scxml/interpreter.ts'

type RouteRequest = Extract<Event, { name: 'EventRouteRequest' }>
export type Asking = {
  readonly node: string
  readonly event: RouteRequest
  /** Wall-clock ms. */
  readonly enterTime: number
  readonly point: RoutingPoint | undefined
}

/** A submission as the strategy made it; it is made again when an agent missed the call. */
type Submitted = { readonly priority: number; readonly targets: readonly string[] }

export class StrategySession {
  readonly node: string
  readonly queue: string
  /** The node came back and has not asked for this call again yet. */
  unconfirmed = false
  private readonly ports: Ports
  private readonly sandbox: Sandbox
  private readonly asking: Asking
  private readonly timers = new Map<string, Timer>()
  private submitted: Submitted | undefined
  private offered = false
  private enterTime: number
  private asked: number
  private sends = 0
  /** Which kind of treatment an EventTreatmentEnd is the end of. */
  private playing: 'dialog.play' | 'dialog.playandcollect' | undefined

  constructor(ports: Ports, sandbox: Sandbox, asking: Asking) {
    this.ports = ports
    this.sandbox = sandbox
    this.asking = asking
    this.node = asking.node
    this.queue = asking.event.thisQueue
    this.enterTime = asking.enterTime
    this.asked = asking.event.eventNo
  }

  private get connID(): string {
    return this.asking.event.connID
  }

  start(): void {
    const { event, point } = this.asking
    if (!point) {
      this.defaultRoute('the routing point has no strategy')
      return
    }
    const { connID, callUUID, ani = '', dnis = '', userData = {} } = event
    const call = { connID, callUUID, ani, dnis, queue: this.queue, userData }
    const names = { call, params: point.parameters }
    this.sandbox.run({ type: 'start', session: connID, strategy: point.strategy, names })
  }

  close(): void {
    this.ports.queueing.withdraw(this.connID)
    for (const timer of this.timers.values()) timer.cancel()
    this.timers.clear()
    this.sandbox.run({ type: 'end', session: this.connID })
  }

  /** EventRouteRequest once more: a repeat of the same, or the agent missed the call and it waits again. */
  askedAgain(eventNo: number): void {
    this.unconfirmed = false
    if (eventNo === this.asked) return
    this.asked = eventNo
    this.offered = false
    if (this.submitted) this.resubmit(this.submitted)
    else this.start()
  }

  /** `over`: nothing is left to do for this call here. */
  event(event: Event): 'over' | undefined {
    const atQueue = 'thisDN' in event && event.thisDN === this.queue
    switch (event.name) {
      case 'EventTreatmentEnd':
        this.played(event.collectedDigits)
        return undefined
      case 'EventDiverted':
        if (atQueue) this.diverted()
        return undefined
      case 'EventEstablished':
        return this.offered && !atQueue ? 'over' : undefined
      case 'EventAbandoned':
      case 'EventReleased':
        return atQueue || (this.offered && event.callState !== 'Redirected') ? 'over' : undefined
      case 'EventCallDeleted':
        return 'over'
      default:
        return undefined
    }
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case 'action':
        actions[effect.name]?.(this, effect)
        return
      case 'send':
        this.later(effect.id ?? `_send${++this.sends}`, effect.delay, effect.event.name, effect.event.data)
        return
      case 'cancel':
        this.cancelTimer(effect.id)
        return
      case 'log':
        this.record('strategy', effect.text)
        return
      case 'finished':
        if (!this.submitted && !this.offered) this.defaultRoute('the strategy ended without routing the call')
        return
    }
  }

  failed(problem: string): void {
    this.ports.log.error({ callUUID: this.asking.event.callUUID, queue: this.queue, problem }, 'a strategy failed')
    this.record('failed', problem)
    this.defaultRoute('the strategy failed')
  }

  // What actions use.

  /** Tells the strategy. */
  raise(name: string, data: Readonly<Record<string, unknown>> = {}): void {
    this.sandbox.run({ type: 'event', session: this.connID, event: { name, data } })
  }

  request(request: Asked, answered: (answer: Event) => void): void {
    this.ports.toCall(this.node, request, answered)
  }

  /** `kind` is told its end; continuous treatments have none. */
  treat(
    treatment: Pick<Extract<Asked, { name: 'RequestApplyTreatment' }>, 'treatmentType' | 'treatmentParameters'>,
    kind?: 'dialog.play' | 'dialog.playandcollect',
  ): void {
    this.playing = kind
    this.request({ name: 'RequestApplyTreatment', connID: this.connID, thisDN: this.queue, ...treatment }, (answer) => {
      if (answer.name === 'EventTreatmentApplied') return
      const problem = 'errorMessage' in answer ? answer.errorMessage : answer.name
      if (kind) this.raise(`error.${kind}`, { message: problem })
      // Where nobody has named any, silence will do.
      else if (treatment.treatmentParameters?.prompt !== undefined)
        this.ports.log.warn({ callUUID: this.asking.event.callUUID, problem }, 'no music')
    })
  }

  submit(priority: number, timeout: number | undefined, targets: readonly string[]): void {
    this.submitted = { priority, targets }
    if (timeout !== undefined) this.later('_queue', timeout, 'error.queue.submit', { message: 'timeout' })
    this.resubmit(this.submitted)
  }

  withdraw(): void {
    this.submitted = undefined
    this.cancelTimer('_queue')
    this.ports.queueing.withdraw(this.connID)
  }

  redirect(destination: string): void {
    this.withdraw()
    const request: Asked = { name: 'RequestRouteCall', connID: this.connID, thisDN: this.queue, otherDN: destination }
    this.request(request, (answer) => {
      if (answer.name === 'EventError') this.raise('error.ixn.redirect', { message: answer.errorMessage })
    })
  }

  attach(key: string, value: string): void {
    const userData = { [key]: value }
    this.request({ name: 'RequestUpdateUserData', connID: this.connID, thisDN: this.queue, userData }, (answer) => {
      if (answer.name === 'EventError') this.raise('error.ixn.attach', { message: answer.errorMessage })
    })
  }

  private resubmit({ priority, targets }: Submitted): void {
    const { callUUID } = this.asking.event
    const { connID, queue, node, enterTime } = this
    try {
      this.ports.queueing.submit({ connID, callUUID, node, queue, priority, enterTime, targets })
    } catch (error) {
      this.submitted = undefined
      this.raise('error.queue.submit', { message: error instanceof Error ? error.message : String(error) })
    }
  }

  private played(digits: string | undefined): void {
    const kind = this.playing
    if (!kind) return
    this.playing = undefined
    this.raise(`${kind}.done`, kind === 'dialog.playandcollect' ? { digits: digits ?? '' } : {})
  }

  private diverted(): void {
    this.offered = true
    this.ports.queueing.routed(this.connID)
    this.cancelTimer('_queue')
  }

  /** Where the routing point says; without a place to go the call stays, with the standard music where there is any, until its caller leaves. */
  private defaultRoute(why: string): void {
    const destination = this.asking.point?.defaultDestination
    this.record('default-route', destination ? `${why}: to ${destination}` : `${why}: stays in the queue`)
    if (destination) this.redirect(destination)
    else this.treat({ treatmentType: 'Music', treatmentParameters: {} })
  }

  private later(id: string, delay: number, name: string, data?: Readonly<Record<string, unknown>>): void {
    this.cancelTimer(id)
    const run = () => {
      this.timers.delete(id)
      if (id === '_queue') this.withdraw()
      this.raise(name, data)
    }
    this.timers.set(id, this.ports.clock.after(delay, run))
  }

  private cancelTimer(id: string): void {
    this.timers.get(id)?.cancel()
    this.timers.delete(id)
  }

  private record(kind: 'strategy' | 'failed' | 'default-route', text: string): void {
    const { callUUID, connID } = this.asking.event
    this.ports.record({ callUUID, connID, queue: this.queue, kind, text })
  }
}
