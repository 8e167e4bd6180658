// Twinkle as an agent's phone: what its two lines can do, above all a transfer with consultation.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Baresip } from '../peers/baresip.ts'
import { Twinkle } from '../peers/twinkle.ts'
import { Demo, proxies } from '../rig/demo.ts'
import { proves } from '../rig/interop/matrix.ts'
import { Phones } from '../rig/phones.ts'
import { phonePorts } from '../rig/ports.ts'
import { TLibListener } from '../rig/tlib.ts'

const { sipPort, rtpPorts } = phonePorts(9)

describe('Twinkle', () => {
  const phones = new Phones()
  let demo: Demo
  let desktop: TLibListener
  let phone: Twinkle

  beforeAll(async () => {
    demo = await Demo.start()
    desktop = await TLibListener.connect('t-controller', { monitor: true })
    phone = await Twinkle.start({
      user: '1001',
      password: 'demo',
      proxy: proxies.dc1[0],
      sipPort,
      rtpPort: rtpPorts[0],
    })
  })
  afterAll(async () => {
    await phone?.stop()
    await desktop?.close()
    await phones.stop()
    await demo?.stop()
  })

  /** A caller who talks to it. */
  async function talk(): Promise<Baresip> {
    const caller = await phones.caller()
    const ringing = phone.next(/incoming call/)
    caller.dial('sip:1001@ringmain')
    await ringing
    await phone.do('answer', /call established/)
    await caller.event('CALL_ESTABLISHED')
    return caller
  }
  /** The two talk to each other: one hangs up, and the other's call ends. */
  async function hangUp(one: Baresip, other: Baresip): Promise<void> {
    one.hangup()
    await other.event('CALL_CLOSED')
  }

  it('registers with digest, is called, answers and hangs up', proves('Twinkle', 'register', 'call'), async () => {
    const caller = await talk()
    await phone.do('bye', /call ended/)
    await caller.event('CALL_CLOSED')

    expect((await desktop.next('EventDNBackInService')).thisDN).toBe('1001')
  })

  it('calls a menu, which hears its digit in RTP (RFC 4733)', proves('Twinkle', 'call', 'DTMF'), async () => {
    await phone.do('call sip:8001@ringmain', /far end answered call/)
    await phone.do('dtmf 2', /Twinkle>/)
    const collected = await desktop.next('EventTreatmentEnd', ({ thisDN }) => thisDN === '8001')
    await phone.do('bye', /call ended/)

    expect(collected).toMatchObject({ collectedDigits: '2' })
  })

  it('holds and retrieves by re-INVITE (RFC 3264 §8.4)', proves('Twinkle', 'hold'), async () => {
    const caller = await talk()
    await phone.do('hold', /re-INVITE successful/)
    const held = await desktop.next('EventHeld', ({ thisDN }) => thisDN === '1001')
    await phone.do('retrieve', /re-INVITE successful/)
    const retrieved = await desktop.next('EventRetrieved', ({ thisDN }) => thisDN === '1001')
    await phone.do('bye', /call ended/)
    await caller.event('CALL_CLOSED')

    expect(retrieved.connID).toBe(held.connID)
  })

  it('transfers blindly by REFER, and hears that it went well (RFC 3515)', proves('Twinkle', 'transfer'), async () => {
    const third = await phones.agent('1002')
    const caller = await talk()
    await phone.do('transfer sip:1002@ringmain', /call successfully referred[\s\S]*call ended/)
    await third.event('CALL_ESTABLISHED')
    await hangUp(caller, third)

    const released = desktop.events.findLast((event) => event.name === 'EventReleased' && event.thisDN === '1001')
    expect(released).toMatchObject({ callState: 'Transferred', thirdPartyDN: '1002' })
  })

  it(
    'transfers whom it holds to whom it has consulted on its other line (RFC 3891)',
    proves('Twinkle', 'transfer'),
    async () => {
      const third = await phones.agent('1003')
      const caller = await talk()
      await phone.do('transfer -c sip:1003@ringmain', /far end answered call/)
      await third.event('CALL_ESTABLISHED')
      await phone.do('transfer -c', /call successfully referred[\s\S]*call ended/)
      await hangUp(third, caller)

      const released = desktop.events.findLast((event) => event.name === 'EventReleased' && event.thisDN === '1001')
      expect(released).toMatchObject({ callState: 'Transferred', thirdPartyDN: '1003' })
    },
  )
})
