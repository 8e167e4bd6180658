/** The SIP Server nodes: a connection to the t-controller port of each, and who of them owns a DN. */
import type { Context } from '#platform/component/component.ts'
import type { Timer } from '#platform/runtime/runtime.ts'
import { type Asked, connectTLib, type TLibClient } from '#protocols/tlib/client.ts'
import type { Event } from '#protocols/tlib/events.ts'
import type { LocalPorts } from '#protocols/tlib/local.ts'
import { type FoundNode, watchNodes } from '#protocols/tlib/location.ts'
import type { Source } from './live/live-calls.ts'

export type KnownNode = FoundNode & {
  /** Wall-clock ms since when it has this epoch. */
  readonly since: number
  readonly isConnected: boolean
}

export interface NodeUser {
  event(source: Source, event: Event): void
  /** Its connection came or went. */
  connection(source: Source, isConnected: boolean): void
}

type Connected = { found: FoundNode; since: number; readonly client: TLibClient }

/** Somebody waits for the answer in his browser. */
const answerWithin = 5000

export class Nodes {
  private readonly context: Context<{ dc: string; name: string }>
  private readonly local: LocalPorts | undefined
  private readonly user: NodeUser
  private readonly nodes = new Map<string, Connected>()
  private readonly owners = new Map<string, string>()
  private watch: Timer | undefined

  constructor(context: Context<{ dc: string; name: string }>, local: LocalPorts | undefined, user: NodeUser) {
    this.context = context
    this.local = local
    this.user = user
  }

  open(): void {
    this.watch = watchNodes(this.context.coordination, (found) => this.follow(found))
  }

  close(): void {
    this.watch?.cancel()
    for (const { client } of this.nodes.values()) client.close()
    this.nodes.clear()
  }

  all(): KnownNode[] {
    return [...this.nodes.values()].map(({ found, since, client }) => ({
      ...found,
      since,
      isConnected: client.isConnected,
    }))
  }

  isConnected(name: string): boolean {
    return this.nodes.get(name)?.client.isConnected ?? false
  }

  /** A node by its name, with or without its data centre: `node1.dc1`, `node1`. */
  named(name: string): FoundNode | undefined {
    const all = [...this.nodes.values()].map(({ found }) => found)
    return all.find(({ name: own, dc }) => [own, `${own}.${dc}`].includes(name) || own === `${name}.${dc}`)
  }

  /** The node whose number this is in ConnIDs. */
  numbered(number: number): Source | undefined {
    for (const { found } of this.nodes.values()) if (found.entry.node === number) return sourceOf(found)
    return undefined
  }

  /** Asks the owner of the DN, or any node when nobody says he is: nodes pass on what is another's. */
  async ask(dn: string, request: Asked): Promise<Event> {
    const client = this.clientFor(dn)
    return new Promise((resolve) => {
      if (client) client.request(request, resolve)
      else resolve({ name: 'EventError', time: '', errorCode: 54, errorMessage: 'no node is connected' })
    })
  }

  private clientFor(dn: string): TLibClient | undefined {
    const owner = this.nodes.get(this.owners.get(dn) ?? '')
    if (owner?.client.isConnected) return owner.client
    const connected = [...this.nodes.values()].filter(({ client }) => client.isConnected)
    return (connected.find(({ found }) => found.dc === this.context.config.dc) ?? connected[0])?.client
  }

  private follow(all: readonly FoundNode[]): void {
    const now = this.context.runtime.clock.wall()
    for (const found of all) {
      const known = this.nodes.get(found.name)
      if (!known) this.connect(found, now)
      else {
        if (known.found.entry.epoch !== found.entry.epoch) known.since = now
        known.found = found
      }
    }
    const announced = new Set(all.map(({ name }) => name))
    for (const [name, { client }] of this.nodes) {
      // One that is lost in coordination alone goes on with its calls.
      if (announced.has(name) || client.isConnected) continue
      client.close()
      this.nodes.delete(name)
    }
  }

  private connect(found: FoundNode, since: number): void {
    const { runtime, log, config } = this.context
    const source = sourceOf(found)
    const client = connectTLib({
      runtime,
      log: log.with({ node: found.name }),
      locate: () => this.nodes.get(found.name)?.found.entry.tlib.tController,
      ...(this.local && { local: this.local }),
      applicationName: `web-services ${config.name}`,
      answerWithin,
      event: (event) => this.received(source, event),
    })
    this.nodes.set(found.name, { found, since, client })
    client.startCallMonitoring()
  }

  private received(source: Source, event: Event): void {
    this.noteOwner(source, event)
    this.user.event(source, event)
    if (event.name === 'EventServerConnected') this.user.connection(source, true)
    if (event.name === 'EventServerDisconnected') this.user.connection(source, false)
  }

  private noteOwner(source: Source, event: Event): void {
    if (event.name === 'EventDNBackInService') this.owners.set(event.thisDN, source.node)
    if (event.name !== 'EventCallMonitoringStarted') return
    for (const { thisDN, inService, node } of event.addresses ?? [])
      if (inService) this.owners.set(thisDN, node ?? source.node)
  }
}

const sourceOf = ({ name, dc }: FoundNode): Source => ({ node: name, dc })
