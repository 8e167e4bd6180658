/**
 * What a registration costs, digest and all, of the whole chain: the proxy that takes it, the node that authenticates it,
 * and another proxy, which is told the binding. Each is a process of its own, linked over TCP; CPU is of all three.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Bench, Figures } from './bench.ts'
import { built, dnNumbers, type Started, startNode, startProxy } from './cluster.ts'
import { cpuMs } from './cpu.ts'
import { medianNumber } from './median.ts'

const ports = { proxy: 27_260, other: 27_270 }
const dns = dnNumbers(10_000)
/**
 * Registrations and their rate; with the nonce of the last one, and with a new one each time. A busy chain's: at half of it
 * each message is a turn of its own at each process, which costs a quarter more.
 */
const loads = {
  warmUp: { times: 30_000, rate: 3_000 },
  reused: { times: 24_000, rate: 8_000, challenged: false },
  challenged: { times: 12_000, rate: 4_000, challenged: true },
}
/** Each cost is the median of so many loads. */
const counts = 3

/** What the process of phones is told, and tells. */
export type Registering = {
  readonly proxy: number
  /** In turn. */
  readonly numbers: readonly string[]
  readonly times: number
  /** Registrations a second. */
  readonly rate: number
  /** Each is sent without credentials first. */
  readonly challenged: boolean
  /** Asks for the bindings there are and binds nothing (RFC 3261 §10.2.3). */
  readonly asksOnly?: boolean
}
/** `registered`: answered 200 with the binding of the phone. */
export type Registered = { readonly registered: number; readonly refused: number; readonly unanswered: number }

type Load = Omit<Registering, 'proxy' | 'numbers'>
type Chain = { readonly proxy: Started; readonly node: Started; readonly other: Started; stop(): Promise<void> }
type Part = 'proxy' | 'node' | 'other'
/** Microseconds of CPU of a registration. */
type Cost = Readonly<Record<Part, number>> & { readonly failed: number }

export const registrations: Bench = {
  name: 'registrations',
  what: 'CPU of a registration with a nonce that was used before: both proxies and the node',
  async run({ nodeArgs }): Promise<Figures> {
    const chain = await startChain(nodeArgs)
    const phones = fork(built('registering-phones'))
    try {
      await once(phones, 'message')
      return await measured(chain, phones)
    } finally {
      phones.kill()
      await chain.stop()
    }
  },
}

async function measured(chain: Chain, phones: ChildProcess): Promise<Figures> {
  const cold = [
    await registering(phones, { ...loads.warmUp, times: dns.length, challenged: true }),
    await registering(phones, { ...loads.warmUp, challenged: false }),
  ].reduce((sum, result) => sum + failedOf(result), 0)
  const reused = await costOf(chain, phones, loads.reused)
  const challenged = await costOf(chain, phones, loads.challenged)
  const asked = { times: 200, rate: 1_000, challenged: true, asksOnly: true }
  const unknown = failedOf(await registering(phones, asked, ports.other))
  const failed = cold + reused.failed + challenged.failed
  return {
    value: total(reused),
    unit: 'CPU µs per registration',
    details: {
      reusedPerSecondAndCore: Math.round(1e6 / total(reused)),
      challengedPerSecondAndCore: Math.round(1e6 / total(challenged)),
      challengedMicroseconds: Math.round(total(challenged)),
      reusedAtProxyMicroseconds: Math.round(reused.proxy),
      reusedAtNodeMicroseconds: Math.round(reused.node),
      reusedAtOtherProxyMicroseconds: Math.round(reused.other),
      offeredPerSecond: loads.reused.rate,
      phones: dns.length,
      failed,
    },
    ...(failed > 0 && { invalid: 'phones did not register' }),
    ...(unknown > 0 && { invalid: 'the other proxy does not know all bindings' }),
  }
}

const failedOf = ({ refused, unanswered }: Registered): number => refused + unanswered
const total = ({ proxy, node, other }: Cost): number => proxy + node + other

async function startChain(nodeArgs: readonly string[]): Promise<Chain> {
  const proxy2 = await startProxy('proxy2', ports.other, { dns, nodeArgs })
  const proxy1 = await startProxy('proxy1', ports.proxy, { dns, nodeArgs, proxies: [proxy2] })
  const node = await startNode({ dns, nodeArgs, proxies: [proxy1, proxy2] })
  const stop = async () => {
    for (const one of [node, proxy1, proxy2]) await one.stop()
  }
  return { proxy: proxy1, node, other: proxy2, stop }
}

async function costOf(chain: Chain, phones: ChildProcess, load: Load): Promise<Cost> {
  const costs: Cost[] = []
  for (let count = 0; count < counts; count++) {
    const parts: readonly Part[] = ['proxy', 'node', 'other']
    const before = parts.map((part) => cpuMs(chain[part].pid))
    const failed = failedOf(await registering(phones, load))
    const [proxy = 0, node = 0, other = 0] = parts.map(
      (part, at) => ((cpuMs(chain[part].pid) - (before[at] ?? 0)) * 1000) / load.times,
    )
    costs.push({ proxy, node, other, failed })
  }
  const of = (part: Part) => medianNumber(costs.map((cost) => cost[part]))
  const failed = costs.reduce((sum, cost) => sum + cost.failed, 0)
  return { proxy: of('proxy'), node: of('node'), other: of('other'), failed }
}

async function registering(phones: ChildProcess, load: Load, proxy = ports.proxy): Promise<Registered> {
  const told: Registering = { proxy, numbers: dns, ...load }
  const answer = once(phones, 'message')
  phones.send(told)
  const [result] = (await answer) as [Registered]
  return result
}
