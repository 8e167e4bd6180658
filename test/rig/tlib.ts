/** T-Library clients of a running demo over TCP: what each of a node's three ports tells, kept and checked. */
import { silentLog } from '#platform/log/log.ts'
import { type NodeRuntime, nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { type Checker, createChecker } from '#protocols/tlib/checker.ts'
import { connectTLib, type TLibClient } from '#protocols/tlib/client.ts'
import type { Event } from '#protocols/tlib/events.ts'
import { type ReceivedEvent, receivedEvent, type Told } from '#protocols/tlib/published.ts'
import { demoPorts } from './ports.ts'

export type PortOfNode = 'session-controller' | 't-controller' | 'interaction-proxy'
const offsets: Record<PortOfNode, number> = { 'session-controller': 0, 't-controller': 1, 'interaction-proxy': 2 }

export class TLibListener {
  readonly events: (ReceivedEvent & { heardAt: number })[] = []
  readonly client: TLibClient
  /** Over the stream of the interaction-proxy port and of a monitoring client: every event of the node. */
  private readonly checker: Checker = createChecker('full')
  private readonly runtime: NodeRuntime
  private readonly waiting = new Set<() => void>()
  private turn: ReturnType<typeof setImmediate> | undefined

  private constructor(port: PortOfNode, node: 1 | 2, pool: string | undefined) {
    this.runtime = nodeRuntime()
    this.client = connectTLib({
      runtime: this.runtime,
      log: silentLog,
      locate: () => ({ host: '127.0.0.1', port: demoPorts.tlib + 10 * (node - 1) + offsets[port] }),
      applicationName: `test-${port}`,
      ...(pool === undefined ? {} : { pool }),
      event: (event, told) => this.received(event, told),
    })
  }

  /** Connected, registered for `addresses` (`*`: all), or monitoring every call. */
  static async connect(
    port: PortOfNode,
    { node = 1, addresses = [], monitor = false, pool }: ListenerOptions = {},
  ): Promise<TLibListener> {
    const listener = new TLibListener(port, node, pool)
    for (const address of addresses) listener.client.registerAddress(address)
    if (monitor) listener.client.startCallMonitoring()
    await listener.next('EventLinkConnected')
    if (monitor) await listener.next('EventCallMonitoringStarted')
    for (const address of addresses) await listener.next('EventRegistered', (event) => event.thisDN === address)
    return listener
  }

  /** The first event of this name that matches, of those seen or to come. */
  next<Name extends ReceivedEvent['name']>(
    name: Name,
    matches: (event: Extract<ReceivedEvent, { name: Name }>) => boolean = () => true,
    ms = 15_000,
  ): Promise<Extract<ReceivedEvent, { name: Name }> & { heardAt: number }> {
    type Found = Extract<ReceivedEvent, { name: Name }> & { heardAt: number }
    return new Promise((resolve, reject) => {
      const finish = (run: () => void) => {
        clearTimeout(timer)
        this.waiting.delete(check)
        run()
      }
      const check = () => {
        const found = this.events.find((event): event is Found => event.name === name && matches(event as Found))
        if (found) finish(() => resolve(found))
      }
      const timer = setTimeout(() => finish(() => reject(new Error(`no ${name} in ${ms} ms; ${this.seen()}`))), ms)
      this.waiting.add(check)
      check()
    })
  }

  /** The names of the events of one call, in order, e.g. `EventRinging 1001`. */
  ofCall(callUUID: string): string[] {
    return this.events.flatMap((event) => {
      if (!('callUUID' in event) || event.callUUID !== callUUID) return []
      return [`thisDN` in event && event.thisDN !== undefined ? `${event.name} ${event.thisDN}` : event.name]
    })
  }

  /** What the invariants of a full stream object to so far. */
  get violations(): readonly string[] {
    return this.checker.violations
  }

  async close(): Promise<void> {
    this.client.close()
    await this.runtime.close()
  }

  private received(event: Event, told: Told) {
    const received = receivedEvent(event, told)
    this.events.push({ ...received, heardAt: Date.now() })
    this.checker.event(received)
    // The events of one turn of the node arrive together.
    clearImmediate(this.turn)
    this.turn = setImmediate(() => this.checker.turn())
    for (const check of this.waiting) check()
  }

  private seen(): string {
    const names = this.events.map((event) => ('thisDN' in event ? `${event.name} ${event.thisDN}` : event.name))
    return `seen: ${names.slice(-40).join(', ')}`
  }
}

export type ListenerOptions = {
  node?: 1 | 2
  addresses?: readonly string[]
  monitor?: boolean
  pool?: string
}
