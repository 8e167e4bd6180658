/** Agents of `examples/bench.yaml` or `bench-2000.yaml` on one SIPp: their phones registered, they signed in through the API and ready. */
import type { Agent } from '#protocols/model/http/agents.ts'
import { Sipp, type SippResult } from '../peers/sipp.ts'
import { type ApiClient, type EventStream, until } from './api.ts'
import { type Demo, proxies } from './demo.ts'

export type BenchAgentsOptions = {
  first: number
  count: number
  /** Where their phones listen. */
  port: number
  /** What their phones do; `agent` answers at once. */
  scenario?: string
  keys?: Record<string, string>
}

/** s: nothing is left behind of a run that was broken off. */
const phonesEnd = 2 * 60 * 60

export class BenchAgents {
  readonly numbers: readonly string[]
  readonly phones: Sipp
  private readonly port: number
  private readonly clients = new Map<string, ApiClient>()

  private constructor({ first, count, port, scenario = 'agent', keys = {} }: BenchAgentsOptions) {
    this.numbers = Array.from({ length: count }, (_, index) => String(first + index))
    this.port = port
    // As phones do, they answer OPTIONS, by which the node asks whether a leg is still there.
    this.phones = new Sipp({ scenario, port, keys, timeout: phonesEnd, args: ['-aa'] })
  }

  /** Their phones alone: nobody has signed in. */
  static async registered(options: BenchAgentsOptions): Promise<BenchAgents> {
    const agents = new BenchAgents(options)
    await agents.register()
    return agents
  }

  static async start(demo: Demo, options: BenchAgentsOptions): Promise<BenchAgents> {
    const agents = await BenchAgents.registered(options)
    for (const number of agents.numbers) {
      const client = await demo.signIn(number)
      await client.ready(number)
      agents.clients.set(number, client)
    }
    return agents
  }

  /** What the API says of these agents, by number. */
  async states(admin: ApiClient): Promise<Agent[]> {
    const all = await admin.get<Agent[]>('/api/v1/agents')
    return all.filter(({ employeeId }) => this.numbers.includes(employeeId))
  }

  /** Resolves when all are ready; rejects with those that are not. */
  async allReady(admin: ApiClient, ms = 5_000): Promise<void> {
    let others: string[] = []
    const check = async () => {
      others = (await this.states(admin)).filter(({ state }) => state !== 'ready').map(told)
      return others.length === 0 ? true : undefined
    }
    await until(check, ms, 'every agent ready').catch((error: Error) => {
      throw new Error(`${error.message}; ${others.length} are not: ${others.join(', ')}`)
    })
  }

  /** From now on, whoever of them misses an offer says at once that he is ready again. */
  comeBack(stream: EventStream): void {
    stream.each(({ type, subject }) => {
      if (type === 'agent.offer.missed') void this.clients.get(subject)?.put('/api/v1/me/state', { state: 'ready' })
    })
  }

  stop(): Promise<void> {
    return this.phones.stop()
  }

  /** For an hour, and anew for the next one. */
  async register(): Promise<void> {
    const result: SippResult = await Sipp.run({
      scenario: 'register',
      remote: proxies.dc1[0],
      port: this.port + 1,
      calls: this.numbers.length,
      rate: 200,
      keys: { contact: String(this.port), expires: '3600' },
      lines: this.numbers.map((number) => `${number};[authentication username=${number} password=demo]`),
      args: ['-auth_uri', 'ringmain'],
    })
    if (result.code !== 0 || result.failed > 0) throw new Error(`phones did not register:\n${result.output}`)
  }
}

const told = ({ employeeId, state, reason }: Agent) => `${employeeId} ${state}${reason ? ` (${reason})` : ''}`
