// The SIP Proxy with SIPp, sipsak and Kamailio over real sockets; a bridge at the end of a real link stands for the node.

import { Value } from 'typebox/value'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningSipProxy, sipProxy } from '#layers/voice/sip-proxy/component.ts'
import { Config } from '#layers/voice/sip-proxy/config.ts'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { keepLink } from '#platform/link/keep-link.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { type NodeRuntime, nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { fixedConfiguration } from '#protocols/model/client.ts'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { buildResponse } from '#protocols/sip/message/build-response.ts'
import { bracketed } from '#protocols/sip/message/headers/host.ts'
import { parseMessage } from '#protocols/sip/message/parse-message.ts'
import { Kamailio } from '../peers/kamailio.ts'
import { PeerProcess } from '../peers/process.ts'
import { Sipp } from '../peers/sipp.ts'
import { proves } from '../rig/interop/matrix.ts'
import { peerPorts } from '../rig/ports.ts'

const host = '127.0.0.1'
const callee = peerPorts.sipp
const caller = peerPorts.sipp + 10
const sbc = peerPorts.kamailio
const objects = configurationFrom({ dns: [{ number: '1001' }], trunks: [{ name: 'carrier', sources: [host, '::1'] }] })

describe('the SIP Proxy', () => {
  let runtime: NodeRuntime
  let coordination: InProcessCoordination
  let closing: (() => unknown)[]

  beforeEach(() => {
    runtime = nodeRuntime()
    coordination = new InProcessCoordination()
    closing = [() => runtime.close()]
  })

  afterEach(async () => {
    for (const close of closing.reverse()) await close()
  })

  /** A proxy on free ports with a node that is ready; gives the port where endpoints reach it. */
  async function proxy(name: string, at = host): Promise<number> {
    const given = { name, dc: 'dc1', listen: [{ host: at, port: 0 }], sharedKey: 'the key all proxies share' }
    const running: RunningSipProxy = await sipProxy({ configuration: fixedConfiguration(objects) }).start({
      runtime,
      coordination: coordination.member(runtime.clock),
      config: Value.Parse(Config, Value.Default(Config, given)),
      log: silentLog,
      metrics: noMetrics,
    })
    closing.push(() => running.stop())
    await node(running)
    return Number(/:(\d+)$/.exec(running.addresses.listen[0] ?? '')?.[1])
  }

  /** OPTIONS it answers, everything else it hands to SIPp over UDP, and back; resolves when it has answered once. */
  async function node(running: RunningSipProxy): Promise<void> {
    const udp = await runtime.net.udp({ host, port: 0 }, (bytes) => kept.link?.send(bytes))
    let ready = () => {}
    const answered = new Promise<void>((resolve) => {
      ready = resolve
    })
    const kept = keepLink({
      runtime,
      log: silentLog,
      hello: { kind: 'node-proxy', name: 'node1', dc: 'dc1', instance: 'bridge', epoch: 1 },
      locate: () => running.addresses.link,
      opened: (link) => ({
        frame(bytes) {
          const message = parseMessage(bytes)
          if (message.method !== 'OPTIONS') return udp.send(bytes, { host, port: callee })
          link.send(buildResponse(message, 200, { toTag: 'bridge' }).bytes)
          // The proxy has it at the end of this turn; the first call comes later.
          runtime.clock.turn(ready)
        },
        closed() {},
      }),
    })
    closing.push(() => kept.close())
    await answered
  }

  async function calls(to: number, args: readonly string[] = [], at = host) {
    const answering = new Sipp({ scenario: 'agent', port: callee, timeout: 100 })
    closing.push(() => answering.stop())
    const load = { calls: 50, rate: 20, timeout: 60, lines: ['8090'] }
    return Sipp.run({
      scenario: 'caller',
      host: at,
      remote: `${bracketed(at)}:${to}`,
      port: caller,
      ...load,
      args: ['-d', '200', ...args],
    })
  }

  async function carries(at: string, args: readonly string[]) {
    const port = await proxy('proxy1', at)

    const { successful, failed, output } = await calls(port, args, at)

    expect({ successful, failed }, output).toEqual({ successful: 50, failed: 0 })
  }
  const transports = [
    ['UDP', []],
    ['TCP', ['-t', 't1']],
  ] as const

  it.each(transports)(
    'carries calls of SIPp over %s from INVITE to BYE, all by its Record-Route',
    proves('SIPp', 'call'),
    (_transport, args) => carries(host, args),
  )

  it.each(transports)(
    'carries calls of SIPp over %s and IPv6 in the same way',
    proves('SIPp', 'call', 'IPv6'),
    (_transport, args) => carries('::1', args),
  )

  it('stands behind Kamailio, which stays in the path and takes two proxies in turn', async () => {
    const proxies = [await proxy('proxy1'), await proxy('proxy2')].map((port) => `${host}:${port}`)
    const kamailio = await Kamailio.sbc({ port: sbc, proxies })
    closing.push(() => kamailio.stop())

    const { successful, failed, output } = await calls(sbc)

    expect({ successful, failed }, output + kamailio.log()).toEqual({ successful: 50, failed: 0 })
  })

  it('answers the OPTIONS of sipsak', async () => {
    const port = await proxy('proxy1')

    const sipsak = new PeerProcess('sipsak', ['-v', '-s', `sip:${host}:${port}`])
    const code = await sipsak.ended()

    expect(code, sipsak.tail()).toBe(0)
  })
})
