/**
 * CPU per call of a SIP proxy that keeps transactions: SIPp calls through it, SIPp answers. Ours has the cluster's link
 * on the far side, as in production; Kamailio 5.6 (tm, rr) has UDP on both.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PeerProcess, temporaryFolder } from '../test/peers/process.ts'
import { Sipp, type SippResult } from '../test/peers/sipp.ts'
import type { Bench, Figures } from './bench.ts'
import { cpuMs, peakMB } from './cpu.ts'

const host = '127.0.0.1'
const ports = { proxy: 27_060, callee: 27_070, caller: 27_080 }
/**
 * A busy proxy's rate: at a quarter of it cores sleep between messages, and most of both figures is their waking. Node.js
 * has compiled what is hot after some thousands of calls.
 */
const load: Load = { calls: 12_000, rate: 4_000 }
const warmUp: Load = { calls: 10_000, rate: 1_000 }
/** The median of so many counts. */
const counts = 3
/** What SIPp asks the kernel for is too little for a burst: what it drops would count as the proxy's loss. */
const sippArgs = ['-buff_size', String(4 * 1024 * 1024)]

type Load = { readonly calls: number; readonly rate: number }

type Measured = {
  readonly cpuPerCall: number
  readonly memoryMB: number
  readonly failed: number
  readonly retransmissions: number
  /** Of the warm-up. */
  readonly cold: SippResult
}

export const proxy: Bench = {
  name: 'proxy',
  what: 'CPU of a call through a transaction-stateful proxy',
  async run({ nodeArgs }): Promise<Figures> {
    const ours = await measured(() => startOurs(nodeArgs))
    const kamailio = await measured(startKamailio)
    const failed = ours.failed + ours.cold.failed
    return {
      value: ours.cpuPerCall,
      unit: 'CPU ms per call',
      peer: { name: 'Kamailio 5.6 tm+rr', value: kamailio.cpuPerCall },
      ratio: ours.cpuPerCall / kamailio.cpuPerCall,
      details: {
        calls: counts * load.calls,
        failed: ours.failed,
        retransmissions: ours.retransmissions,
        coldFailed: ours.cold.failed,
        coldRetransmissions: ours.cold.retransmissions,
        peerFailed: kamailio.failed,
        peerRetransmissions: kamailio.retransmissions,
        offeredPerSecond: load.rate,
        memoryMB: ours.memoryMB,
      },
      ...(failed + kamailio.failed > 0 && { invalid: 'calls failed' }),
    }
  },
}

type Started = { readonly pid: number; stop(): Promise<void> }

async function measured(start: () => Promise<Started>): Promise<Measured> {
  const callee = new Sipp({ scenario: 'agent', port: ports.callee, timeout: 120, args: sippArgs })
  const proxy = await start()
  try {
    const cold = await callers(warmUp)
    const costs: number[] = []
    let failed = 0
    let retransmissions = 0
    for (let count = 0; count < counts; count++) {
      const before = cpuMs(proxy.pid)
      const result = await callers(load)
      costs.push((cpuMs(proxy.pid) - before) / load.calls)
      failed += result.failed
      retransmissions += result.retransmissions
    }
    return { cpuPerCall: median(costs), memoryMB: peakMB(proxy.pid), failed, retransmissions, cold }
  } finally {
    await proxy.stop()
    await callee.stop()
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN

const callers = ({ calls, rate }: Load): Promise<SippResult> =>
  Sipp.run({
    scenario: 'caller',
    remote: `${host}:${ports.proxy}`,
    port: ports.caller,
    calls,
    rate,
    limit: 5_000,
    keys: { number: '8090' },
    timeout: 60,
    args: ['-d', '200', ...sippArgs],
  })

async function startOurs(nodeArgs: readonly string[]): Promise<Started> {
  const proxy = new PeerProcess('node', [...nodeArgs, built('sip-proxy'), String(ports.proxy)])
  const [, linkPort = ''] = await proxy.printed(/ready (\d+)/)
  const bridge = new PeerProcess('node', [built('node-bridge'), linkPort, String(ports.callee)])
  await bridge.printed(/ready/)
  const stop = async () => {
    await bridge.stop()
    await proxy.stop('SIGTERM')
  }
  return { pid: proxy.child.pid ?? 0, stop }
}

const built = (name: string) => join(import.meta.dirname, 'processes', `${name}.js`)

const script = `
listen=udp:${host}:${ports.proxy}
log_stderror=yes
debug=1
children=1
auto_aliases=no
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
request_route {
  if (has_totag()) {
    loose_route();
    t_relay();
    exit;
  }
  if (is_method("CANCEL")) {
    if (t_check_trans()) t_relay();
    exit;
  }
  record_route();
  $du = "sip:${host}:${ports.callee}";
  t_relay();
}
`

/**
 * With the allocators it is fastest with (Debian's default is one for debugging), and memory for the transactions of the
 * last five seconds at this rate.
 */
async function startKamailio(): Promise<Started> {
  const folder = temporaryFolder('kamailio-bench')
  const config = join(folder.path, 'kamailio.cfg')
  writeFileSync(config, script)
  const args = ['-f', config, '-DD', '-E', '-m', '2048', '-M', '16', '-x', 'tlsf', '-X', 'fm']
  const kamailio = new PeerProcess('kamailio', [...args, '-Y', folder.path, '-w', folder.path])
  await kamailio.printed(/Listening on|udp:/i)
  const stop = async () => {
    await kamailio.stop('SIGTERM')
    folder.remove()
  }
  return { pid: kamailio.child.pid ?? 0, stop }
}
