// A trunk that registers with a provider: Kamailio, which demands digest; SIPp is the telephone network behind it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Interaction } from '#protocols/model/http/calls.ts'
import type { TrunkStatus } from '#protocols/model/http/trunks.ts'
import { Kamailio } from '../peers/kamailio.ts'
import { temporaryFolder } from '../peers/process.ts'
import { Sipp } from '../peers/sipp.ts'
import { type ApiClient, until } from '../rig/api.ts'
import { Demo } from '../rig/demo.ts'
import { Phones } from '../rig/phones.ts'
import { peerPorts } from '../rig/ports.ts'

/** Not 127.0.0.1: calls from there are the demo's carrier's. */
const host = '127.0.0.7'
const port = peerPorts.kamailio
const callers = peerPorts.sipp
const network = peerPorts.sipp + 20
const domain = 'provider.example'
const account = '442079460000'
const password = 'correct horse'

const objects = (more = '') => `
trunks:
  - name: provider
    destination: ${host}:${port}
    domain: ${domain}
    credentials: { username: "${account}", secret: ${password} }
    registration: { expires: 120 }
    incoming: "8901"
    numbers: ["0044XXXXX!"]
${more}`

describe('a trunk that registers with a provider', () => {
  const phones = new Phones()
  const folder = temporaryFolder('trunk')
  let demo: Demo
  let provider: Kamailio
  let admin: ApiClient
  let answering: Sipp

  beforeAll(async () => {
    provider = await Kamailio.provider({
      ...{ host, port, domain, account, password },
      network: `127.0.0.1:${network}`,
      callers,
    })
    answering = new Sipp({ scenario: 'agent-hangs-up', port: network, timeout: 110 })
    const file = join(folder.path, 'provider.yaml')
    writeFileSync(file, objects())
    demo = await Demo.start({ apply: [file] })
    admin = await demo.signIn()
  })
  afterAll(async () => {
    await phones.stop()
    await demo?.stop()
    await answering?.stop()
    await provider?.stop()
    folder.remove()
  })

  const status = async () =>
    (await admin.get<TrunkStatus[]>('/api/v1/trunks')).find(({ name }) => name === 'provider')?.proxies ?? {}
  const registrations = async () => Object.values(await status()).flatMap(({ registration }) => registration ?? [])

  it('is registered by one proxy, with its password, and its servers answer all of them', async () => {
    await until(async () => (await registrations())[0]?.state === 'registered' || undefined, 10_000, 'registered')
    await until(
      async () => Object.values(await status()).every(({ health }) => health.state === 'up') || undefined,
      10_000,
      'up',
    )

    expect(await registrations()).toEqual([
      expect.objectContaining({ state: 'registered', registrar: `${host}:${port}` }),
    ])
    expect(await demo.ringmain(['trunk', 'list'])).toMatch(/provider .* up .*registered at/)
    expect(await demo.ringmain(['trunk', 'test', 'provider'])).toContain(host)
    expect(await demo.ringmain(['doctor', '--trunk', 'provider'])).toMatch(/registration +ok/)
  })

  it('takes a call of the provider, to the number that To names', async () => {
    const { successful, failed, output } = await Sipp.run({
      scenario: 'caller',
      remote: `${host}:${port}`,
      port: callers,
      calls: 1,
      keys: { number: '8900' },
      args: ['-d', '300'],
    })

    expect({ successful, failed }, output + provider.log() + demo.process.tail()).toEqual({ successful: 1, failed: 0 })
  })

  it('calls out by the provider, which asks for the password of each call', async () => {
    const phone = await phones.agent('1001')

    phone.dial('sip:00442079460123@ringmain')
    const ended = await until(
      async () => {
        const { items } = await admin.get<{ items: Interaction[] }>('/api/v1/interactions?dnis=00442079460123')
        return items[0]
      },
      20_000,
      'the call in history',
    )

    expect(ended.ending).toEqual({ by: 'customer', cause: 'hangup' })
  })
})
