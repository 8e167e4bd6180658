import { describe, expect, it } from 'vitest'
import { millisecondsOf } from '#platform/time.ts'
import { type CertificateRequest, issueCertificate } from '#platform/tls/issue-certificate.ts'
import { configurationFrom } from '#protocols/model/configuration.ts'
import { ProxyWorld, registerText, requestText } from '#simulation/proxy-world.ts'

/** When a world begins. */
const begin = millisecondsOf('2026-01-01T00:00:00Z')
const day = 86_400_000

const issue = (request: Partial<CertificateRequest> = {}) =>
  issueCertificate({ commonName: 'test', validFrom: begin - day, validTo: begin + 90 * day, ...request })

const objects = configurationFrom({
  trunks: [{ name: 'provider', transport: 'tls', destination: 'provider.example', sources: [] }],
})

async function setUp(tls: ReturnType<typeof issue> & { authorities?: string } = issue()) {
  const cluster = new ProxyWorld(1, objects)
  const proxy = await cluster.proxy('proxy1', '10.0.0.1', { tls })
  const node = await cluster.node('node1', proxy)
  const trusting = { ...issue(), authorities: tls.certificate }
  return { cluster, world: cluster.world, proxy, node, tls, trusting }
}

describe('SIP Proxy over TLS', () => {
  it('registers a phone, and sends it calls over the connection it opened (RFC 5626 §5.3)', async () => {
    const { cluster, world, proxy, node, trusting } = await setUp()
    const phone = await cluster.tls('phone', proxy, trusting)

    phone.say(registerText('1001', { transport: 'TLS' }))
    await world.run(10)
    node.answer(node.requests('REGISTER')[0], 200, [['Contact', '<sip:1001@10.0.1.1:5060;transport=tls>;expires=60']])
    await world.run(10)
    node.say(requestText('INVITE', { uri: 'sip:1001@ringmain', at: 'node1.dc1', transport: 'TCP', callID: 'c1' }))
    await world.run(10)

    expect(phone.statuses('REGISTER')).toEqual([200])
    const invite = phone.requests('INVITE')[0]
    expect(invite?.header('Via')).toMatch(/^SIP\/2\.0\/TLS 10\.0\.0\.1:5061;/)
    expect(invite?.header('Record-Route')).toMatch(/^<sip:10\.0\.0\.1:5061;transport=tls;lr;/)
  })

  it('tells the node whom the certificate of the other side speaks for, where it can be believed (RFC 5922)', async () => {
    const authority = issue({ commonName: 'authority', authority: true })
    const issuer = { commonName: 'authority', key: authority.key }
    const { cluster, world, proxy, node, trusting } = await setUp({ ...issue(), authorities: authority.certificate })
    const { authorities } = trusting
    const carrier = { ...issue({ uris: ['sip:carrier.example', 'sip:x@other.example'], issuer }), authorities }
    const provider = { ...issue({ names: ['provider.example'], issuer }), authorities }
    const stranger = { ...issue({ uris: ['sip:provider.example'] }), authorities }

    for (const [name, pem] of Object.entries({ carrier, provider, stranger })) {
      const peer = await cluster.tls(name, proxy, pem)
      peer.say(requestText('INVITE', { callID: name, transport: 'TLS' }))
    }
    await world.run(10)

    const told = (callID: string) =>
      node
        .requests('INVITE')
        .find((invite) => invite.callID === callID)
        ?.header('X-Ringmain-Source')
    expect(told('carrier')).toMatch(/^endpoint;address=127\.0\.0\.1:\d+;certificate=carrier\.example$/)
    // A trunk of that very domain is known by it alone.
    expect(told('provider')).toMatch(/^trunk=provider;address=127\.0\.0\.1:\d+;certificate=provider\.example$/)
    expect(told('stranger')).toMatch(/^endpoint;address=127\.0\.0\.1:\d+$/)
  })

  it('shows a new certificate to the next connection without a restart, and keeps the old one while the new is bad', async () => {
    const { cluster, world, proxy, tls, trusting } = await setUp()
    const next = issue()
    const old = await cluster.tls('old', proxy, trusting)

    await cluster.putCertificate('proxy1', { certificate: next.certificate, key: tls.key })
    await world.run(31_000)
    const faults = proxy.running.health().reasons
    const meanwhile = await cluster.tls('meanwhile', proxy, trusting)
    await cluster.putCertificate('proxy1', next)
    await world.run(30_000)
    const renewed = await cluster.tls('renewed', proxy, { ...issue(), authorities: next.certificate })
    old.say(requestText('OPTIONS', { uri: 'sip:10.0.0.1', transport: 'TLS' }))
    renewed.say(requestText('OPTIONS', { uri: 'sip:10.0.0.1', transport: 'TLS' }))
    await world.run(10)

    expect(faults).toEqual([
      'no TLS with tls/certificate.pem: the key is not that of the certificate; the one before is shown',
    ])
    expect(proxy.running.health().reasons).toEqual([])
    expect(meanwhile.closed).toBe(false)
    expect(renewed.statuses('OPTIONS')).toEqual([200])
    await expect(cluster.tls('late', proxy, trusting)).rejects.toThrow('self-signed certificate')
  })

  it('announces each port so that pages can tell them apart', async () => {
    const { proxy } = await setUp()

    expect(proxy.running.addresses.listen).toEqual([
      'sip:10.0.0.1:5060',
      'sip:10.0.0.1:5060;transport=tcp',
      'sip:10.0.0.1:5061;transport=tls',
      'sip:10.0.0.1:5062;transport=ws',
      'sips:10.0.0.1:5063;transport=ws',
    ])
  })

  it('goes on with a certificate that has expired, and says what helps', async () => {
    const { proxy } = await setUp(issue({ validTo: begin - 1000 }))

    expect(proxy.running.health()).toEqual({
      status: 'degraded',
      reasons: [
        'the certificate tls/certificate.pem expired on 2025-12-31T23:59:59.000Z: put a new one there, it is read within 30 s',
      ],
    })
  })

  it.each([
    ['no certificate is named', { listen: [{ host: '10.0.0.1', port: 5061, transports: ['tls' as const] }] }, /"tls"$/],
    ['its files are no certificate', { tls: { certificate: 'x', key: 'y' } }, /tls\/certificate.pem: there is no cert/],
  ])('does not start where %s, says why, and leaves nothing open', async (_what, options, reason) => {
    const cluster = new ProxyWorld()

    await expect(cluster.proxy('proxy1', '10.0.0.1', options)).rejects.toThrow(reason)
    await expect(cluster.proxy('proxy1', '10.0.0.1')).resolves.toBeDefined()
  })

  it('drops and counts a handshake that is none, or does not end', async () => {
    const { cluster, world, proxy } = await setUp()
    const securely = { ...proxy, sip: { ...proxy.sip, port: 5061 } }

    const plain = await cluster.tcp('plain', securely)
    plain.say(requestText('OPTIONS', { uri: 'sip:10.0.0.1', transport: 'TCP' }))
    const silent = await cluster.tcp('silent', securely)
    await world.run(100)
    const early = await proxy.dropped('handshake')
    await world.run(10_000)

    expect([plain.closed, early]).toEqual([true, 1])
    expect([silent.closed, await proxy.dropped('handshake')]).toEqual([true, 2])
  })
})
