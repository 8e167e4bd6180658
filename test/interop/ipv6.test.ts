// Phones on IPv6: baresip at ::1 alone, which has no IPv4 for its sound either, by itself and with one that has IPv4 alone.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Baresip } from '../peers/baresip.ts'
import { heard } from '../peers/wav.ts'
import { Demo } from '../rig/demo.ts'
import { proves } from '../rig/interop/matrix.ts'
import { Phones, tones } from '../rig/phones.ts'

/** Seconds of each talk. */
const talk = 4

describe('a phone that has IPv6 alone', () => {
  const phones = new Phones()
  let demo: Demo
  let onIPv6: Baresip
  let onIPv4: Baresip

  beforeAll(async () => {
    demo = await Demo.start({ args: ['--ipv6'] })
    onIPv6 = await phones.agent('1001', { host: '::1' })
    onIPv4 = await phones.agent('1002', { tone: tones.caller })
  })
  afterAll(async () => {
    await phones.stop()
    await demo?.stop()
  })

  const later = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000))

  /** The first one calls the number, of the other one if there is one, and hangs up. */
  async function converse([calling, ...called]: [Baresip, ...Baresip[]], number: string): Promise<void> {
    const all = [calling, ...called]
    const next = (type: string) => Promise.all(all.map((phone) => phone.next(type)))
    const established = next('CALL_ESTABLISHED')
    calling.dial(`sip:${number}@ringmain`)
    await established
    await later(talk)
    const closed = next('CALL_CLOSED')
    calling.hangup()
    await closed
  }

  function expectHeard(phone: Baresip, n: number, tone: number): void {
    const found = heard(phone.heard(n), tone)
    expect(found.seconds).toBeGreaterThan(talk - 1)
    expect(found.longestGap).toBeLessThanOrEqual(100)
  }

  it('registers there, calls the echo and hears itself', proves('baresip', 'register', 'call', 'IPv6'), async () => {
    await converse([onIPv6], '8900')

    expectHeard(onIPv6, 1, tones.agent)
  })

  it(
    'talks with one that has IPv4 alone, through a media server that has both',
    proves('baresip', 'IPv6'),
    async () => {
      await converse([onIPv4, onIPv6], '1001')

      expectHeard(onIPv6, 2, tones.caller)
      expectHeard(onIPv4, 1, tones.agent)
    },
  )

  it('calls one that has IPv4 alone', proves('baresip', 'call', 'IPv6'), async () => {
    await converse([onIPv6, onIPv4], '1002')

    expectHeard(onIPv6, 3, tones.caller)
    expectHeard(onIPv4, 2, tones.agent)
  })
})
