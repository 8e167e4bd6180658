/** CPU per call of a SIP server that stands between SIPp, which calls, and SIPp, which answers. */
import { Sipp, type SippResult } from '../test/peers/sipp.ts'
import type { Figures } from './bench.ts'
import { host, type Started } from './cluster.ts'
import { cpuMs, peakMB } from './cpu.ts'
import { medianNumber } from './median.ts'

type Load = { readonly calls: number; readonly rate: number }

export type Course = {
  readonly ports: { readonly proxy: number; readonly caller: number; readonly callee: number }
  /** Called in turn. */
  readonly numbers: readonly string[]
  /** Until code is compiled: Node.js has done so for what is hot after some thousands of calls. */
  readonly warmUp: Load
  readonly load: Load
  /** The cost is the median of so many loads. */
  readonly counts: number
}

export type Cost = {
  readonly cpuPerCall: number
  readonly memoryMB: number
  readonly failed: number
  readonly retransmissions: number
  /** Of the warm-up. */
  readonly cold: SippResult
}

/** What SIPp asks the kernel for is too little for a burst: what it drops would count as a loss of the server. */
const sippArgs = ['-buff_size', String(4 * 1024 * 1024)]

export async function costOfCalls(course: Course, start: () => Promise<Started>): Promise<Cost> {
  const { ports, warmUp, load, counts } = course
  const callee = new Sipp({ scenario: 'agent', port: ports.callee, timeout: 120, args: sippArgs })
  const server = await start()
  try {
    const cold = await callers(course, warmUp)
    const costs: number[] = []
    let failed = 0
    let retransmissions = 0
    for (let count = 0; count < counts; count++) {
      const before = cpuMs(server.pid)
      const result = await callers(course, load)
      costs.push((cpuMs(server.pid) - before) / load.calls)
      failed += result.failed
      retransmissions += result.retransmissions
    }
    return { cpuPerCall: medianNumber(costs), memoryMB: peakMB(server.pid), failed, retransmissions, cold }
  } finally {
    await server.stop()
    await callee.stop()
  }
}

/** Ours beside the peer's. */
export function compared({ load, counts }: Course, ours: Cost, peer: { name: string; cost: Cost }): Figures {
  const failed = ours.failed + ours.cold.failed + peer.cost.failed
  return {
    value: ours.cpuPerCall,
    unit: 'CPU ms per call',
    peer: { name: peer.name, value: peer.cost.cpuPerCall },
    ratio: ours.cpuPerCall / peer.cost.cpuPerCall,
    details: {
      calls: counts * load.calls,
      failed: ours.failed,
      retransmissions: ours.retransmissions,
      coldFailed: ours.cold.failed,
      coldRetransmissions: ours.cold.retransmissions,
      peerFailed: peer.cost.failed,
      peerRetransmissions: peer.cost.retransmissions,
      offeredPerSecond: load.rate,
      memoryMB: ours.memoryMB,
    },
    ...(failed > 0 && { invalid: 'calls failed' }),
  }
}

const callers = ({ ports, numbers }: Course, { calls, rate }: Load): Promise<SippResult> =>
  Sipp.run({
    scenario: 'caller',
    remote: `${host}:${ports.proxy}`,
    port: ports.caller,
    calls,
    rate,
    limit: 5_000,
    lines: numbers,
    timeout: 60,
    args: ['-d', '200', ...sippArgs],
  })
