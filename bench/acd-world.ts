/**
 * A running demo with agents ready and SIPp to call them. CPU is of the whole process (two data centres' proxies, Resource
 * Managers, nodes, routers, reporting, web services; Node.js's own helper threads too) less the threads of media and of the
 * database.
 */
import { join } from 'node:path'
import { Sipp, type SippOptions, type SippResult } from '../test/peers/sipp.ts'
import { BenchAgents } from '../test/rig/bench-agents.ts'
import { Demo, proxies } from '../test/rig/demo.ts'
import { heapArgs } from '../test/rig/heap.ts'
import { threadsCpuMs } from './cpu.ts'
import { logIn } from './log-in.ts'

export type WorldOptions = {
  /** Its own: ten for phones, then one for callers. */
  readonly port: number
  readonly agents: number
  readonly nodeArgs: readonly string[]
}
export type Load = {
  readonly calls: number
  readonly rate: number
  /** ms */
  readonly talk: number
  /** 8090, where nothing plays, unless told. */
  readonly number?: string
}

const first = 2001
/** What is not signalling. */
const leftOut = new Set(['rtp-worker.js', 'embedded-worker.js'])
const program = (name: string) => join(import.meta.dirname, 'processes', `${name}.js`)
const tellers = ['tell-threads', 'report-gc'].flatMap((name) => ['--import', program(name)])

export class AcdWorld {
  readonly demo: Demo
  readonly secondsToReady: number
  /** All of them, those who joined too. */
  readonly agents: BenchAgents[] = []
  private readonly port: number

  private constructor(demo: Demo, port: number, secondsToReady: number) {
    this.demo = demo
    this.port = port
    this.secondsToReady = secondsToReady
  }

  static async run<T>(options: WorldOptions, work: (world: AcdWorld) => Promise<T>): Promise<T> {
    const before = Date.now()
    const demo = await Demo.start({ nodeArgs: [...options.nodeArgs, ...heapArgs, ...tellers] })
    const world = new AcdWorld(demo, options.port, (Date.now() - before) / 1000)
    try {
      await demo.ringmain(['config', 'apply', 'examples/bench-2000.yaml'])
      await world.join(options.agents)
      return await work(world)
    } finally {
      for (const agents of world.agents) await agents.stop()
      await demo.stop()
    }
  }

  /** So many agents more. */
  async join(count: number): Promise<void> {
    const known = this.agents.reduce((sum, { numbers }) => sum + numbers.length, 0)
    const port = this.port + 2 * this.agents.length
    const agents = await BenchAgents.registered({ first: first + known, count, port })
    this.agents.push(agents)
    await logIn(agents.numbers)
  }

  call(load: Load): Promise<SippResult> {
    return Sipp.run(this.caller(load))
  }

  caller({ calls, rate, talk, number = '8090' }: Load): SippOptions {
    return {
      scenario: 'acd-caller',
      remote: proxies.dc1[0],
      port: this.port + 10,
      calls,
      rate,
      limit: 10_000,
      keys: { number },
      timeout: Math.round(calls / rate + talk / 1000) + 60,
      // They answer OPTIONS, by which the node asks whether a leg is still there.
      args: ['-aa', '-d', String(talk)],
    }
  }

  /** CPU ms of all threads so far, but for those left out. */
  signallingMs(): number {
    const { process } = this.demo
    const others = new Set<number>()
    for (const [, id, file = ''] of process.output.matchAll(/^thread (\d+) (\S+)$/gm))
      if (leftOut.has(file)) others.add(Number(id))
    if (others.size === 0) throw new Error('the threads of media and database are not known')
    let sum = 0
    for (const [id, ms] of threadsCpuMs(process.child.pid ?? 0)) if (!others.has(id)) sum += ms
    return sum
  }

  /** CPU ms of one call of this load, and what became of all. */
  async costOf(load: Load): Promise<SippResult & { cpuPerCall: number }> {
    const before = this.signallingMs()
    const result = await this.call(load)
    return { ...result, cpuPerCall: (this.signallingMs() - before) / load.calls }
  }

  /** Who is not ready when calls have had `ms` to end; empty: nobody. */
  async stuck(ms: number): Promise<string> {
    const admin = await this.demo.signIn()
    for (const agents of this.agents) {
      const fault = await agents.allReady(admin, ms).then(
        () => '',
        (error: Error) => error.message,
      )
      if (fault !== '') return fault
    }
    return ''
  }
}
