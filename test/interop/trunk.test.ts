// Trunks that register with providers: Kamailio, which demands digest, over UDP, over TLS and over IPv6; SIPp is the
// telephone network behind them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issueCertificate } from '#platform/tls/issue-certificate.ts'
import type { Interaction } from '#protocols/model/http/calls.ts'
import type { TrunkStatus } from '#protocols/model/http/trunks.ts'
import { bracketed } from '#protocols/sip/message/headers/host.ts'
import type { Baresip } from '../peers/baresip.ts'
import { Dnsmasq } from '../peers/dnsmasq.ts'
import { Kamailio } from '../peers/kamailio.ts'
import { temporaryFolder } from '../peers/process.ts'
import { Sipp } from '../peers/sipp.ts'
import { type ApiClient, until } from '../rig/api.ts'
import { Demo } from '../rig/demo.ts'
import { proves } from '../rig/interop/matrix.ts'
import { Phones } from '../rig/phones.ts'
import { peerPorts } from '../rig/ports.ts'

/** Not at 127.0.0.1: calls from there are those of the demo's carrier. Behind each is a network of the same kind of IP. */
const providers = [
  {
    name: 'plain',
    transport: 'udp',
    host: '127.0.0.7',
    port: peerPorts.kamailio,
    callers: peerPorts.sipp,
    number: '0044207946',
  },
  {
    name: 'secure',
    transport: 'tls',
    host: '127.0.0.8',
    port: peerPorts.kamailio + 2,
    callers: peerPorts.sipp + 10,
    number: '0033207946',
  },
  {
    name: 'six',
    transport: 'udp',
    host: '::1',
    port: peerPorts.kamailio + 4,
    callers: peerPorts.sipp + 30,
    number: '0049207946',
  },
] as const
type Provider = (typeof providers)[number]

const shown = {
  plain: { registers: proves('Kamailio', 'register'), calls: proves('Kamailio', 'call') },
  secure: { registers: proves('Kamailio', 'register', 'TLS'), calls: proves('Kamailio', 'call', 'TLS') },
  six: { registers: proves('Kamailio', 'register', 'IPv6'), calls: proves('Kamailio', 'call', 'IPv6') },
}

const network = peerPorts.sipp + 20
const domain = 'provider.example'
const account = '442079460000'
const password = 'correct horse'

/** By their services, at their address, which the certificate bears, and by a name that has IPv6 alone. */
const destinations = {
  plain: () => domain,
  secure: ({ host, port }: Place) => `${host}:${port}`,
  six: ({ port }: Place) => `six.${domain}:${port}`,
}
type Place = Pick<Provider, 'host' | 'port'>
const destinationOf = ({ name, ...place }: Pick<Provider, 'name' | 'host' | 'port'>) => destinations[name](place)

const networkOf = (host: string) => ({ host: host.includes(':') ? host : '127.0.0.1', port: network })

const trunk = ({ number, ...provider }: Provider) => ({
  ...{ name: provider.name, transport: provider.transport, domain },
  destination: destinationOf(provider),
  credentials: { username: account, secret: password },
  registration: { expires: 120 },
  incoming: '8901',
  numbers: [`${number.slice(0, 4)}XXXXX!`],
})

describe('a trunk that registers with a provider', () => {
  const phones = new Phones()
  const folder = temporaryFolder('trunk')
  const started: Kamailio[] = []
  let demo: Demo
  let admin: ApiClient
  let answering: Sipp[]
  let dnsmasq: Dnsmasq
  let phone: Baresip

  beforeAll(async () => {
    const now = Date.now()
    const validity = { validFrom: now - 86_400_000, validTo: now + 86_400_000 }
    const issued = issueCertificate({ commonName: 'provider', addresses: ['127.0.0.8'], ...validity })
    const tls = { certificate: join(folder.path, 'certificate.pem'), key: join(folder.path, 'key.pem') }
    const data = join(folder.path, 'data')
    mkdirSync(join(data, 'tls'), { recursive: true })
    writeFileSync(join(data, 'tls/authorities.pem'), issued.certificate)
    writeFileSync(tls.certificate, issued.certificate)
    writeFileSync(tls.key, issued.key)
    for (const { transport, host, port, callers } of providers) {
      const behind = networkOf(host)
      const options = {
        host,
        port,
        domain,
        account,
        password,
        callers,
        network: `${bracketed(behind.host)}:${network}`,
      }
      started.push(await Kamailio.provider({ ...options, ...(transport === 'tls' && { tls }) }))
    }
    answering = ['127.0.0.1', '::1'].map(
      (host) => new Sipp({ scenario: 'agent-hangs-up', host, port: network, timeout: 110 }),
    )
    const file = join(folder.path, 'trunks.yaml')
    writeFileSync(file, JSON.stringify({ trunks: providers.map(trunk) }))
    const [{ host, port }] = providers
    dnsmasq = await Dnsmasq.start({
      port: peerPorts.dnsmasq,
      hosts: [
        ['sip.provider.example', host],
        ['six.provider.example', '::1'],
      ],
      services: [
        [`_sip._udp.${domain}`, 'away.provider.example', port, 10, 0],
        [`_sip._udp.${domain}`, 'sip.provider.example', port, 20, 0],
      ],
    })
    demo = await Demo.start({
      data,
      apply: [file],
      args: ['--ipv6', '--name-servers', `127.0.0.1:${peerPorts.dnsmasq}`],
    })
    admin = await demo.signIn()
    phone = await phones.agent('1001')
  })
  afterAll(async () => {
    await phones.stop()
    await demo?.stop()
    for (const network of answering ?? []) await network.stop()
    for (const provider of started) await provider.stop()
    await dnsmasq?.stop()
    folder.remove()
  })

  const status = async (name: string) =>
    (await admin.get<TrunkStatus[]>('/api/v1/trunks')).find((one) => one.name === name)?.proxies ?? {}
  const log = () => started.map((provider) => provider.log()).join('\n') + demo.process.tail()

  describe.each(providers)('over $transport at $host', ({ name, host, port, callers, number }) => {
    const registrar = destinationOf({ name, host, port })
    const { registers, calls } = shown[name]

    it('is registered by one proxy, with its password, and its servers answer all of them', registers, async () => {
      const registrations = async () =>
        Object.values(await status(name)).flatMap(({ registration }) => registration ?? [])
      const isUp = async () => Object.values(await status(name)).every(({ health }) => health.state === 'up')
      await until(
        async () => (await registrations())[0]?.state === 'registered' || undefined,
        15_000,
        'registered',
      ).catch(async (error: Error) =>
        expect.unreachable(`${error.message}: ${JSON.stringify(await status(name))} ${log()}`),
      )
      await until(async () => (await isUp()) || undefined, 15_000, 'up')

      expect(await registrations()).toMatchObject([{ state: 'registered', registrar }])
      const listed = (await demo.ringmain(['trunk', 'list'])).split('\n').find((line) => line.startsWith(name))
      expect(listed).toMatch(/ up /)
      expect(listed).toContain(`registered at ${registrar}`)
      expect(await demo.ringmain(['trunk', 'test', name])).toContain(host)
    })

    it('takes a call of the provider, to the number that To names', calls, async () => {
      const { successful, failed, output } = await Sipp.run({
        scenario: 'caller',
        host: networkOf(host).host,
        remote: `${bracketed(host)}:${port}`,
        port: callers,
        calls: 1,
        lines: ['8900'],
        args: ['-d', '300'],
      })

      expect({ successful, failed }, output + log()).toEqual({ successful: 1, failed: 0 })
    })

    it('calls out by the provider, which asks for the password of each call', calls, async () => {
      phone.dial(`sip:${number}0123@ringmain`)
      const ended = await until(
        async () => {
          const { items } = await admin.get<{ items: Interaction[] }>(`/api/v1/interactions?dnis=${number}0123`)
          return items[0]
        },
        20_000,
        'the call in history',
      )

      expect(ended.ending).toEqual({ by: 'customer', cause: 'hangup' })
    })
  })

  it('has nothing wrong with it by the word of the doctor, who believes whom the proxies believe', async () => {
    expect(await demo.ringmain(['doctor', '--trunk', 'plain'])).toMatch(/registration +ok/)
    expect(await demo.ringmain(['doctor', '--trunk', 'secure'])).toMatch(
      /certificate \(TLS\) +ok +good on every server/,
    )
  })
})
