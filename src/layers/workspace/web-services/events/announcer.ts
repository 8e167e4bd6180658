/** Says on the event stream what happens to calls, agents, queues and nodes. */
import type { Clock, Timer } from '#platform/runtime/runtime.ts'
import type { CallEvent, Event } from '#protocols/tlib/events.ts'
import type { Call } from '../live/call.ts'
import type { Source } from '../live/live-calls.ts'
import type { AgentFigures, WebServicesPorts } from '../ports.ts'
import type { View } from '../view.ts'
import type { EventStream } from './stream.ts'
import { callEvent, offerMissed } from './translate.ts'

/** A queue is told at most so often: figures are for eyes. */
const queueEvery = 500

export type AnnouncerOptions = {
  readonly clock: Clock
  readonly stream: EventStream
  readonly view: View
  readonly ports: Pick<WebServicesPorts, 'statistics' | 'configuration'>
}

export class Announcer {
  private readonly options: AnnouncerOptions
  private watch: Timer | undefined
  private readonly timers = new Map<string, Timer>()
  /** The last event of each agent, by which his state changed. */
  private readonly lastEvents = new Map<string, string>()

  constructor(options: AnnouncerOptions) {
    this.options = options
  }

  open(): void {
    const { ports, clock, stream } = this.options
    this.watch = ports.statistics.watch({
      // At the end of the turn: its event comes on a connection of ours, perhaps after StatServer's.
      agent: (figures) => (stream.isFollowed ? clock.turn(() => this.agent(figures)) : stream.skip()),
      queue: ({ number }) => this.queueSoon(number),
    })
  }

  close(): void {
    this.watch?.cancel()
    for (const timer of this.timers.values()) timer.cancel()
    this.timers.clear()
  }

  /** `call`: where the event told something new of one. */
  heard(event: Event, call: Call | undefined) {
    const { stream } = this.options
    if ('agentID' in event && event.agentID !== undefined) this.lastEvents.set(event.agentID, event.name)
    if (!stream.isFollowed) return stream.skip()
    const missed = offerMissed(event)
    if (missed) stream.say(missed)
    const said = call && callEvent(event as CallEvent, call)
    if (said) stream.say(said)
  }

  connection({ node, dc }: Source, isConnected: boolean): void {
    const data = { event: isConnected ? 'EventServerConnected' : 'EventServerDisconnected', connected: isConnected, dc }
    this.options.stream.say({ type: 'connection.changed', subject: node, audience: 'all', data })
  }

  private agent({ agentID, status, reason, dn, node }: AgentFigures) {
    const { view, stream } = this.options
    const person = view.person(agentID)
    const event = this.lastEvents.get(agentID)
    const data = {
      ...(event && { event }),
      ...{ employeeId: agentID, state: status, dn, node },
      ...(reason !== undefined && { reason }),
      ...(person && { agent: view.agent(person) }),
    }
    stream.say({ type: 'agent.state.changed', subject: agentID, audience: 'all', data })
    // Who is ready for a queue has changed perhaps.
    for (const { number } of this.options.ports.configuration.current().objects.routingPoints) this.queueSoon(number)
  }

  private queueSoon(number: string): void {
    if (this.timers.has(number) || !this.options.stream.isFollowed) return
    const timer = this.options.clock.after(queueEvery, () => {
      this.timers.delete(number)
      this.queue(number)
    })
    this.timers.set(number, timer)
  }

  private queue(number: string): void {
    const { view, stream, ports } = this.options
    const point = ports.configuration.current().routingPoint(number)
    if (!point) return
    stream.say({ type: 'queue.stats', subject: number, audience: 'all', data: { queue: view.queue(point) } })
  }
}
