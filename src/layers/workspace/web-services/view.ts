/** The contact centre as the HTTP API tells it: calls, queues, agents and nodes as they are now. */
import type { Context } from '#platform/component/component.ts'
import type { Timer } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import type { Agent, Me, MyCall, StateAnswer } from '#protocols/model/http/agents.ts'
import type { LiveCall } from '#protocols/model/http/calls.ts'
import type { Node, Overview, Queue } from '#protocols/model/http/cluster.ts'
import type { Person, RoutingPoint } from '#protocols/model/objects.ts'
import type { Config } from './config.ts'
import { agentOf, type Call, type LiveParty, queueOf } from './live/call.ts'
import type { LiveCalls } from './live/live-calls.ts'
import type { Nodes } from './nodes.ts'
import type { AgentFigures, WebServicesPorts } from './ports.ts'

export type ViewOptions = {
  readonly context: Context<Config>
  readonly ports: Pick<WebServicesPorts, 'configuration' | 'statistics' | 'couldTake'>
  readonly nodes: Nodes
  readonly calls: LiveCalls
}

const proxies = 'sip-proxy/'

export class View {
  private readonly options: ViewOptions
  private readonly startedAt: number
  /** When people were seen logging out, wall-clock ms. */
  private readonly leftAt = new Map<string, number>()
  private readonly watches: Timer[] = []
  /** SIP URIs of the proxies, by data centre. */
  private servers = new Map<string, string[]>()

  constructor(options: ViewOptions) {
    this.options = options
    this.startedAt = this.now
  }

  open(): void {
    const { ports, context } = this.options
    this.watches.push(
      ports.statistics.watch({
        agent: ({ agentID, status, since }) => {
          if (status === 'logged-out') this.leftAt.set(agentID, since)
        },
      }),
      context.coordination.watch(proxies, (entries) => {
        this.servers = serversOf(entries)
      }),
    )
  }

  close(): void {
    for (const watch of this.watches.splice(0)) watch.cancel()
  }

  private get now(): number {
    return this.options.context.runtime.clock.wall()
  }

  private get configuration() {
    return this.options.ports.configuration.current()
  }

  person(employeeId: string): Person | undefined {
    return this.configuration.person(employeeId)
  }

  figures(employeeId: string): AgentFigures | undefined {
    const figures = this.options.ports.statistics.agent(employeeId)
    return figures?.status === 'logged-out' ? undefined : figures
  }

  agents(): Agent[] {
    return this.configuration.objects.persons
      .filter(({ roles }) => roles.includes('agent'))
      .map((one) => this.agent(one))
  }

  agent(person: Person): Agent {
    const { employeeId, name, skills, simulated } = person
    const figures = this.figures(employeeId)
    return {
      employeeId,
      name,
      ...(figures && { dn: figures.dn }),
      ...this.state(employeeId, figures),
      node: figures?.node ?? null,
      dc: figures?.dc ?? null,
      skills,
      simulated,
      live: figures === undefined || this.options.nodes.isConnected(figures.node),
      asOf: timestamp(this.now),
    }
  }

  stateOf(employeeId: string): StateAnswer {
    const figures = this.figures(employeeId)
    return { employeeId, ...(figures && { dn: figures.dn }), ...this.state(employeeId, figures) }
  }

  private state(employeeId: string, figures: AgentFigures | undefined) {
    const since = figures?.since ?? this.leftAt.get(employeeId) ?? this.startedAt
    return {
      state: figures?.status ?? ('logged-out' as const),
      ...(figures?.reason !== undefined && { reason: figures.reason }),
      since: timestamp(since),
    }
  }

  me(employeeId: string, roles: Person['roles']): Me {
    const person = this.person(employeeId)
    const figures = this.figures(employeeId)
    const [domain = 'ringmain'] = this.configuration.settings.domains
    return {
      employeeId,
      name: person?.name ?? employeeId,
      roles,
      ...(figures && { dn: figures.dn }),
      phone: { aor: `sip:${figures?.dn ?? employeeId}@${domain}`, servers: this.serversFor(person) },
      ...this.state(employeeId, figures),
      calls: figures ? this.callsOn(figures.dn) : [],
    }
  }

  /** The proxies of his own data centre first. */
  private serversFor(person: Person | undefined): string[] {
    const first = person?.preferredDC ?? this.options.context.config.dc
    const others = [...this.servers.keys()].filter((dc) => dc !== first)
    return [first, ...others].flatMap((dc) => this.servers.get(dc) ?? [])
  }

  callsOn(dn: string): MyCall[] {
    return [...this.options.calls.onDN(dn)].map(({ call, party }) => myCall(call, party))
  }

  liveCalls(): LiveCall[] {
    return [...this.options.calls.all()].filter(({ node }) => this.options.nodes.isConnected(node)).map(liveCall)
  }

  queues(): Queue[] {
    return this.configuration.objects.routingPoints.map((point) => this.queue(point))
  }

  queue({ number, name }: Pick<RoutingPoint, 'number' | 'name'>): Queue {
    const { ports, context } = this.options
    const figures = ports.statistics.queues().filter((queue) => queue.number === number)
    const oldest = Math.min(...figures.flatMap((queue) => queue.oldest ?? []))
    const { couldTake = () => true } = ports
    const ready = ports.statistics.agents().filter(({ status, agentID }) => {
      const person = status === 'ready' ? this.person(agentID) : undefined
      return person !== undefined && couldTake(number, person)
    })
    return {
      number,
      name,
      waiting: sum(figures.map(({ waiting }) => waiting)),
      longestWaitSeconds: Number.isFinite(oldest) ? Math.max(0, Math.round((this.now - oldest) / 100) / 10) : 0,
      ready: ready.length,
      onCall: sum(figures.map(({ onCall }) => onCall)),
      asOf: timestamp(this.now),
      dc: context.config.dc,
    }
  }

  nodes(): Node[] {
    const calls = this.liveCalls()
    return this.options.nodes.all().map(({ name, dc, entry, since, isConnected }) => ({
      name,
      dc,
      // A node has no standby until pairs exist.
      instances: [{ role: 'primary', epoch: entry.epoch, inSync: false, since: timestamp(since) }],
      ready: isConnected,
      calls: calls.filter(({ node }) => node === name).length,
    }))
  }

  overview(): Overview {
    const { config } = this.options.context
    const nodes = this.options.nodes.all()
    const agents: Record<string, number> = {}
    for (const { state } of this.agents()) agents[state] = (agents[state] ?? 0) + 1
    return {
      calls: this.liveCalls().length,
      waiting: sum(this.options.ports.statistics.queues().map(({ waiting }) => waiting)),
      agents,
      nodes: { ready: nodes.filter(({ isConnected }) => isConnected).length, all: nodes.length },
      dc: config.dc,
      asOf: timestamp(this.now),
      ...(config.demo && { demo: config.demo }),
    }
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

export function liveCall(call: Call): LiveCall {
  const queue = queueOf(call)
  const agentId = agentOf(call)
  return {
    callUUID: call.callUUID,
    connID: call.connID,
    ani: call.ani,
    dnis: call.dnis,
    state: call.state,
    ...(queue !== undefined && { queue }),
    ...(agentId !== undefined && { agentId }),
    since: timestamp(call.since),
    node: call.node,
    dc: call.dc,
  }
}

const states = {
  Dialing: 'dialing',
  CPDetect: 'dialing',
  Queued: 'queued',
  Alerting: 'ringing',
  Connected: 'connected',
  Held: 'held',
  Busy: 'busy',
} as const

function myCall(call: Call, party: LiveParty): MyCall {
  return {
    connID: call.connID,
    callUUID: call.callUUID,
    state: states[party.state],
    callType: call.callType,
    ...(party.otherDN !== undefined && { otherDN: party.otherDN }),
    ...(call.ani && { ani: call.ani }),
    ...(call.dnis && { dnis: call.dnis }),
    ...(party.queue !== undefined && { queue: party.queue }),
    since: timestamp(party.since),
    userData: { ...call.userData },
  }
}

/** What the proxies announce they listen on, by data centre. */
function serversOf(entries: ReadonlyMap<string, string>): Map<string, string[]> {
  const servers = new Map<string, string[]>()
  for (const [key, value] of entries) {
    const [, dc = ''] = key.split('/')
    const { listen = [] } = JSON.parse(value) as { listen?: string[] }
    servers.set(dc, [...(servers.get(dc) ?? []), ...listen])
  }
  return servers
}
