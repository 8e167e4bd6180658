// Phones on IPv6: baresip at ::1 alone, which has no IPv4 for its sound either, by itself and with one that has IPv4 alone.
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Baresip } from '../peers/baresip.ts'
import { Demo } from '../rig/demo.ts'
import { proves } from '../rig/interop/matrix.ts'
import { converse, expectHeard, Phones, tones } from '../rig/phones.ts'

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

  it('registers there, calls the echo and hears itself', proves('baresip', 'register', 'call', 'IPv6'), async () => {
    await converse([onIPv6], '8900')

    expectHeard(onIPv6, tones.agent)
  })

  it(
    'talks with one that has IPv4 alone, through a media server that has both',
    proves('baresip', 'IPv6'),
    async () => {
      await converse([onIPv4, onIPv6], '1001')

      expectHeard(onIPv6, tones.caller)
      expectHeard(onIPv4, tones.agent)
    },
  )

  it('calls one that has IPv4 alone', proves('baresip', 'call', 'IPv6'), async () => {
    await converse([onIPv6, onIPv4], '1002')

    expectHeard(onIPv6, tones.caller)
    expectHeard(onIPv4, tones.agent)
  })
})
