/** A world of real SIP proxies and SIP Server nodes, one host each, with phones and T-Library clients around them. */
import { Value } from 'typebox/value'
import { type RunningSipProxy, sipProxy } from '#layers/voice/sip-proxy/component.ts'
import { Config as ProxyConfig } from '#layers/voice/sip-proxy/config.ts'
import { type RunningSipServer, sipServer } from '#layers/voice/sip-server/component.ts'
import { Config } from '#layers/voice/sip-server/config.ts'
import type { SessionController, SessionControllerOptions } from '#layers/voice/sip-server/session-controller/ports.ts'
import { InProcessCoordination, type Member } from '#platform/coordination/in-process.ts'
import { silentLog } from '#platform/log/log.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { noTrace } from '#platform/trace/trace.ts'
import { type Configuration, configurationFrom } from '#protocols/model/configuration.ts'
import { type Checker, createChecker } from '#protocols/tlib/checker.ts'
import { type Asked, connectTLib, type TLibClient } from '#protocols/tlib/client.ts'
import type { Event } from '#protocols/tlib/events.ts'
import type { PortName } from '#protocols/tlib/location.ts'
import { type ReceivedEvent, receivedEvent } from '#protocols/tlib/published.ts'
import type { Request } from '#protocols/tlib/requests.ts'
import { ChangingConfiguration } from './changing-configuration.ts'
import { Leftovers } from './leftovers.ts'
import { Phone } from './phone.ts'
import { ScriptedCalls } from './scripted-calls.ts'
import { World } from './world.ts'

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => String(from + index))

const demoObjects: Configuration = configurationFrom({
  settings: { domains: ['ringmain'] },
  dns: numbers(1001, 1010).map((number) => ({ number, secret: 'demo' })),
  persons: numbers(1001, 1010).map((employeeId) => ({
    employeeId,
    name: `Agent ${employeeId}`,
    afterCallWork: employeeId === '1003' ? 5 : 0,
  })),
  routingPoints: [{ number: '8010', name: 'Human', strategy: 'human' }],
  trunks: [{ name: 'carrier', sources: ['10.9.0.0/16'], destination: '10.9.0.1:5060', numbers: ['XXXXX!'] }],
})

export type StartedNode = {
  readonly running: RunningSipServer
  readonly member: Member
  readonly runtime: Runtime
  /** The Session Controller, where it is a scripted one. */
  readonly calls: ScriptedCalls
}

type NodeOptions = {
  dc?: string
  number?: number
  createSessionController?: (options: SessionControllerOptions<Event>) => SessionController<Request>
}

export class NodeWorld {
  readonly world: World
  private readonly configuration: ChangingConfiguration
  private readonly leftovers: Leftovers
  private readonly coordination = new InProcessCoordination()
  private phones = 0

  constructor(seed = 1, configuration = demoObjects) {
    this.world = new World(seed)
    this.configuration = new ChangingConfiguration(configuration)
    this.leftovers = new Leftovers(this.world, () => this.configuration.withoutTrunks())
  }

  /** A proxy on the host of its name, at `host`:5060. */
  async proxy(name: string, host: string, dc = 'dc1'): Promise<RunningSipProxy> {
    const runtime = this.world.host(name)
    const inside = { host, port: 0 }
    const listen = [{ host, port: 5060, transports: ['udp', 'tcp'] }]
    const given = { name, dc, listen, linkListen: inside, meshListen: inside, sharedKey: 'the key all proxies share' }
    const config = Value.Parse(ProxyConfig, Value.Default(ProxyConfig, given))
    const coordination = this.coordination.member(runtime.clock)
    const component = sipProxy({ configuration: this.configuration })
    const metrics = this.leftovers.watch(name)
    const context = { runtime, coordination, config, log: silentLog, metrics }
    const running = await this.world.complete(component.start(context))
    this.leftovers.started(name, () => running.stop())
    return running
  }

  /** A node on the host of its name, at address `host`. */
  async node(name: string, host: string, options: NodeOptions = {}): Promise<StartedNode> {
    const { dc = 'dc1', number = 1 } = options
    const runtime = this.world.host(name)
    const given = { name, dc, number, tlib: { host }, mesh: { host } }
    const config = Value.Parse(Config, Value.Default(Config, given))
    const member = this.coordination.member(runtime.clock)
    let calls: ScriptedCalls | undefined
    const scripted = (controller: SessionControllerOptions<Event>) => {
      calls = new ScriptedCalls(controller)
      return calls
    }
    const component = sipServer({
      configuration: this.configuration,
      trace: noTrace,
      createSessionController: options.createSessionController ?? scripted,
    })
    const metrics = this.leftovers.watch(name)
    const context = { runtime, coordination: member, config, log: silentLog, metrics }
    const running = await this.world.complete(component.start(context))
    this.leftovers.started(name, () => running.stop())
    await this.world.run(1500)
    return { running, member, runtime, calls: calls as ScriptedCalls }
  }

  /** What is open when nobody has said anything for two minutes: nothing, after a call or a flood of whatever. */
  async left(): Promise<Readonly<Record<string, number>>> {
    // Not when the proxies ask the nodes how they are, which is every full second.
    await this.world.run(120_250)
    return this.leftovers.open
  }

  /** Ends a node as a power cut does. */
  crash(name: string, node: StartedNode): void {
    this.world.crash(name)
    this.leftovers.crashed(name)
    node.member.leave()
  }

  phone(user: string, proxyHost = '10.0.0.1', password = 'demo'): Promise<Phone> {
    this.phones += 1
    const local = { host: `10.0.1.${this.phones}`, port: 5060 }
    return Phone.at(this.world, `phone-${user}-${this.phones}`, {
      user,
      password,
      local,
      proxy: { host: proxyHost, port: 5060 },
    })
  }

  /** A T-Library client on a host of its own. */
  client(
    name: string,
    node: StartedNode,
    port: PortName,
    more: { pool?: string; from?: () => number } = {},
  ): TestClient {
    return new TestClient(this.world, name, node, port, more)
  }
}

/** A T-Library client that keeps what it heard and has it checked. */
export class TestClient {
  readonly events: ReceivedEvent[] = []
  readonly checker: Checker
  readonly tlib: TLibClient
  private readonly world: World

  constructor(
    world: World,
    name: string,
    { running }: StartedNode,
    port: PortName,
    more: { pool?: string; from?: () => number },
  ) {
    this.world = world
    this.checker = createChecker(port === 'interactionProxy' ? 'full' : 'client')
    this.tlib = connectTLib({
      runtime: world.host(name),
      log: silentLog,
      locate: () => running.entry.tlib[port],
      applicationName: name,
      ...more,
      event: (event, told) => {
        const received = receivedEvent(event, told)
        this.events.push(received)
        if (event.name === 'EventServerDisconnected') this.checker.interrupted()
        this.checker.event(received)
      },
    })
  }

  /** Asks, and gives the first answer. */
  ask(request: Asked): Promise<Event> {
    return this.world.complete(new Promise((resolve) => this.tlib.request(request, resolve)))
  }

  connected(): Promise<void> {
    return this.world.runUntil(() => this.tlib.isConnected)
  }

  /** Registers the DN and waits for its snapshot. */
  async register(dn: string): Promise<ReceivedEvent> {
    this.tlib.registerAddress(dn)
    const found = () => this.events.findLast((event) => event.name === 'EventRegistered' && event.thisDN === dn)
    await this.world.runUntil(() => found() !== undefined)
    return found() as ReceivedEvent
  }

  /** Names of the events heard of this DN, without `Event`. */
  names(dn?: string): string[] {
    const heard =
      dn === undefined ? this.events : this.events.filter((event) => 'thisDN' in event && event.thisDN === dn)
    return heard.map(({ name }) => name.slice('Event'.length))
  }
}
