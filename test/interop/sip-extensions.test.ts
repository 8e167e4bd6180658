// Extensions that phones and carriers demand, spoken by SIPp and baresip to the whole chain: proxy, node, media server.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Sipp } from '../peers/sipp.ts'
import { Demo, proxies } from '../rig/demo.ts'
import { Phones } from '../rig/phones.ts'
import { demoPorts, peerPorts } from '../rig/ports.ts'

const remote = proxies.dc1[0]

describe('extensions', () => {
  const phones = new Phones()
  let demo: Demo

  beforeAll(async () => {
    demo = await Demo.start()
  })
  afterAll(async () => {
    await phones.stop()
    await demo?.stop()
  })

  /** Whoever calls over the trunk by that scenario. */
  const callBy = (scenario: string, number: string) =>
    Sipp.run({ scenario, remote, port: peerPorts.sipp, calls: 1, timeout: 20, keys: { number } })

  it('a caller with a session timer: 422, then granted, refreshed by UPDATE (RFC 4028 §9)', async () => {
    const result = await callBy('timed-caller', '8902')

    expect(result, result.output).toMatchObject({ code: 0, successful: 1, failed: 0 })
  })

  it.each([
    ['wants a longer session timer is called again with it (RFC 4028 §7.3)', 'timed-callee', '1001'],
    [
      'answers by a reliable 183, and offers anew by UPDATE before its 2xx (RFC 3262, RFC 3311)',
      'reliable-callee',
      '1003',
    ],
  ])('a carrier that %s', async (_what, scenario, dn) => {
    const carrier = new Sipp({ scenario, port: demoPorts.carrier, calls: 1, timeout: 20 })
    try {
      const agent = await phones.agent(dn)
      agent.dial('sip:442079460018@ringmain')
      await agent.event('CALL_ESTABLISHED')
      agent.hangup()
      const result = await carrier.finished()

      expect(result, result.output).toMatchObject({ code: 0, successful: 1, failed: 0 })
    } finally {
      await carrier.stop()
    }
  })

  it('a caller that requires reliable provisional responses hears early what the phone says (RFC 3262)', async () => {
    const port = peerPorts.sipp + 10
    const keys = { contact: String(port), expires: '20' }
    const lines = ['1002;[authentication username=1002 password=demo]']
    const args = ['-auth_uri', 'ringmain']
    await Sipp.run({ scenario: 'register', remote, port: peerPorts.sipp, calls: 1, timeout: 20, keys, lines, args })
    const phone = new Sipp({ scenario: 'early-callee', port, calls: 1, timeout: 20 })
    try {
      const result = await callBy('reliable-caller', '1002')

      expect(result, result.output).toMatchObject({ code: 0, successful: 1, failed: 0 })
      expect(await phone.finished()).toMatchObject({ code: 0, successful: 1, failed: 0 })
    } finally {
      await phone.stop()
    }
  })
})
