/**
 * What is kept in memory, each time after a collection: of a call in talk, of a binding at each proxy, and of 100,000 calls
 * that are over. It runs some twelve minutes, so by its own command.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Sipp } from '../test/peers/sipp.ts'
import { samples } from '../test/rig/figures.ts'
import { Heap, heapArgs } from '../test/rig/heap.ts'
import { AcdWorld, type Load } from './acd-world.ts'
import type { Bench, Figures } from './bench.ts'
import { built, dnNumbers, startNode, startProxy } from './cluster.ts'
import type { Registering } from './registrations.ts'

const ports = { world: 12_580, proxy: 27_460, other: 27_470 }
const agents = 700
/** Calls that last; each needs an agent. */
const lasting: Load = { calls: 600, rate: 50, talk: 300_000 }
/** Until transactions are over, 32 s over UDP (RFC 3261 §17: timers D, I, J; RFC 6026: L). */
const transactionMs = 33_000
const bindings = 20_000
/** Calls of one step, after each of which the heap is looked at; the first ones fill what has a bound. */
const step: Load = { calls: 10_000, rate: 250, talk: 500 }
const steps = 10
const firstCounted = 2

export const memory: Bench = {
  name: 'memory',
  what: 'Memory of a call in talk',
  own: true,
  async run(options): Promise<Figures> {
    const ofBinding = await perBinding()
    const calls = await AcdWorld.run({ port: ports.world, agents, nodeArgs: options.nodeArgs }, (world) =>
      ofCalls(world, options.say),
    )
    return {
      value: calls.perActiveCall,
      unit: 'KB',
      details: {
        // Where it is dearer.
        bytesPerBindingAndProxy: Math.round(Math.max(ofBinding.taker, ofBinding.other)),
        bytesPerBindingAtItsTaker: Math.round(ofBinding.taker),
        bindings,
        activeCalls: calls.active,
        calls: steps * step.calls,
        failed: calls.failed,
        bytesKeptPerCall: Math.round(calls.keptPerCall),
      },
      ...(calls.failed > 0 && { invalid: 'calls failed' }),
    }
  },
}

async function ofCalls(world: AcdWorld, say: (text: string) => void) {
  const heap = new Heap(world.demo)
  let failed = 0
  const seen: number[] = []
  for (let at = 0; at < steps; at++) {
    failed += (await world.call(step)).failed
    const { heap: megabytes, external } = await heap.megabytes()
    seen.push(megabytes + external)
    say(`${(at + 1) * step.calls} calls, ${failed} failed, ${(megabytes + external).toFixed(1)} MB`)
  }
  const kept = (seen.at(-1) ?? 0) - (seen[firstCounted - 1] ?? 0)
  return {
    failed,
    keptPerCall: (kept * 2 ** 20) / ((steps - firstCounted) * step.calls),
    ...(await ofActiveCalls(world, heap)),
  }
}

/** Heap and buffers of calls in talk, when the transactions that began them are over. */
async function ofActiveCalls(world: AcdWorld, heap: Heap): Promise<{ active: number; perActiveCall: number }> {
  const without = await heap.atRest()
  const sipp = new Sipp(world.caller(lasting))
  await pause((lasting.calls / lasting.rate) * 1000 + transactionMs)
  const during = await heap.megabytes()
  const active = (await samples('calls_active')).reduce((sum, { value }) => sum + value, 0)
  await sipp.stop()
  const used = during.heap + during.external - without.heap - without.external
  return { active, perActiveCall: Number(((1024 * used) / active).toFixed(1)) }
}

/** Bytes at the proxy that takes the REGISTERs, and at the other that is told. */
async function perBinding(): Promise<{ taker: number; other: number }> {
  const dns = dnNumbers(bindings)
  const proxy2 = await startProxy('proxy2', ports.other, { dns, nodeArgs: heapArgs })
  const proxy1 = await startProxy('proxy1', ports.proxy, { dns, nodeArgs: heapArgs, proxies: [proxy2] })
  const node = await startNode({ dns, proxies: [proxy1, proxy2] })
  const phones = fork(built('registering-phones'))
  try {
    await once(phones, 'message')
    const heaps = [new Heap(proxy1), new Heap(proxy2)]
    const look = () => Promise.all(heaps.map((heap) => heap.megabytes()))
    const register = async (numbers: readonly string[]) => {
      const told: Registering = { proxy: ports.proxy, numbers, times: numbers.length, rate: 1_500, challenged: true }
      const answer = once(phones, 'message')
      phones.send(told)
      await answer
      await pause(transactionMs)
    }
    // Code is compiled and tables have grown when the first ones are there.
    await register(dns.slice(0, bindings / 2))
    const before = await look()
    await register(dns.slice(bindings / 2))
    const after = await look()
    const [taker = 0, other = 0] = after.map(
      ({ heap, external }, at) =>
        ((heap + external - (before[at]?.heap ?? 0) - (before[at]?.external ?? 0)) * 2 ** 20) / (bindings / 2),
    )
    return { taker, other }
  } finally {
    phones.kill()
    for (const one of [node, proxy1, proxy2]) await one.stop()
  }
}
