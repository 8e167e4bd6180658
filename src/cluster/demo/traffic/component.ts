/** The traffic of the demo, all of it SIMULATED and named so: robot agents, and callers who come through the trunk. */
import { type Static, type TProperties, Type } from 'typebox'
import {
  type Component,
  type Context,
  defineComponent,
  type Health,
  type Running,
} from '#platform/component/component.ts'
import type { Cell } from '#platform/metrics/metrics.ts'
import type { Address, Timer } from '#platform/runtime/runtime.ts'
import { between, exponential, oneOf, weighted } from './draws.ts'
import { type Endpoint, openEndpoint } from './endpoint.ts'
import { RobotAgent } from './robot-agent.ts'
import { type Outcome, planOf, SimulatedCaller } from './simulated-caller.ts'
import type { OpenVoices, Voices } from './voices.ts'
import { WebAgent } from './web-agent.ts'

const closed = <P extends TProperties>(properties: P) => Type.Object(properties, { additionalProperties: false })

const DataCentre = closed({
  dc: Type.String(),
  proxies: Type.Array(Type.String({ pattern: '^[\\d.]+:\\d+$' }), { minItems: 1, description: 'host:port, UDP' }),
  http: Type.String({ pattern: '^[\\d.]+:\\d+$', description: 'host:port of the HTTP API' }),
  robots: Type.Array(closed({ dn: Type.String(), name: Type.String() }), { default: [] }),
})

const Destination = closed({
  number: Type.String(),
  weight: Type.Number({ minimum: 0 }),
  menu: Type.Boolean({ default: false, description: 'callers press keys there' }),
})

const Config = closed({
  dataCentres: Type.Array(DataCentre, { minItems: 1 }),
  host: Type.String({ default: '127.0.0.1', description: 'the phones are bound to it' }),
  domain: Type.String({ default: 'ringmain' }),
  realm: Type.String({ default: 'ringmain' }),
  password: Type.String({ default: 'demo', description: 'of all robots' }),
  afterCallWork: Type.Number({ default: 5, minimum: 0, description: 'seconds the cluster gives the robots' }),
  callsPerMinute: Type.Number({ default: 12, minimum: 0, maximum: 6_000 }),
  destinations: Type.Array(Destination, {
    minItems: 1,
    default: [
      { number: '8000', weight: 6, menu: false },
      { number: '8001', weight: 3, menu: true },
      { number: '8002', weight: 2, menu: true },
    ],
  }),
})
type DemoTrafficConfig = Static<typeof Config>

/** Robots do not all come at once: a password is slow to verify. */
const robotEvery = 150
const pitches = [262, 294, 330, 349, 392, 440, 494, 523]

export interface DemoTraffic extends Running {
  /** Robots that are registered, and calls going on. */
  readonly counts: { readonly registered: number; readonly calls: number }
}

export const demoTraffic = (openVoices: OpenVoices): Component<typeof Config, DemoTraffic> =>
  defineComponent({
    name: 'demo-traffic',
    config: Config,
    async start(context) {
      const voices = await openVoices(context.runtime, context.config.host)
      const traffic = new Traffic(context, voices)
      try {
        await traffic.open()
      } catch (error) {
        await traffic.stop()
        throw error
      }
      return traffic
    },
  })

class Traffic implements DemoTraffic {
  private readonly context: Context<DemoTrafficConfig>
  private readonly voices: Voices
  private readonly robots: RobotAgent[] = []
  private readonly outcomes: Record<Outcome, Cell>
  private callers: Endpoint | undefined
  private calling = 0
  private next: Timer | undefined
  private starting: Timer[] = []
  private idle: (() => void)[] = []
  private ending = false
  private stopped = false

  constructor(context: Context<DemoTrafficConfig>, voices: Voices) {
    this.context = context
    this.voices = voices
    this.outcomes = measured(context, () => this.counts)
  }

  get counts(): { readonly registered: number; readonly calls: number } {
    return { registered: this.robots.filter(({ registered }) => registered).length, calls: this.calling }
  }

  /** Binds every port, then lets robots and callers come. */
  async open(): Promise<void> {
    const { config } = this.context
    this.callers = await openEndpoint(this.context, config.host, 'simulated')
    for (const index of config.dataCentres.keys()) await this.openRobots(index)
    this.robots.forEach((robot, index) => {
      this.starting.push(this.context.runtime.clock.after(index * robotEvery, () => robot.start()))
    })
    this.expectCaller()
  }

  health(): Health {
    return { status: 'ok', reasons: [] }
  }

  /** No further callers; resolves when the last one has hung up. */
  drain(): Promise<void> {
    this.endArrivals()
    return this.calling === 0 ? Promise.resolve() : new Promise((resolve) => this.idle.push(resolve))
  }

  /** As if all of them lost power: how their calls end is the cluster's to say. */
  async stop(): Promise<void> {
    if (this.stopped) return
    this.stopped = true
    this.endArrivals()
    for (const timer of this.starting) timer.cancel()
    await Promise.all([this.callers?.close(), this.voices.close(), ...this.robots.map((robot) => robot.stop())])
  }

  /** Those of one DC: its own proxies first, the others' when they are gone. */
  private async openRobots(index: number): Promise<void> {
    const { config, runtime } = this.context
    const { host, domain, realm, password, afterCallWork } = config
    const order = [...config.dataCentres.slice(index), ...config.dataCentres.slice(0, index)]
    const servers = order.map(({ http }) => addressOf(http))
    for (const [place, { dn, name }] of (order[0]?.robots ?? []).entries()) {
      const proxies = order.flatMap(({ proxies }) => rotated(proxies, place)).map((proxy) => `<sip:${proxy};lr>`)
      const pitch = oneOf(runtime.random, pitches)
      const options = { dn, name, host, domain, realm, password, proxies, afterCallWork, pitch }
      const web = new WebAgent({ runtime, servers, username: dn, password })
      this.robots.push(await RobotAgent.open(this.context, options, this.voices, web))
    }
  }

  /** A Poisson process. */
  private expectCaller() {
    const { config, runtime } = this.context
    if (config.callsPerMinute === 0 || this.ending) return
    this.next = runtime.clock.after(exponential(runtime.random, 60_000 / config.callsPerMinute), () => {
      this.expectCaller()
      void this.call()
    })
  }

  private async call(): Promise<void> {
    const { config, runtime, log } = this.context
    const { random } = runtime
    const userAgent = this.callers?.userAgent
    if (userAgent === undefined) return
    const proxy = oneOf(random, oneOf(random, config.dataCentres).proxies)
    const plan = planOf(random, weighted(random, config.destinations))
    this.calling++
    try {
      const voice = await this.voices.open(Math.round(between(random, 200, 240)) * 2)
      const ended = (outcome: Outcome) => this.called(outcome)
      new SimulatedCaller({ runtime, userAgent, voice, host: config.host, proxy, plan, ended }).start()
    } catch (error) {
      log.warn({ fault: String(error) }, 'a simulated caller could not call')
      this.called('refused')
    }
  }

  private called(outcome: Outcome) {
    this.outcomes[outcome].inc()
    this.calling--
    if (this.calling > 0) return
    const { idle } = this
    this.idle = []
    for (const resolve of idle) resolve()
  }

  private endArrivals() {
    this.ending = true
    this.next?.cancel()
  }
}

function measured({ metrics }: Context<DemoTrafficConfig>, read: () => DemoTraffic['counts']): Record<Outcome, Cell> {
  metrics.gauge('simulated_agents_registered', 'Robot agents whose phone is registered', () => read().registered)
  metrics.gauge('simulated_calls', 'Calls of simulated callers going on', () => read().calls)
  const calls = metrics.counter('simulated_calls_total', 'Calls of simulated callers that have ended', ['outcome'])
  const of = (outcome: Outcome) => calls.of({ outcome })
  return { talked: of('talked'), abandoned: of('abandoned'), refused: of('refused'), ended: of('ended') }
}

function addressOf(text: string): Address {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}

const rotated = <T>(list: readonly T[], by: number): T[] => {
  const at = by % list.length
  return [...list.slice(at), ...list.slice(0, at)]
}
