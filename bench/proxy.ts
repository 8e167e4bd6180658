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
const load = { warmUp: 5_000, calls: 4_000, rate: 400 }

type Measured = { readonly cpuPerCall: number; readonly memoryMB: number; readonly result: SippResult }

export const proxy: Bench = {
  name: 'proxy',
  what: 'CPU of a call through a transaction-stateful proxy',
  async run(): Promise<Figures> {
    const ours = await measured(startOurs)
    const kamailio = await measured(startKamailio)
    const { result } = ours
    return {
      value: ours.cpuPerCall,
      unit: 'CPU ms per call',
      peer: { name: 'Kamailio 5.6 tm+rr', value: kamailio.cpuPerCall },
      ratio: ours.cpuPerCall / kamailio.cpuPerCall,
      details: {
        calls: result.successful,
        failed: result.failed,
        retransmissions: result.retransmissions,
        peerFailed: kamailio.result.failed,
        peerRetransmissions: kamailio.result.retransmissions,
        offeredPerSecond: load.rate,
        memoryMB: ours.memoryMB,
      },
      ...(result.failed + kamailio.result.failed > 0 && { invalid: 'calls failed' }),
    }
  },
}

type Started = { readonly pid: number; stop(): Promise<void> }

async function measured(start: () => Promise<Started>): Promise<Measured> {
  const callee = new Sipp({ scenario: 'agent', port: ports.callee, timeout: 120 })
  const proxy = await start()
  try {
    await callers(load.warmUp)
    const before = cpuMs(proxy.pid)
    const result = await callers(load.calls)
    const cpuPerCall = (cpuMs(proxy.pid) - before) / load.calls
    return { cpuPerCall, memoryMB: peakMB(proxy.pid), result }
  } finally {
    await proxy.stop()
    await callee.stop()
  }
}

const callers = (calls: number): Promise<SippResult> =>
  Sipp.run({
    scenario: 'caller',
    remote: `${host}:${ports.proxy}`,
    port: ports.caller,
    calls,
    rate: load.rate,
    limit: 5_000,
    keys: { number: '8090' },
    timeout: 60,
    args: ['-d', '200'],
  })

async function startOurs(): Promise<Started> {
  const proxy = new PeerProcess('node', [built('sip-proxy'), String(ports.proxy)])
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

/** With the allocators it is fastest with: Debian's default is one for debugging. */
async function startKamailio(): Promise<Started> {
  const folder = temporaryFolder('kamailio-bench')
  const config = join(folder.path, 'kamailio.cfg')
  writeFileSync(config, script)
  const args = ['-f', config, '-DD', '-E', '-m', '256', '-M', '16', '-x', 'tlsf', '-X', 'fm']
  const kamailio = new PeerProcess('kamailio', [...args, '-Y', folder.path, '-w', folder.path])
  await kamailio.printed(/Listening on|udp:/i)
  const stop = async () => {
    await kamailio.stop('SIGTERM')
    folder.remove()
  }
  return { pid: kamailio.child.pid ?? 0, stop }
}
