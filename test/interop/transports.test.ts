// SIP over TLS as phones use it: they register, call and are called over connections that they opened.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { heard } from '../peers/wav.ts'
import { until } from '../rig/api.ts'
import { Demo } from '../rig/demo.ts'
import { samples } from '../rig/figures.ts'
import { Phones, tones } from '../rig/phones.ts'
import { demoPorts } from '../rig/ports.ts'

let demo: Demo
beforeAll(async () => {
  demo = await Demo.start()
})
afterAll(() => demo?.stop())

/** Messages of the proxies over a protocol, both ways. */
const messagesOver = async (protocol: string) =>
  (await samples('sip_messages_total'))
    .filter(({ labels }) => labels.includes(`protocol="${protocol}"`))
    .reduce((sum, { value }) => sum + value, 0)

describe('baresip over TLS', () => {
  const phones = new Phones()
  afterAll(() => phones.stop())

  it('registers, calls and is called, with the certificate of the demo, and both hear each other', async () => {
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
  })

  const heardSeconds = (phone: { heard(): Int16Array }, tone: number) => heard(phone.heard(), tone, 0).seconds
})
