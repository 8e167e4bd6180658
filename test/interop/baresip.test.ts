// What an agent does on a real phone, baresip, beside calling: hold, transfer, digits, and speech that nobody else can hear.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Baresip } from '../peers/baresip.ts'
import { heard } from '../peers/wav.ts'
import { until } from '../rig/api.ts'
import { Demo } from '../rig/demo.ts'
import { proves } from '../rig/interop/matrix.ts'
import { Phones, tones } from '../rig/phones.ts'
import { TLibListener } from '../rig/tlib.ts'

describe('baresip', () => {
  const phones = new Phones()
  let demo: Demo
  let desktop: TLibListener

  beforeAll(async () => {
    demo = await Demo.start()
    desktop = await TLibListener.connect('t-controller', { monitor: true })
  })
  afterAll(async () => {
    await desktop?.close()
    await phones.stop()
    await demo?.stop()
  })

  const hears = (by: Baresip, tone: number) =>
    until(
      async () => heard(by.heard(), tone, 0).seconds > 0.5 || undefined,
      10_000,
      `${by.options.user} hears ${tone} Hz`,
    )
  /** Audio flows both ways, or no way. */
  const flows = (by: Baresip, flowing: boolean) =>
    until(
      async () => by.rates.every((rate) => rate > 0 === flowing) || undefined,
      10_000,
      `audio ${flowing ? 'flows' : 'stops'}`,
    )

  /** A caller talks to the phone of that DN. */
  async function talk(dn: string): Promise<{ phone: Baresip; caller: Baresip }> {
    const [phone, caller] = [await phones.agent(dn), await phones.caller()]
    caller.dial(`sip:${dn}@ringmain`)
    for (const side of [phone, caller]) await side.event('CALL_ESTABLISHED')
    await hears(phone, tones.caller)
    return { phone, caller }
  }
  async function hangUp(caller: Baresip): Promise<void> {
    caller.hangup()
    await caller.event('CALL_CLOSED')
  }

  it(
    'holds its call and takes it back by re-INVITE; no audio flows meanwhile (RFC 3264 §8.4)',
    proves('baresip', 'hold'),
    async () => {
      const { phone, caller } = await talk('1001')
      await flows(phone, true)

      phone.hold()
      const held = await desktop.next('EventHeld', ({ thisDN }) => thisDN === '1001')
      await flows(phone, false)
      phone.retrieve()
      const retrieved = await desktop.next('EventRetrieved', ({ thisDN }) => thisDN === '1001')
      await flows(phone, true)
      await hangUp(caller)

      expect(retrieved.connID).toBe(held.connID)
    },
  )

  it(
    'transfers its caller blindly by REFER, and is out of the call when the other phone rings (RFC 3515)',
    proves('baresip', 'transfer'),
    async () => {
      const third = await phones.agent('1003', { tone: 620 })
      const { phone, caller } = await talk('1002')

      phone.transfer('sip:1003@ringmain')
      await phone.event('CALL_CLOSED')
      await third.event('CALL_ESTABLISHED')
      await hears(caller, 620)
      await hears(third, tones.caller)
      await hangUp(caller)

      const released = await desktop.next('EventReleased', ({ thisDN }) => thisDN === '1002')
      expect(released).toMatchObject({ callState: 'Transferred', thirdPartyDN: '1003' })
    },
  )

  it('tells the menu its digit as an event in its RTP (RFC 4733)', proves('baresip', 'DTMF'), async () => {
    const caller = await phones.caller()
    caller.dial('sip:8001@ringmain')
    await desktop.next('EventTreatmentApplied', ({ thisDN }) => thisDN === '8001')
    await caller.event('CALL_ESTABLISHED')
    caller.digit('2')
    const collected = await desktop.next('EventTreatmentEnd', ({ thisDN }) => thisDN === '8001')
    await hangUp(caller)

    expect(collected).toMatchObject({ collectedDigits: '2' })
  })

  it(
    'takes the digits that its caller’s phone sends in RTP, and those of a desktop by INFO',
    proves('baresip', 'DTMF'),
    async () => {
      const { phone, caller } = await talk('1004')
      const agent = await demo.signIn('1004')
      await agent.put('/api/v1/me/place', { dn: '1004' })

      caller.digit('7')
      const first = await phone.event('CALL_DTMF_START')
      const [call] = await agent.get<{ connID: string }[]>('/api/v1/me/calls')
      await agent.post(`/api/v1/calls/${call?.connID}/send-dtmf`, { digits: '5' })
      const second = await caller.event('CALL_DTMF_START')
      await hangUp(caller)

      expect([first.param, second.param]).toEqual(['7', '5'])
    },
  )

  it(
    'talks to another phone so that nobody between them can hear it: SDES keys pass through us (RFC 4568)',
    proves('baresip', 'SRTP'),
    async () => {
      const one = await phones.agent('1005', { encryption: 'srtp-mand' })
      const other = await phones.agent('1006', { encryption: 'srtp-mand', tone: tones.caller })

      one.dial('sip:1006@ringmain')
      for (const phone of [one, other]) await phone.event('CALL_ESTABLISHED')
      await hears(one, tones.caller)
      await hears(other, tones.agent)
      one.hangup()
      await other.event('CALL_CLOSED')
    },
  )
})
