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

  it('a carrier that wants a longer session timer is called again with it (RFC 4028 §7.3)', async () => {
    const carrier = new Sipp({ scenario: 'timed-callee', port: demoPorts.carrier, calls: 1, timeout: 20 })
    try {
      const phone = await phones.agent('1001')
      phone.dial('sip:442079460018@ringmain')
      await phone.event('CALL_ESTABLISHED')
      phone.hangup()
      const result = await carrier.finished()

      expect(result, result.output).toMatchObject({ code: 0, successful: 1, failed: 0 })
    } finally {
      await carrier.stop()
    }
  })
})
