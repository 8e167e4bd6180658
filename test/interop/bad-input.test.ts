// What phones, carriers and strangers get wrong, or mean ill: each gets the answer of its RFC or is dropped and counted,
// and the call that is up goes on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestOf, secretOf } from '#protocols/sip/core/digest.ts'
import type { Baresip } from '../peers/baresip.ts'
import { type ApiClient, until } from '../rig/api.ts'
import { BareSip, overTcp } from '../rig/bare-sip.ts'
import { Demo, proxies } from '../rig/demo.ts'
import { samples } from '../rig/figures.ts'
import { Phones } from '../rig/phones.ts'

const server = proxies.dc1[0]
const sdp = (media: string) =>
  `v=0\r\no=a 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9000 RTP/AVP ${media}\r\n`
const offer = (body: string) => ({ method: 'INVITE', body, fields: 'Content-Type: application/sdp\r\n' })

describe('bad input, while a call is up', () => {
  const phones = new Phones()
  let demo: Demo
  let admin: ApiClient
  let bare: BareSip
  let caller: Baresip

  beforeAll(async () => {
    demo = await Demo.start()
    admin = await demo.signIn()
    bare = await BareSip.open(server)
    caller = await phones.caller()
    caller.dial('sip:8902@ringmain')
    await caller.event('CALL_ESTABLISHED')
  })
  afterAll(async () => {
    bare?.close()
    await phones.stop()
    await demo?.stop()
  })

  const dropped = async (reason: string) =>
    (await samples('sip_dropped_total'))
      .filter(({ labels }) => labels.includes(`reason="${reason}"`))
      .reduce((sum, { value }) => sum + value, 0)
  async function isDropped(reason: string, messages: readonly (string | Buffer)[]): Promise<void> {
    const before = await dropped(reason)
    for (const message of messages) bare.send(message)
    const all = async () => ((await dropped(reason)) === before + messages.length ? true : undefined)
    await until(all, 5_000, `${messages.length} more dropped as ${reason}`)
  }

  it('drops and counts what is no SIP, or names no way back', async () => {
    const right = bare.write({ method: 'OPTIONS' })

    await isDropped('malformed', [
      Buffer.from(Array.from({ length: 600 }, (_, index) => (index * 37 + 11) % 256)),
      Buffer.concat([Buffer.from('INVITE sip:8900@ringmain SIP/2.0\r\nVia: '), Buffer.from([0, 255, 13, 10, 13, 10])]),
      right.replace(/^Via: .*\r\n/m, ''),
      right.replace(/^From: .*\r\n/m, ''),
    ])
  })

  it('closes a TCP connection whose header or body has no end in sight, and counts it', async () => {
    const before = await dropped('unframed')
    const request = bare.write({ method: 'OPTIONS', via: 'SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKtcp' })

    const toHeader = await overTcp(server, request.replace('\r\n\r\n', `\r\nX-Long: ${'a'.repeat(65_536)}\r\n\r\n`))
    const toBody = await overTcp(server, request.replace('Content-Length: 0', 'Content-Length: 99999999'))

    expect([toHeader, toBody]).toEqual(['', ''])
    expect(await dropped('unframed')).toBe(before + 2)
  })

  it.each([
    ['a method nobody knows', { method: 'FOO' }, /^501 /],
    ['an extension nobody knows', { method: 'OPTIONS', fields: 'Require: nonsense\r\n' }, /^420 /],
    [
      'a NOTIFY nobody asked for',
      { method: 'NOTIFY', fields: 'Event: dialog\r\nSubscription-State: active\r\n' },
      /^481 /,
    ],
    ['a BYE of no call', { method: 'BYE', to: '<sip:8900@ringmain>;tag=none' }, /^481 /],
    [
      'a Via that is not the sender’s',
      { method: 'OPTIONS', via: 'SIP/2.0/UDP 192.0.2.1:9;branch=z9hG4bKv;rport' },
      /^200 /,
    ],
    [
      'a Route made to look like ours',
      { method: 'INVITE', fields: `Route: <sip:${server};lr;node=evil;flow=abc>\r\n` },
      /^403 /,
    ],
    ['a line end in a display name', { method: 'INVITE', from: '"a\r\nX-Evil: 1" <sip:+44@x.example>;tag=t' }, /^400 /],
    ['no number at all', { method: 'INVITE', uri: 'sip:%0d%0aX-Evil@ringmain' }, /^404 /],
    ['no codec in common', offer(sdp('18')), /^488 /],
    ['a description that is none', offer('hello'), /^488 /],
    [
      'a body that is no description',
      { method: 'INVITE', body: 'hello', fields: 'Content-Type: text/plain\r\n' },
      /^415 /,
    ],
  ])('answers %s as the RFC says', async (_what, request, status) => {
    const answer = await bare.ask(request)

    expect(answer.status).toMatch(status)
    expect(answer.text).not.toMatch(/^X-Evil/m)
  })

  it.each([
    ['a version of SIP nobody speaks', /SIP\/2\.0\r\nVia/, 'SIP/7.0\r\nVia', /^505 /],
    ['a request that has gone far enough', /Max-Forwards: 70/, 'Max-Forwards: 0', /^483 /],
    ['a length that is none', /Content-Length: 0/, 'Content-Length: -1', /^400 /],
    ['a CSeq of another method', /CSeq: 1 OPTIONS/, 'CSeq: 1 INVITE', /^400 /],
  ])('answers %s as the RFC says', async (_what, part, wrong, status) => {
    const answer = await bare.ask(bare.write({ method: 'OPTIONS' }).replace(part, wrong))

    expect(answer.status).toMatch(status)
  })

  describe('at registration', () => {
    const of = (who: string) => ({ from: `<sip:${who}@ringmain>;tag=reg`, to: `<sip:${who}@ringmain>` })
    const ask = (callID: string, cSeq: number, names: { from: string; to: string }, fields = '') =>
      bare.ask({ method: 'REGISTER', uri: 'sip:ringmain', callID, cSeq, fields, ...names })
    /** Credentials of 1003 for a challenge. */
    function credentials(challenge: string): string {
      const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? ''
      const secret = secretOf('1003', 'ringmain', 'demo', 'MD5')
      const use = { nc: '00000001', cnonce: 'c0ffee', qop: 'auth' } as const
      const response = digestOf({ secret, method: 'REGISTER', uri: 'sip:ringmain', nonce, ...use })
      const named = `username="1003", realm="ringmain", nonce="${nonce}", uri="sip:ringmain", response="${response}"`
      return `Authorization: Digest ${named}, algorithm=MD5, qop=auth, nc=00000001, cnonce="c0ffee"\r\n`
    }

    it('refuses somebody else’s name with one’s own password, and binds nothing (RFC 3261 §10.3)', async () => {
      const { text } = await ask('else', 1, of('1004'))

      const answer = await ask('else', 2, of('1004'), credentials(text))

      expect(answer.status).toMatch(/^40[13] /)
      const caller = await bare.ask({ method: 'INVITE', uri: 'sip:1004@ringmain' })
      expect(caller.status).toMatch(/^480 /)
    })

    it('takes credentials once: the same ones again get a new challenge (RFC 7616 §3.4.5)', async () => {
      const { status, text } = await ask('replay', 1, of('1003'))
      const own = credentials(text)
      const first = await ask('replay', 2, of('1003'), own)

      const again = await ask('replayed', 3, of('1003'), own)

      expect([status, first.status, again.status].map((line) => line.slice(0, 3))).toEqual(['401', '200', '401'])
      expect(again.text).toMatch(/^WWW-Authenticate: .*stale=true/im)
    })
  })

  it('the call that was up is up, and Ctrl-C ends it with a BYE', async () => {
    const calls = await admin.calls()
    expect(calls.map(({ dnis }) => dnis)).toContain('8902')

    const code = await demo.interrupt()

    await caller.event('CALL_CLOSED')
    expect(code).toBe(0)
  })
})
