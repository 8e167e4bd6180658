/**
 * CPU per call of a SIP Server node: SIPp calls a DN, whose phone is SIPp, and a T-Library client of a pool reads the
 * events from the spool and acknowledges them. The proxy between them and the node is another process. Kamailio 5.6
 * (tm, rr) is a mere proxy and tells nobody.
 */
import { silentLog } from '#platform/log/log.ts'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { connectTLib } from '#protocols/tlib/client.ts'
import type { Bench, Figures } from './bench.ts'
import { dnNumbers, type Started, type StartedNode, startNode, startProxy } from './cluster.ts'
import { type Course, compared, costOfCalls } from './cost-of-calls.ts'
import { kamailioName, startKamailio } from './kamailio.ts'
import { registerPhones } from './register-phones.ts'

const ports = { proxy: 27_160, callee: 27_170, caller: 27_180, registering: 27_190 }
/** A DN has one call at a time: as many as come in somewhat more than the second a call takes. */
const dns = dnNumbers(2_000)
const course: Course = {
  ports,
  numbers: dns,
  warmUp: { calls: 8_000, rate: 800 },
  load: { calls: 6_000, rate: 1_500 },
  counts: 3,
}
/** T-events are acknowledged so many at a time, as after a commit. */
const batch = 500

export const b2bua: Bench = {
  name: 'b2bua',
  what: 'CPU of a direct call through a SIP Server node, T-events included',
  async run({ nodeArgs }): Promise<Figures> {
    let told = 0
    const ours = await costOfCalls(course, async () => {
      const cluster = await startOurs(nodeArgs, () => {
        told += 1
      })
      return cluster
    })
    const kamailio = await costOfCalls(course, () => startKamailio(ports))
    const figures = compared(course, ours, { name: kamailioName, cost: kamailio })
    const calls = course.warmUp.calls + course.counts * course.load.calls
    return { ...figures, details: { ...figures.details, eventsPerCall: Number((told / calls).toFixed(1)) } }
  },
}

async function startOurs(nodeArgs: readonly string[], told: () => void): Promise<Started> {
  const proxy = await startProxy('proxy1', ports.proxy, { dns })
  const node = await startNode({ dns, proxies: [proxy], nodeArgs })
  const reader = readEvents(node, told)
  const stop = async () => {
    await reader.stop()
    await node.stop()
    await proxy.stop()
  }
  try {
    await registerPhones({ proxy: ports.proxy, port: ports.registering, contact: ports.callee, dns })
  } catch (error) {
    await stop()
    throw error
  }
  return { pid: node.pid, stop }
}

/** As a concentrator does. */
function readEvents({ announced }: StartedNode, told: () => void): { stop(): Promise<void> } {
  const runtime = nodeRuntime()
  let unacknowledged = 0
  const client = connectTLib({
    runtime,
    log: silentLog,
    locate: () => announced.tlib.interactionProxy,
    applicationName: 'bench',
    pool: 'bench',
    event: (_event, { position }) => {
      if (position === undefined) return
      told()
      unacknowledged += 1
      if (unacknowledged < batch) return
      unacknowledged = 0
      client.request({ name: 'RequestAcknowledge', position: position + 1 })
    },
  })
  return {
    async stop() {
      client.close()
      await runtime.close()
    },
  }
}
