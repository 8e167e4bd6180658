// Locating SIP servers (RFC 3263) with dnsmasq as the name server and SIPp as the servers it names.
import { Value } from 'typebox/value'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sipProxy } from '#layers/voice/sip-proxy/component.ts'
import { Config } from '#layers/voice/sip-proxy/config.ts'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { keepLink } from '#platform/link/keep-link.ts'
import type { Link } from '#platform/link/link.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { NameServersFailed } from '#platform/runtime/errors.ts'
import { type NodeRuntime, nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { fixedConfiguration } from '#protocols/model/client.ts'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { buildRequest } from '#protocols/sip/message/build-request.ts'
import { buildResponse } from '#protocols/sip/message/build-response.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { parseMessage } from '#protocols/sip/message/parse-message.ts'
import { Dnsmasq } from '../peers/dnsmasq.ts'
import { Sipp } from '../peers/sipp.ts'
import { peerPorts } from '../rig/ports.ts'

const host = '127.0.0.1'
const good = peerPorts.sipp
const refusing = peerPorts.sipp + 10
const nobody = peerPorts.sipp + 20

describe('locating SIP servers by a real name server', () => {
  let runtime: NodeRuntime
  let dnsmasq: Dnsmasq
  let closing: (() => unknown)[]

  beforeEach(async () => {
    dnsmasq = await Dnsmasq.start({
      port: peerPorts.dnsmasq,
      hosts: [
        ['a.carrier.example', host],
        ['plain.example', host],
      ],
      services: [
        ['_sip._udp.carrier.example', 'a.carrier.example', refusing, 10, 0],
        ['_sip._udp.carrier.example', 'a.carrier.example', good, 20, 0],
        ['_sip._tcp.stream.example', 'a.carrier.example', nobody, 10, 0],
        ['_sip._tcp.stream.example', 'a.carrier.example', good, 20, 0],
        ['_sip._udp.stream.example', 'a.carrier.example', nobody, 20, 0],
      ],
      pointers: [
        ['stream.example', 20, 10, 's', 'SIP+D2U', '_sip._udp.stream.example'],
        ['stream.example', 10, 10, 's', 'SIP+D2T', '_sip._tcp.stream.example'],
      ],
    })
    runtime = nodeRuntime({ nameServers: [`${host}:${peerPorts.dnsmasq}`] })
    closing = [() => dnsmasq.stop(), () => runtime.close()]
  })

  afterEach(async () => {
    for (const close of closing.reverse()) await close()
  })

  /** A proxy and a node at its link; sends an INVITE and resolves with its final response. */
  async function node(): Promise<(uri: string) => Promise<Message>> {
    const given = { name: 'proxy1', dc: 'dc1', listen: [{ host, port: 0 }], sharedKey: 'the key all proxies share' }
    const proxy = await sipProxy({ configuration: fixedConfiguration(configurationFrom({})) }).start({
      runtime,
      coordination: new InProcessCoordination().member(runtime.clock),
      config: Value.Parse(Config, Value.Default(Config, given)),
      log: silentLog,
      metrics: noMetrics,
    })
    closing.push(() => proxy.stop())
    const waiting = new Map<string, (response: Message) => void>()
    const link = await new Promise<Link>((resolve) => {
      const kept = keepLink({
        runtime,
        log: silentLog,
        hello: { kind: 'node-proxy', name: 'node1', dc: 'dc1', instance: 'test', epoch: 1 },
        locate: () => proxy.addresses.link,
        opened: (opened) => {
          resolve(opened)
          return {
            frame(bytes) {
              const message = parseMessage(bytes)
              if (message.method === 'OPTIONS') opened.send(buildResponse(message, 200, { toTag: 'test' }).bytes)
              else if (message.status >= 200) waiting.get(message.callID)?.(message)
            },
            closed() {},
          }
        },
      })
      closing.push(() => kept.close())
    })
    return (uri) =>
      new Promise((resolve) => {
        const callID = runtime.random.hex(8)
        waiting.set(callID, resolve)
        const contact = '<sip:c@node1.dc1>'
        const parts = { method: 'INVITE', requestURI: uri, from: '<sip:c@ringmain>;tag=c', to: `<${uri}>`, callID }
        const draft = buildRequest({ ...parts, cseq: 1, contact })
        link.send(draft.finish(`SIP/2.0/TCP node1.dc1;branch=z9hG4bK${callID}`).bytes)
      })
  }

  const answering = (scenario: string, port: number, args: readonly string[] = []) => {
    const sipp = new Sipp({ scenario, port, timeout: 60, args })
    closing.push(() => sipp.stop())
  }

  it('goes to the second server of the SRV records when the first answers 503 (RFC 3263 §4.3)', async () => {
    answering('carrier-503', refusing)
    answering('agent', good)
    const invite = await node()

    const response = await invite('sip:1@carrier.example')

    expect(response.status).toBe(200)
    expect(response.header('Contact')).toContain(`:${good}`)
    expect(dnsmasq.asked).toContain('SRV _sip._udp.carrier.example')
  })

  it('takes the transport that NAPTR prefers, and the next server where nobody listens', async () => {
    answering('agent', good, ['-t', 't1'])
    const invite = await node()

    const response = await invite('sip:1@stream.example')

    expect(response.status).toBe(200)
    expect(response.header('Contact')).toContain(`:${good};transport=TCP`)
  })

  it('asks for nothing but addresses where a port is named, and asks once for two calls', async () => {
    answering('agent', good)
    const invite = await node()

    const first = await invite(`sip:1@plain.example:${good}`)
    const second = await invite(`sip:2@plain.example:${good}`)

    expect([first.status, second.status]).toEqual([200, 200])
    expect(dnsmasq.asked).toEqual(['A plain.example'])
  })

  it('answers 503 for a name that is not there', async () => {
    const invite = await node()

    expect((await invite('sip:1@nobody.example')).status).toBe(503)
  })

  it('tells records as they are, none for what is not there, and how long addresses are good', async () => {
    const { dns } = runtime

    expect(await dns.query('a.carrier.example', 'A')).toEqual({ records: [host], ttl: 60 })
    expect(await dns.query('a.carrier.example', 'AAAA')).toEqual({ records: [], ttl: undefined })
    expect(await dns.query('nobody.example', 'A')).toEqual({ records: [], ttl: undefined })
    expect((await dns.query('stream.example', 'NAPTR')).records).toContainEqual(
      expect.objectContaining({ service: 'SIP+D2T', flags: 's', replacement: '_sip._tcp.stream.example' }),
    )
  })

  it('says so where the name server is not there', async () => {
    await dnsmasq.stop()

    await expect(runtime.dns.query('a.carrier.example', 'A')).rejects.toThrow(NameServersFailed)
  })
})
