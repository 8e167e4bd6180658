// JsSIP in Chromium as agents' phones over secure WebSocket: the tone of each is heard by the other, through WebRTC.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openChromium } from '../peers/chromium.ts'
import { JsSip } from '../peers/jssip/jssip.ts'
import { until } from '../rig/api.ts'
import { Demo } from '../rig/demo.ts'
import { proves } from '../rig/interop/matrix.ts'
import { demoPorts } from '../rig/ports.ts'
import { TLibListener } from '../rig/tlib.ts'

const tones = { one: 440, other: 880, third: 1320 }

describe('JsSIP in Chromium', () => {
  let demo: Demo
  let desktop: TLibListener
  let browser: Browser
  let one: JsSip
  let other: JsSip
  let third: JsSip

  const phone = (user: string, tone: number, host = '127.0.0.1') =>
    JsSip.open(browser, `http://127.0.0.1:${demoPorts.http}/health`, {
      ...{ user, password: 'demo', tone },
      url: `wss://${host}:${demoPorts.sip + 3}`,
    })
  const hears = (by: JsSip, tone: number) =>
    until(async () => Math.abs((await by.heard()) - tone) < 10 || undefined, 15_000, `${tone} Hz is heard`)
  const count = (by: JsSip, type: string) => by.events.filter((event) => event.type === type).length
  /** The next one from now on. */
  const next = (by: JsSip, type: string) => by.event(type, count(by, type) + 1)

  beforeAll(async () => {
    demo = await Demo.start({ args: ['--ipv6'] })
    desktop = await TLibListener.connect('t-controller', { monitor: true })
    browser = await openChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await desktop?.close()
    await demo?.stop()
  })

  async function call(from: JsSip, to: JsSip, dn: string): Promise<void> {
    const [incoming, confirmed] = [next(to, 'incoming'), next(from, 'confirmed')]
    await from.do('call', `sip:${dn}@ringmain`)
    await incoming
    await to.do('answer')
    await confirmed
  }

  async function hangUp(one: JsSip, other: JsSip): Promise<void> {
    const ended = next(other, 'ended')
    await one.do('hangup')
    await ended
  }

  it('registers with digest over secure WebSocket (RFC 7118)', proves('JsSIP', 'register', 'TLS'), async () => {
    one = await phone('1001', tones.one)
    other = await phone('1002', tones.other)

    for (const dn of ['1001', '1002']) await desktop.next('EventDNBackInService', ({ thisDN }) => thisDN === dn)
    expect([one, other].map(({ events }) => events.map(({ type }) => type))).toEqual([['registered'], ['registered']])
  })

  it(
    'calls a number and is called: both hear each other, encrypted from end to end (RFC 5763)',
    proves('JsSIP', 'call', 'SRTP'),
    async () => {
      await call(one, other, '1002')
      await hears(one, tones.other)
      await hears(other, tones.one)
      await hangUp(one, other)

      expect(other.events.map(({ type }) => type)).toEqual([
        'registered',
        'incoming',
        'progress',
        'accepted',
        'confirmed',
        'ended',
      ])
      expect(other.events[1]?.detail).toBe('1001')
    },
  )

  it('registers over IPv6, and is called there', proves('JsSIP', 'register', 'IPv6'), async () => {
    third = await phone('1003', tones.third, '[::1]')
    await call(other, third, '1003')
    await hears(third, tones.other)
    await hangUp(third, other)

    expect(count(third, 'confirmed')).toBe(1)
  })

  it('holds and goes on by re-INVITE, and the other side is told', proves('JsSIP', 'hold'), async () => {
    await call(one, other, '1002')
    await hears(other, tones.one)

    await one.do('hold')
    const held = await desktop.next('EventHeld', ({ thisDN }) => thisDN === '1001')
    const told = await other.event('hold')
    await one.do('unhold')
    await desktop.next('EventRetrieved', ({ connID }) => connID === held.connID)
    await other.event('unhold')
    await hears(one, tones.other)
    await hears(other, tones.one)

    expect(told.detail).toBe('remote')
  })

  it('sends digits by INFO, which the other side takes', proves('JsSIP', 'DTMF'), async () => {
    await one.do('digit', '7')
    await until(async () => count(other, 'digit') > 0 || undefined, 5_000, 'a digit')

    expect(other.events.find(({ type }) => type === 'digit')?.detail).toBe('remote 7')
  })

  it(
    'transfers by REFER to a third phone, and is out of the call (RFC 3515)',
    proves('JsSIP', 'transfer'),
    async () => {
      const [incoming, ended, confirmed] = [next(third, 'incoming'), next(one, 'ended'), next(third, 'confirmed')]
      await one.do('transfer', 'sip:1003@ringmain')
      await incoming
      await third.do('answer')
      await Promise.all([ended, confirmed])
      await hears(other, tones.third)
      await hears(third, tones.other)
      await hangUp(third, other)

      expect(one.events.filter(({ type }) => type === 'transfer').map(({ detail }) => detail)).toEqual(['100', '200'])
    },
  )

  it(
    'transfers whom it holds to whom it has consulted: both hear each other (RFC 3891)',
    proves('JsSIP', 'transfer'),
    async () => {
      await call(one, other, '1002')
      await hears(other, tones.one)
      await one.do('hold')
      await desktop.next('EventHeld', ({ thisDN }) => thisDN === '1001')
      await call(one, third, '1003')
      await hears(third, tones.one)
      const left = one.event('ended', count(one, 'ended') + 2)
      await one.do('join')
      await left
      await hears(other, tones.third)
      await hears(third, tones.other)
      await hangUp(third, other)

      expect(one.events.filter(({ type }) => type === 'transfer').at(-1)?.detail).toBe('200')
    },
  )

  it('is refused where plain RTP answers, and says why: the media servers have no SRTP yet', async () => {
    await one.do('call', 'sip:8900@ringmain')

    expect((await one.event('failed')).detail).toBe('Incompatible SDP')
  })

  it('unregisters, and its DN is out of service', async () => {
    await other.do('unregister')

    await other.event('unregistered')
    expect(await desktop.next('EventDNOutOfService', ({ thisDN }) => thisDN === '1002')).toMatchObject({
      thisDN: '1002',
    })
  })
})
