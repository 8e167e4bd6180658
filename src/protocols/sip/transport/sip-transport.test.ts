import { describe, expect, it } from 'vitest'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { AddressInUse } from '#platform/runtime/errors.ts'
import type { Connection, Runtime } from '#platform/runtime/runtime.ts'
import { type CertificateRequest, issueCertificate } from '#platform/tls/issue-certificate.ts'
import { World } from '#simulation/world.ts'
import { openToAll } from './guard.ts'
import { defaultTransportLimits } from './limits.ts'
import { SipTransport, type SipTransportOptions } from './sip-transport.ts'
import type { Protocol } from './transport.ts'

const host = '10.0.0.1'

async function setUp(options: Partial<SipTransportOptions> = {}) {
  const world = new World()
  const runtime = world.host('here')
  const transport = new SipTransport({ runtime, log: silentLog, metrics: noMetrics, ...options })
  const takeTcp = (port: number) => world.complete(runtime.net.listen({ host, port }, () => {}))
  return { world, runtime, transport, takeTcp }
}

/** The port that UDP is given next. */
async function nextFree(world: World, { net }: Runtime): Promise<number> {
  const port = await world.complete(net.udp({ host, port: 0 }, () => {}))
  await world.complete(port.close())
  return port.local.port
}

const hello = Buffer.from('OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n')
const certify = (request: Partial<CertificateRequest>) =>
  issueCertificate({ commonName: 'test', validFrom: 0, validTo: 4_000_000_000_000, ...request })

/** A SIP server over TLS at 10.0.0.2:5061, and one who believes its certificate. */
async function overTls(request: Partial<CertificateRequest>) {
  const { world, runtime, transport } = await setUp()
  const there = world.host('there')
  const server = new SipTransport({ runtime: there, log: silentLog, metrics: noMetrics })
  const shown = certify(request)
  server.show(there.net.credentials(shown))
  await world.complete(server.listen('TLS', { host: '10.0.0.2', port: 5061 }))
  transport.show(runtime.net.credentials({ ...certify({}), authorities: shown.certificate }))
  const faults: string[] = []
  const send = (domain?: string) => {
    const hop = { protocol: 'TLS' as const, host: '10.0.0.2', port: 5061, ...(domain && { domain }) }
    transport.send(hello, hop, (error) => faults.push(error.message))
  }
  return { world, server, send, faults }
}

describe('SIP transport', () => {
  it('takes another free port where the one UDP was given is not free for TCP', async () => {
    const { world, runtime, transport, takeTcp } = await setUp()
    const free = await nextFree(world, runtime)
    for (let port = free; port < free + 5; port++) await takeTcp(port)

    const local = await world.complete(transport.listenBoth({ host, port: 0 }))

    expect(local.port).toBeGreaterThan(0)
    expect(transport.sentBy({ protocol: 'TCP', host: '10.0.0.9', port: 5060 }).port).toBe(local.port)
    expect(transport.sentBy({ protocol: 'UDP', host: '10.0.0.9', port: 5060 }).port).toBe(local.port)
  })

  it('does not move from a port that was named, and leaves it free for UDP', async () => {
    const { world, runtime, transport, takeTcp } = await setUp()
    await takeTcp(5060)

    await expect(world.complete(transport.listenBoth({ host, port: 5060 }))).rejects.toThrow(AddressInUse)

    const port = await world.complete(runtime.net.udp({ host, port: 5060 }, () => {}))
    expect(port.local.port).toBe(5060)
  })

  it.each([
    ['the domain that was looked up', { uris: ['sip:carrier.example'] }, 'Carrier.example', ''],
    ['a DNS name where there is no SIP URI', { names: ['carrier.example'] }, 'carrier.example', ''],
    ['the address where nothing was looked up', { addresses: ['10.0.0.2'] }, undefined, ''],
    ['another domain', { uris: ['sip:other.example'], names: ['carrier.example'] }, 'carrier.example', 'does not name'],
    ['all names at once, which SIP forbids', { names: ['*.example'] }, 'carrier.example', 'does not name'],
    ['no address where nothing was looked up', { names: ['carrier.example'] }, undefined, 'does not name'],
  ])(
    'sends over TLS to a server whose certificate has %s, or does not (RFC 5922 §7)',
    async (_, request, domain, why) => {
      const { world, server, send, faults } = await overTls(request)

      send(domain)
      send(domain)
      await world.run(100)

      expect(faults).toHaveLength(why === '' ? 0 : 2)
      for (const fault of faults) expect(fault).toContain(why)
      // Both on one connection.
      expect(server.connections).toBe(why === '' ? 1 : 0)
    },
  )

  it('answers STUN over UDP with the address it came from, and nothing else that begins like it (RFC 5626 §3.5.2)', async () => {
    const { world, transport } = await setUp()
    await world.complete(transport.listenUdp({ host, port: 5060 }))
    const heard: string[] = []
    const phone = world
      .host('phone')
      .net.udp({ host: '10.0.1.1', port: 5070 }, (bytes) => heard.push(bytes.toString('hex')))
    const port = await world.complete(phone)
    const request = '000100002112a442000102030405060708090a0b'

    for (const hex of [
      request,
      request.replace('0001', '0101'),
      request.replace('2112', '2113'),
      '0001',
      `${request}ff`,
    ])
      port.send(Buffer.from(hex, 'hex'), { host, port: 5060 })
    await world.run(100)

    // 5070 and 10.0.1.1, each with the cookie (RFC 5389 §15.2).
    expect(heard).toEqual([`0101000c2112a442000102030405060708090a0b00200008000132dc2b12a543`])
  })

  const there = { protocol: 'TCP' as const, host: '10.0.0.2', port: 5060 }

  it('leaves a fifth of all connections to trunks, and to those that it opens itself', async () => {
    let isStranger = true
    const guard = { ...openToAll, limits: () => isStranger }
    const { world, transport } = await setUp({ guard, limits: { ...defaultTransportLimits, connections: 10 } })
    const server = new SipTransport({ runtime: world.host('there'), log: silentLog, metrics: noMetrics })
    await world.complete(server.listen('TCP', there))
    await world.complete(transport.listen('TCP', { host, port: 5060 }))
    const connect = async (count: number) => {
      const { net } = world.host('peer')
      for (let n = 0; n < count; n++) await world.complete(net.connect({ host, port: 5060 }))
      return transport.connections
    }

    const strangers = await connect(20)
    isStranger = false
    const trunks = await connect(1)
    transport.send(hello, there)
    await world.run(100)

    expect([strangers, trunks, transport.connections]).toEqual([8, 9, 10])
  })

  describe('a connection that we opened', () => {
    it('is pinged, and kept as long as it is answered; used no more when it is not, and made anew (RFC 5626 §4.4.1)', async () => {
      const { world, transport } = await setUp()
      const server = new SipTransport({ runtime: world.host('there'), log: silentLog, metrics: noMetrics })
      await world.complete(server.listen('TCP', there))
      const lost: string[] = []
      transport.whenLost(({ host: at, port }) => lost.push(`${at}:${port}`))
      transport.send(hello, there)

      await world.run(600_000)
      const kept = [transport.connections, lost.length]
      world.links.partition(['here'], ['there'])
      await world.run(130_000)
      const broken = transport.connections
      world.links.heal(['here'], ['there'])
      transport.send(hello, there)
      await world.run(1_000)

      expect(kept).toEqual([1, 0])
      expect(broken).toBe(0)
      expect(lost).toEqual(['10.0.0.2:5060'])
      expect(transport.connections).toBe(1)
    })

    it('answers pings of its peer, and takes them for no pongs: whoever pings himself need not know ours', async () => {
      const { world, transport } = await setUp()
      let pongs = 0
      const runtime = world.host('there')
      const accept = (connection: Connection) => {
        connection.receive(
          (bytes) => (pongs += bytes.toString() === '\r\n' ? 1 : 0),
          () => {},
        )
        for (const seconds of [97, 103, 118])
          runtime.clock.after(seconds * 1_000, () => connection.write(Buffer.from('\r\n\r\n')))
      }
      await world.complete(runtime.net.listen(there, accept))
      transport.send(hello, there)

      await world.run(360_000)

      expect([pongs, transport.connections]).toEqual([3, 1])
    })

    it('is kept where pings are never answered: not every server knows them', async () => {
      const { world, transport } = await setUp()
      const heard: string[] = []
      const accept = (connection: Connection) =>
        connection.receive(
          (bytes) => heard.push(bytes.toString()),
          () => heard.push('closed'),
        )
      await world.complete(world.host('there').net.listen(there, accept))
      transport.send(hello, there)

      await world.run(360_000)

      expect(heard).toEqual([hello.toString(), ...Array(3).fill('\r\n\r\n')])
      expect(transport.connections).toBe(1)
    })

    it('is closed when nothing was sent on it for an hour, though pings are answered', async () => {
      const { world, transport } = await setUp()
      const server = new SipTransport({ runtime: world.host('there'), log: silentLog, metrics: noMetrics })
      await world.complete(server.listen('TCP', there))
      transport.send(hello, there)

      await world.run(3_540_000)
      const before = transport.connections
      await world.run(120_000)

      expect([before, transport.connections]).toEqual([1, 0])
    })
  })

  it('names to each the port that it is reached by, or the next best', async () => {
    const { world, transport } = await setUp()
    for (const [protocol, port] of Object.entries({ TCP: 5060, TLS: 5061, WSS: 5063 } as const))
      await world.complete(transport.listen(protocol as 'TCP', { host, port }))
    await world.complete(transport.listen('TLS', { host: '2001:db8::1', port: 5061 }))
    const named = (protocol: Protocol, to: string) => transport.sentBy({ protocol, host: to, port: 1 })

    expect(named('TLS', '10.0.0.9')).toEqual({ protocol: 'TLS', host, port: 5061 })
    expect(named('WSS', '10.0.0.9').port).toBe(5063)
    expect(named('UDP', '10.0.0.9')).toEqual({ protocol: 'UDP', host, port: 5060 })
    expect(named('TCP', '2001:db8::9')).toEqual({ protocol: 'TCP', host: '2001:db8::1', port: 5061 })
    expect(named('TLS', '10.0.0.9')).toBe(named('TLS', '10.0.0.8'))
  })
})
