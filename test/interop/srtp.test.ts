// SRTP at the media server (RFC 3711): baresip that speaks nothing else, by itself and with one that speaks RTP alone.
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Baresip } from '../peers/baresip.ts'
import { Demo } from '../rig/demo.ts'
import { proves } from '../rig/interop/matrix.ts'
import { converse, expectHeard, Phones, tones } from '../rig/phones.ts'

describe('a phone that speaks SRTP alone', () => {
  const phones = new Phones()
  let demo: Demo
  let phone: Baresip
  let plain: Baresip

  beforeAll(async () => {
    demo = await Demo.start()
    phone = await phones.agent('1001', { encryption: 'srtp-mand' })
    plain = await phones.agent('1002', { tone: tones.caller })
  })
  afterAll(async () => {
    await phones.stop()
    await demo?.stop()
  })

  it('calls the echo and hears itself', proves('baresip', 'SRTP'), async () => {
    await converse([phone], '8900')

    expectHeard(phone, tones.agent)
  })

  it(
    'is called by one that speaks RTP alone, and each hears the other through a media server',
    proves('baresip', 'SRTP'),
    async () => {
      await converse([plain, phone], '1001')

      expectHeard(phone, tones.caller)
      expectHeard(plain, tones.agent)
    },
  )

  it('calls one that speaks RTP alone', proves('baresip', 'SRTP'), async () => {
    await converse([phone, plain], '1002')

    expectHeard(phone, tones.caller)
    expectHeard(plain, tones.agent)
  })
})
