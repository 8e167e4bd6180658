import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer, type Server } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { type CertificateRequest, issueCertificate } from '#platform/tls/issue-certificate.ts'
import { configurationFrom } from '#protocols/model/configuration.ts'
import type { Finding } from './doctor-command.ts'
import { writtenServer } from './written-server.fixture.ts'

const { answers, client, directory } = writtenServer()
const since = '2026-01-01T00:00:00.000Z'
const day = 86_400_000

const issue = (request: Partial<CertificateRequest>) =>
  issueCertificate({ commonName: 'test', validFrom: Date.now() - day, validTo: Date.now() + day, ...request })

describe('ringmain doctor on a trunk over TLS', () => {
  const carriers: Server[] = []
  afterEach(() => {
    for (const carrier of carriers.splice(0)) carrier.close()
    rmSync(join(directory, 'tls'), { recursive: true })
  })

  /** Of the carrier at `sip.example`, who calls from `carrier.example` and shows such a certificate. */
  async function finding(names: Partial<CertificateRequest>, isBelieved = true): Promise<Finding | undefined> {
    const { certificate: cert, key } = issue(names)
    const carrier = createServer({ cert, key }, (socket) => socket.on('error', () => {}))
    carriers.push(carrier)
    await new Promise<void>((resolve) => carrier.listen(0, '127.0.0.1', resolve))
    putCertificates(isBelieved ? cert : undefined)
    answer(`127.0.0.1:${(carrier.address() as AddressInfo).port}`)
    const { out } = await client('doctor --trunk carrier --json')
    return (JSON.parse(out) as Finding[]).find(({ check }) => check === 'certificate (TLS)')
  }

  /** As the proxies have them: their own, and whom they believe. */
  function putCertificates(authorities: string | undefined) {
    const own = issue({ names: ['ringmain'] })
    const files = { 'certificate.pem': own.certificate, 'key.pem': own.key, 'authorities.pem': authorities }
    mkdirSync(join(directory, 'tls'))
    for (const [name, text] of Object.entries(files))
      if (text !== undefined) writeFileSync(join(directory, 'tls', name), text)
  }

  function answer(server: string) {
    const places = { destination: 'sip.example', domain: 'carrier.example' }
    const { objects } = configurationFrom({ trunks: [{ name: 'carrier', transport: 'tls', ...places }] })
    const health = { state: 'up', reason: '', since }
    const proxies = { 'proxy1.dc1': { health, facing: 'sip:127.0.0.1:5060', servers: [server], tested: 'a' } }
    answers.set('GET /api/v1/config', { status: 200, body: { objects } })
    answers.set('GET /api/v1/trunks', { status: 200, body: [{ name: 'carrier', proxies }] })
    answers.set('POST /api/v1/trunks/carrier/test', { status: 200, body: { name: 'carrier', proxies } })
    answers.set('GET /api/v1/interactions', { status: 200, body: { items: [] } })
  }

  it.each<[string, Partial<CertificateRequest>]>([
    ['bears the destination', { names: ['sip.example'] }],
    ['bears it as a SIP URI alone (RFC 5922 §7.1)', { uris: ['sip:sip.example'] }],
  ])('takes a certificate that %s, where the proxies believe its authority', async (_what, names) => {
    expect(await finding(names)).toMatchObject({ verdict: 'ok', found: 'good on every server' })
  })

  it.each<[string, Partial<CertificateRequest>]>([
    ['the domain that calls come from', { names: ['carrier.example'] }],
    ['the destination beside a SIP URI, which counts alone', { uris: ['sip:other.example'], names: ['sip.example'] }],
  ])('refuses as the proxies do one that bears %s', async (_what, names) => {
    expect(await finding(names)).toMatchObject({
      verdict: 'failed',
      found: expect.stringMatching(/^no TLS with 127\.0\.0\.1:\d+: its certificate does not name sip\.example$/),
      remedy: expect.stringContaining('destination'),
    })
  })

  it('refuses one that the proxies do not believe', async () => {
    expect(await finding({ names: ['sip.example'] }, false)).toMatchObject({
      verdict: 'failed',
      found: expect.stringContaining('self-signed certificate'),
      remedy: expect.stringContaining('authorities.pem'),
    })
  })
})
