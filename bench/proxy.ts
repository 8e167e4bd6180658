/**
 * CPU per call of a SIP proxy that keeps transactions: SIPp calls through it, SIPp answers. Ours has the cluster's link
 * on the far side, as in production; Kamailio 5.6 (tm, rr) has UDP on both.
 */
import { PeerProcess } from '../test/peers/process.ts'
import type { Bench, Figures } from './bench.ts'
import { built, type Started, startProxy } from './cluster.ts'
import { type Course, compared, costOfCalls } from './cost-of-calls.ts'
import { kamailioName, startKamailio } from './kamailio.ts'

const ports = { proxy: 27_060, callee: 27_070, caller: 27_080 }
/** A busy proxy's rate: at a quarter of it cores sleep between messages, and most of both figures is their waking. */
const course: Course = {
  ports,
  numbers: ['8090'],
  warmUp: { calls: 10_000, rate: 1_000 },
  load: { calls: 12_000, rate: 4_000 },
  counts: 3,
}

export const proxy: Bench = {
  name: 'proxy',
  what: 'CPU of a call through a transaction-stateful proxy',
  async run({ nodeArgs }): Promise<Figures> {
    const ours = await costOfCalls(course, () => startOurs(nodeArgs))
    const kamailio = await costOfCalls(course, () => startKamailio(ports))
    return compared(course, ours, { name: kamailioName, cost: kamailio })
  },
}

async function startOurs(nodeArgs: readonly string[]): Promise<Started> {
  const proxy = await startProxy('proxy1', ports.proxy, { nodeArgs })
  const bridge = new PeerProcess('node', [
    built('node-bridge'),
    String(proxy.announced.link.port),
    String(ports.callee),
  ])
  await bridge.printed(/ready/)
  const stop = async () => {
    await bridge.stop()
    await proxy.stop()
  }
  return { pid: proxy.pid, stop }
}
