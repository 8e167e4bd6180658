// SIP over TLS and WebSocket as phones use it: they register, call and are called over connections that they opened.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issueCertificate } from '#platform/tls/issue-certificate.ts'
import { openChromium } from '../peers/chromium.ts'
import { temporaryFolder } from '../peers/process.ts'
import { heard } from '../peers/wav.ts'
import { WebPhone } from '../peers/web-phone.ts'
import { until } from '../rig/api.ts'
import { Demo } from '../rig/demo.ts'
import { samples } from '../rig/figures.ts'
import { proves } from '../rig/interop/matrix.ts'
import { Phones, tones } from '../rig/phones.ts'
import { demoPorts, phonePorts } from '../rig/ports.ts'

const folder = temporaryFolder('transports')
const carrierPorts = phonePorts(9)
const now = Date.now()
/** The carrier's, which nobody but the demo believes. */
const carrier = issueCertificate({
  commonName: 'a carrier',
  addresses: ['127.0.0.1'],
  validFrom: now - 86_400_000,
  validTo: now + 86_400_000,
})

let demo: Demo
beforeAll(async () => {
  const data = join(folder.path, 'data')
  mkdirSync(join(data, 'tls'), { recursive: true })
  writeFileSync(join(data, 'tls/authorities.pem'), carrier.certificate)
  writeFileSync(join(folder.path, 'carrier.pem'), carrier.certificate + carrier.key)
  const trunk = { name: 'carrier', sources: ['127.0.0.1'], transport: 'tls', numbers: ['XXXXX!', '+XXXXX!'] }
  const destination = `127.0.0.1:${carrierPorts.sipPort + 1}`
  writeFileSync(join(folder.path, 'trunk.yaml'), JSON.stringify({ trunks: [{ ...trunk, destination }] }))
  demo = await Demo.start({ data, apply: [join(folder.path, 'trunk.yaml')] })
})
afterAll(async () => {
  await demo?.stop()
  folder.remove()
})

/** Messages of the proxies over a protocol, both ways. */
const messagesOver = async (protocol: string) =>
  (await samples('sip_messages_total'))
    .filter(({ labels }) => labels.includes(`protocol="${protocol}"`))
    .reduce((sum, { value }) => sum + value, 0)

describe('baresip over TLS', () => {
  const phones = new Phones()
  afterAll(() => phones.stop())

  it(
    'registers, calls and is called, believes the demo’s certificate, and both hear each other',
    proves('baresip', 'register', 'call', 'TLS'),
    async () => {
      const overTls = {
        outbound: `sip:127.0.0.1:${demoPorts.sip + 1}`,
        transport: 'tls',
        authorities: join(demo.data, 'tls/certificate.pem'),
      } as const
      const phone = await phones.agent('1001', overTls)
      const caller = await phones.caller(overTls)

      caller.dial('sip:1001@ringmain')
      await phone.event('CALL_ESTABLISHED')
      await until(async () => (heardSeconds(phone, tones.caller) > 1 ? true : undefined), 15_000, 'the caller is heard')
      caller.hangup()
      await phone.event('CALL_CLOSED')

      expect(heardSeconds(caller, tones.agent)).toBeGreaterThan(0.5)
      // REGISTER twice, INVITE, ACK, BYE and their answers, at each end of the proxy.
      expect(await messagesOver('TLS')).toBeGreaterThan(12)
    },
  )

  it('is called as a carrier whose certificate names its address, by a phone of ours', async () => {
    const files = { certificate: join(folder.path, 'carrier.pem'), authorities: join(demo.data, 'tls/certificate.pem') }
    const provider = await phones.caller({ ...carrierPorts, ...files, user: '+442079460099', answer: 'auto' })
    const phone = await phones.agent('1005')

    phone.dial('sip:+442079460099@ringmain')
    await provider.event('CALL_ESTABLISHED')
    await phone.event('CALL_ESTABLISHED')
    provider.hangup()
    await phone.event('CALL_CLOSED')

    expect(phone.events.filter(({ type }) => type === 'CALL_ESTABLISHED')).toHaveLength(1)
  })

  const heardSeconds = (phone: { heard(): Int16Array }, tone: number) => heard(phone.heard(), tone, 0).seconds
})

const sdp = (port: number) =>
  `v=0\r\no=web 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n`

describe('a phone over secure WebSocket (RFC 7118)', () => {
  const phones: WebPhone[] = []
  afterAll(() => {
    for (const phone of phones) phone.close()
  })

  async function register(user: string): Promise<WebPhone> {
    const authorities = readFileSync(join(demo.data, 'tls/certificate.pem'), 'utf8')
    const url = `wss://localhost:${demoPorts.sip + 3}`
    const phone = await WebPhone.open({ url, user, password: 'demo', authorities })
    phones.push(phone)
    const to = `sip:${user}@ringmain`
    expect(await phone.ask('REGISTER', 'sip:ringmain', { to, fields: ['Expires: 60'] })).toMatch(/^SIP\/2.0 200 /)
    return phone
  }

  it('registers with digest, calls another one and is heard of until it hangs up', async () => {
    const callee = await register('1002')
    const caller = await register('1003')

    const answered = caller.ask('INVITE', 'sip:1002@ringmain', { body: sdp(9000) })
    const invite = await callee.message(/^INVITE /)
    callee.answer(invite, '180 Ringing')
    callee.answer(invite, '200 OK', sdp(9002))
    const answer = await answered
    caller.inDialog('ACK', answer, 2)
    await callee.message(/^ACK /)
    caller.inDialog('BYE', answer, 3)
    callee.answer(await callee.message(/^BYE /), '200 OK')

    expect(answer).toMatch(/^SIP\/2.0 200 /)
    expect(answer).toContain('m=audio 9002 ')
    expect(answer).toMatch(/^Record-Route: <sip:127\.0\.0\.1:\d+;transport=ws;lr;/m)
    await caller.message(/^SIP\/2.0 200 [\s\S]*CSeq: 3 BYE/)
  })
})

describe('the WebSocket of a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openChromium()
  })
  afterAll(() => browser?.close())

  /** What a page gets for its OPTIONS; or that it was refused. */
  async function ask(url: string, subprotocols: readonly string[]): Promise<string> {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${demoPorts.http}/health`)
    const options = [
      'OPTIONS sip:127.0.0.1 SIP/2.0',
      'Via: SIP/2.0/WSS browser.invalid;branch=z9hG4bKbrowser',
      'Max-Forwards: 70',
      'From: <sip:1004@ringmain>;tag=browser',
      'To: <sip:127.0.0.1>',
      'Call-ID: browser',
      'CSeq: 1 OPTIONS',
      '',
      '',
    ].join('\r\n')
    return page.evaluate(
      ([url, subprotocols, options]) =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(url, [...subprotocols])
          socket.onopen = () => socket.send(options)
          socket.onmessage = ({ data }) => resolve(String(data))
          socket.onerror = () => resolve('refused')
        }),
      [url, subprotocols, options] as const,
    )
  }

  it.each([
    ['ws', 2],
    ['wss', 3],
  ])('speaks SIP over %s, with the subprotocol alone', async (scheme, offset) => {
    const url = `${scheme}://127.0.0.1:${demoPorts.sip + offset}`

    expect(await ask(url, ['sip'])).toMatch(/^SIP\/2.0 200 OK\r\n/)
    expect(await ask(url, [])).toBe('refused')
  })
})
