// SIPp and sipsak as phones and callers of the whole chain: proxy, node, and baresip at the other end.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PeerProcess } from '../peers/process.ts'
import { Sipp } from '../peers/sipp.ts'
import { Demo, proxies } from '../rig/demo.ts'
import { proves } from '../rig/interop/matrix.ts'
import { Phones } from '../rig/phones.ts'
import { peerPorts } from '../rig/ports.ts'
import { TLibListener } from '../rig/tlib.ts'

const remote = proxies.dc1[0]

describe('scripted phones', () => {
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

  it('SIPp registers with digest, and its DN is in service', proves('SIPp', 'register'), async () => {
    const result = await Sipp.run({
      ...{ scenario: 'register', remote, port: peerPorts.sipp, calls: 1, timeout: 20 },
      keys: { contact: String(peerPorts.sipp), expires: '20' },
      lines: ['1001;[authentication username=1001 password=demo]'],
      args: ['-auth_uri', 'ringmain'],
    })

    expect(result, result.output).toMatchObject({ code: 0, successful: 1 })
    expect((await desktop.next('EventDNBackInService')).thisDN).toBe('1001')
  })

  it(
    'SIPp sends a digit by INFO, holds, goes on, and transfers blindly',
    proves('SIPp', 'hold', 'transfer', 'DTMF'),
    async () => {
      const phone = await phones.agent('1002')
      const third = await phones.agent('1003')
      const result = await Sipp.run({
        ...{ scenario: 'busy-caller', remote, port: peerPorts.sipp, calls: 1, timeout: 20 },
        keys: { number: '1002', third: '1003' },
      })
      await third.event('CALL_ESTABLISHED')
      third.hangup()
      await phone.event('CALL_CLOSED')

      expect(result, result.output).toMatchObject({ code: 0, successful: 1, retransmissions: 0 })
      expect((await phone.event('CALL_DTMF_START')).param).toBe('6')
    },
  )

  it(
    'SIPp tells the menu a digit by INFO, since it has no telephone events (RFC 6086)',
    proves('SIPp', 'DTMF'),
    async () => {
      const [result, collected] = await Promise.all([
        Sipp.run({
          ...{ scenario: 'menu-caller', remote, port: peerPorts.sipp, calls: 1, timeout: 20 },
          keys: { number: '8001', digit: '2' },
        }),
        desktop.next('EventTreatmentEnd', ({ thisDN }) => thisDN === '8001'),
      ])

      expect(result, result.output).toMatchObject({ code: 0, successful: 1, retransmissions: 0 })
      expect(collected).toMatchObject({ collectedDigits: '2' })
    },
  )

  it('sipsak registers with digest', proves('sipsak', 'register'), async () => {
    const sipsak = new PeerProcess('sipsak', ['-v', '-U', '-u', '1004', '-a', 'demo', '-s', `sip:1004@${remote}`])
    const code = await sipsak.ended()

    expect(code, sipsak.tail()).toBe(0)
  })
})
