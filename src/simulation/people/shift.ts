/** A shift of a whole contact centre: agents of every temper, callers without end, and the look around at its end. */
import { type Endpoint, openEndpoint } from '#cluster/demo/traffic/endpoint.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { type Checker, createChecker } from '#protocols/tlib/checker.ts'
import { connectTLib } from '#protocols/tlib/client.ts'
import { receivedEvent } from '#protocols/tlib/published.ts'
import { DataCentreWorld, dataCentreHost } from '../data-centre-world.ts'
import type { Stream } from '../stream.ts'
import { Agent } from './agent.ts'
import { Caller, type CallerOptions } from './caller.ts'
import { faultsOfInteractions } from './interactions.ts'
import { calm, type Temper } from './temper.ts'
import { Trouble } from './trouble.ts'

export type ShiftOptions = {
  readonly seed: number
  readonly agents: number
  /** Milliseconds between two callers, on average. */
  readonly callEvery: number
  /** The SCXML of the queue. */
  readonly strategy: string
}

const carrier = '10.9.0.1'
const queue = '8000'
const firstAgent = 1001

/** Milliseconds after which nothing is under way any more: transactions, bindings, probes of peers that are gone. */
const idle = 60_000
/** Figures that are 0 when no call is left, and when no agent is left. */
const callFigures = [
  'calls_active',
  'calls_waiting',
  'media_calls',
  'rtp_legs',
  'sip_sessions',
  'reporting_events_waiting',
]
const agentFigures = ['dns_in_service', 'sip_proxy_registrations']

const wild: Temper = {
  rejects: 0.06,
  letsRing: 0.06,
  vanishes: 0.015,
  pauses: 0.06,
  dials: 0.03,
  holds: 0.15,
  transfers: 0.1,
  moods: [500, 3_000],
  answersAfter: [50, 1_500],
  talks: [100, 4_000],
  isAwayFor: [500, 15_000],
}

const objectsOf = (agents: number, scxml: string) => {
  const numbers = Array.from({ length: agents }, (_, index) => String(firstAgent + index))
  return {
    settings: { registrationLifetime: 10, offerTimeout: 4 },
    skills: [{ name: 'human' }],
    dns: numbers.map((number, index) => ({
      number,
      secret: 'demo',
      media: index % 5 === 0 ? ('anchored' as const) : ('direct' as const),
    })),
    persons: numbers.map((employeeId, index) => ({
      employeeId,
      name: `Agent ${employeeId}`,
      skills: { human: 10 },
      afterCallWork: index % 3 === 0 ? 1 : 0,
    })),
    strategies: [{ name: 'queue', scxml }],
    routingPoints: [
      {
        number: queue,
        name: 'Human',
        strategy: 'queue',
        parameters: { greeting: 'greeting', music: 'music', skills: 'human >= 1' },
      },
    ],
    trunks: [{ name: 'carrier', sources: ['10.9.0.0/16'] }],
  }
}

export class Shift {
  private readonly centre: DataCentreWorld
  private readonly random: Stream
  private readonly agents: Agent[] = []
  private readonly outcomes = new Map<string, number>()
  private readonly deeds = new Map<string, number>()
  private readonly stream: Checker = createChecker('full')
  private readonly stuck: string[] = []
  private readonly left: Record<string, number> = {}
  private readonly callUUIDs = new Set<string>()
  private readonly options: ShiftOptions
  private phones: Endpoint | undefined
  private trouble: Trouble | undefined
  private calling = 0
  private called = 0
  /** SIP transactions of a data centre where nothing goes on. */
  private transactions = 0

  private constructor(options: ShiftOptions, centre: DataCentreWorld) {
    this.options = options
    this.centre = centre
    this.random = centre.world.random('callers')
  }

  static async begin(options: ShiftOptions): Promise<Shift> {
    const { seed, agents, strategy } = options
    const centre = await DataCentreWorld.start({
      seed,
      objects: objectsOf(agents, strategy),
      prompts: { greeting: 1, music: 2 },
    })
    const shift = new Shift(options, centre)
    await shift.open()
    return shift
  }

  /** So many callers come, each at his time; resolves when the last one has hung up. */
  async calls(count: number): Promise<void> {
    const { random, centre, options } = this
    const { clock } = centre.world.host('carrier')
    let left = count
    const next = () => {
      if (left === 0) return
      left -= 1
      this.call(this.patience())
      clock.after(-Math.log(1 - random.fraction()) * options.callEvery, next)
    }
    next()
    await centre.world.runUntil(() => left === 0 && this.calling === 0, 100 * count * options.callEvery)
  }

  /** Faults are healed, everybody is calm, and what is still under way comes to its end. */
  async settle(): Promise<void> {
    this.trouble?.end()
    for (const agent of this.agents) agent.temper = calm
    await this.centre.world.run(idle)
  }

  /** As many callers as agents at once: every agent is needed. Who got none is stuck. */
  async everybodyTalks(): Promise<void> {
    const { world } = this.centre
    const forAllTime = 1e9
    for (const agent of this.agents) agent.temper = { ...calm, talks: [forAllTime, forAllTime] }
    const callers = this.agents.map(() => this.call({ patience: undefined, talk: undefined }))
    await world.run(20_000)
    for (const { dn, isRegistered, status, talking } of this.agents)
      if (talking !== 1)
        this.stuck.push(
          `${dn} is ${status}, ${isRegistered ? 'registered' : 'not registered'}, talks in ${talking} calls`,
        )
    for (const caller of callers) caller.hangUp()
  }

  /** Everybody has gone home, and the data centre has noticed. */
  async everybodyLeaves(): Promise<void> {
    await this.lookFor(callFigures)
    for (const { dn, counts } of this.agents) {
      this.note(`${dn} sessions`, counts?.sessions ?? 0)
      this.note(`${dn} dialogs`, counts?.dialogs ?? 0)
    }
    for (const agent of this.agents) agent.leave()
    await this.centre.world.run(idle)
    await this.lookFor(agentFigures)
    const { transactions } = this
    const still = await this.centre.figure('sip_transactions')
    // Those of the probes among components: they are never at the same point of their rounds.
    if (still > transactions + 2) this.note('sip_transactions', still - transactions)
  }

  /** What should not be there. */
  async found() {
    const { centre, agents, stuck, left } = this
    const { world, store } = centre
    const violations = [...this.stream.end(), ...agents.flatMap((agent) => agent.violations)]
    const interactions = await world.complete(faultsOfInteractions(store, this.callUUIDs))
    return { stuck, violations, left, interactions }
  }

  summary() {
    const { world } = this.centre
    return {
      seed: world.seed,
      calls: this.called,
      outcomes: Object.fromEntries(this.outcomes),
      deeds: Object.fromEntries(this.deeds),
      virtualSeconds: Math.round(world.now / 1000),
      events: world.events,
    }
  }

  end(): Promise<void> {
    return this.centre.stop()
  }

  private async lookFor(figures: readonly string[]): Promise<void> {
    for (const name of figures) this.note(name, await this.centre.figure(name))
  }

  private note(what: string, value: number): void {
    if (value !== 0) this.left[what] = value
  }

  private async open(): Promise<void> {
    const { centre, options } = this
    const { world } = centre
    const runtime = world.host('carrier')
    await world.run(idle)
    this.transactions = await centre.figure('sip_transactions')
    this.phones = await world.complete(openEndpoint({ runtime, log: silentLog, metrics: noMetrics }, carrier, 'trunk'))
    this.monitor()
    for (let index = 0; index < options.agents; index++) this.hire(index)
    const { agents } = this
    await world.runUntil(() => agents.every(({ status }) => status === 'Ready'))
    for (const agent of agents) agent.temper = wild
    const hosts = agents.map(({ host }) => host)
    this.trouble = new Trouble(world, hosts, 'carrier', (what) => count(this.deeds, what))
    world.links.usual({ loss: 0.02, duplication: 0.01, delay: [1, 60] })
    // Between its components too: proxy, Resource Manager and media server speak SIP over UDP.
    world.links.set(dataCentreHost, dataCentreHost, { loss: 0.01, duplication: 0.01, delay: [0.05, 5] })
  }

  private hire(index: number): void {
    const { centre } = this
    const agent = new Agent(centre.world, {
      dn: String(firstAgent + index),
      address: `10.1.0.${index + 1}`,
      proxies: centre.proxies,
      desktops: centre.desktops,
      temper: calm,
      others: [queue, ...Array.from({ length: this.options.agents }, (_, other) => String(firstAgent + other))],
      did: (what) => count(this.deeds, what),
    })
    this.agents.push(agent)
    void agent.start()
  }

  private monitor(): void {
    const { centre, stream } = this
    const client = connectTLib({
      runtime: centre.world.host('monitor'),
      log: silentLog,
      locate: () => centre.desktops,
      applicationName: 'monitor',
      event: (event, told) => {
        if (event.name === 'EventServerDisconnected') stream.interrupted()
        stream.event(receivedEvent(event, told))
        if (event.name === 'EventCallCreated') this.callUUIDs.add(event.callUUID)
      },
    })
    client.startCallMonitoring()
  }

  /** Some hang up in the greeting, some in the queue, some while it rings, some when they have talked. */
  private patience(): Pick<CallerOptions, 'patience' | 'talk'> {
    const { random } = this
    const talk = random.chance(0.5) ? random.between(0, 3_000) : undefined
    if (random.chance(0.15)) return { patience: random.between(0, 1_500), talk }
    return { patience: random.between(1_000, random.pick([4_000, 10_000, 60_000])), talk }
  }

  private call(patience: Pick<CallerOptions, 'patience' | 'talk'>): Caller {
    if (this.phones === undefined) throw new Error('the shift has not begun')
    const { random, centre } = this
    this.called += 1
    this.calling += 1
    const { host, port } = random.pick(centre.proxies)
    const caller = new Caller({
      clock: centre.world.host('carrier').clock,
      userAgent: this.phones.userAgent,
      host: carrier,
      number: queue,
      from: `+4420794${this.called}`,
      proxy: `${host}:${port}`,
      ...patience,
      ended: (outcome) => {
        this.calling -= 1
        count(this.outcomes, outcome)
      },
    })
    caller.start()
    return caller
  }
}

const count = (counts: Map<string, number>, what: string): void => {
  counts.set(what, (counts.get(what) ?? 0) + 1)
}
