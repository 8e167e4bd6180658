import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { heard } from '#protocols/media/audio/tone.ts'
import { digitOfEvent } from '#protocols/media/dtmf/telephone-event.ts'
import {
  type DialogContent,
  type DialogExit,
  type MsmlEvent,
  type MsmlRequest,
  msmlType,
} from '#protocols/media/msml/msml.ts'
import { parseMsmlResult } from '#protocols/media/msml/parse-msml.ts'
import { buildSdp } from '#protocols/media/sdp/build-sdp.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { World } from '#simulation/world.ts'
import { expectOneStream, Scene, stageIn } from './media-server.conformance.ts'
import type { TestCall } from './test-phone.ts'

const start = (name: string, content: DialogContent): MsmlRequest => ({
  type: 'dialogstart',
  connection: 'self',
  name,
  ...content,
})
const end = (name: string): MsmlRequest => ({ type: 'dialogend', connection: 'self', name })
const play = (prompts: string[], iterate = 1, barge = false) => ({ prompts, iterate, barge })
const collect = { min: 1, max: 1, firstDigitTimeout: 3000, interDigitTimeout: 2000, clear: true }

const exitsOf = (call: TestCall) => call.events.filter((event) => event.name === 'msml.dialog.exit')
const exitOf = (call: TestCall, dialog: string): DialogExit | undefined =>
  exitsOf(call).find((event) => event.dialog === dialog)?.exit
const digitsOf = (call: TestCall) => call.events.flatMap((event) => (event.name === 'dtmf.digit' ? event.digit : []))

describe('treatments by MSML (docs/decisions/0004-msml-subset.md)', () => {
  let world: World
  let scene: Scene
  beforeEach(async () => {
    world = new World()
    scene = await Scene.open(stageIn(world))
  })
  afterEach(() => scene.close())

  const ask = (call: TestCall, request: MsmlRequest) => world.complete(call.ask(request))
  const inform = (call: TestCall, text: string, type: string) =>
    world.complete(new Promise<Message>((resolve) => call.info(Buffer.from(text), resolve, type)))
  const exited = (call: TestCall, dialog: string) => world.runUntil(() => exitOf(call, dialog) !== undefined)

  it('the parameter play starts a dialog of that name with the ACK, and its end is told', async () => {
    const call = await scene.call('conf=a', ';play=low')

    await exited(call, 'play')

    expect(exitOf(call, 'play')).toEqual({ play: 'play.complete' })
    expect(heard(call.heard(), 440).seconds).toBeCloseTo(0.5, 1)
    expect(call.over).toBeUndefined()
  })

  it('leaves out the parameter play where the controller uses its name before the ACK', async () => {
    const call = await world.complete(scene.phone.call(scene.uri('echo', ';play=low')))
    world.links.set('phones', 'media', { loss: 1 })
    await world.runUntil(() => call.status > 0)
    world.links.set('phones', 'media', { loss: 0 })

    const digits = { digits: '1234', duration: 500, interval: 70 }
    expect(await ask(call, start('play', { generate: digits }))).toEqual({ status: 200 })
    await exited(call, 'play')
    await world.run(1000)

    expect(exitsOf(call).map(({ exit }) => exit)).toEqual([{ generate: 'dtmfgen.complete' }])
    expect(call.over).toBeUndefined()
    expect(heard(call.heard(), 440).seconds).toBe(0)
  })

  it('plays prompts one after the other without a gap, as often as wanted, then silence without a break', async () => {
    const call = await scene.call('conf=a')

    expect(await ask(call, start('menu', { play: play(['low', 'high'], 2) }))).toEqual({ status: 200 })
    await exited(call, 'menu')
    await scene.hear(call, 50)

    expect(heard(call.heard(), 440)).toMatchObject({ seconds: 1.5 })
    expect(heard(call.heard(), 440).longestGap).toBeCloseTo(0.5, 1)
    expect(heard(call.heard(), 880).seconds).toBeCloseTo(1.5, 1)
    expectOneStream(call)
    expect(call.packets.at(-1)?.payload).toEqual(new Uint8Array(160).fill(0xff))
  })

  it('plays for ever until its end is asked for', async () => {
    const call = await scene.call('conf=a')
    await ask(call, start('music', { play: play(['low'], Infinity) }))
    await scene.hear(call, 150)

    expect(await ask(call, end('music'))).toEqual({ status: 200 })
    await exited(call, 'music')

    expect(heard(call.heard(), 440).longestGap).toBe(0)
    expect(exitOf(call, 'music')).toEqual({ play: 'play.terminated' })
  })

  it('ends what plays when another dialog is to play, since a leg hears one thing', async () => {
    const call = await scene.call('conf=a', ';play=low;repeat=forever')
    await scene.hear(call, 20)

    await ask(call, start('next', { play: play(['high']) }))
    await exited(call, 'next')

    expect(exitsOf(call).map(({ dialog, exit }) => [dialog, exit.play])).toEqual([
      ['play', 'play.terminated'],
      ['next', 'play.complete'],
    ])
  })

  it('hears no conference while something plays, and the conference goes on hearing it', async () => {
    const caller = await scene.call('conf=a', ';play=low;repeat=forever')
    const agent = await scene.call('conf=a')
    caller.play(1200)
    agent.play(880)
    await scene.hear(agent, 50)

    expect(heard(caller.heard(), 880).seconds).toBe(0)
    expect(heard(agent.heard(), 1200).seconds).toBeGreaterThan(0.8)

    const from = caller.packets.length
    await ask(caller, end('play'))
    await scene.hear(caller, 60)

    expect(heard(caller.heard(from), 880).seconds).toBeGreaterThan(0.9)
    expectOneStream(caller)
  })

  it('tells every digit once, and the exit of the collect that took it after it', async () => {
    const call = await scene.call('conf=a')
    await ask(call, start('menu', { play: play(['low'], Infinity, true), collect: { ...collect, max: 2 } }))
    await scene.hear(call, 10)

    call.press('4')
    await world.run(300)
    call.press('2')
    await exited(call, 'menu')

    expect(call.events.map((event) => event.name)).toEqual(['dtmf.digit', 'dtmf.digit', 'msml.dialog.exit'])
    expect(digitsOf(call)).toEqual(['4', '2'])
    expect(exitOf(call, 'menu')).toEqual({ play: 'play.complete.barge', digits: '42', collect: 'dtmf.match' })
  })

  it('waits for digits as long as it was told, from the end of the play and from digit to digit', async () => {
    const call = await scene.call('conf=a')
    const asked = world.now
    await ask(call, start('none', { play: play(['low']), collect }))
    await exited(call, 'none')

    expect(exitOf(call, 'none')).toEqual({ play: 'play.complete', digits: '', collect: 'dtmf.noinput' })
    expect(world.now - asked).toBeGreaterThanOrEqual(3500)
    expect(world.now - asked).toBeLessThan(3700)

    await ask(call, start('few', { collect: { ...collect, min: 2, max: 3 } }))
    call.press('7')
    await exited(call, 'few')

    expect(exitOf(call, 'few')).toEqual({ digits: '7', collect: 'dtmf.nomatch' })
  })

  it('keeps digits typed ahead for a collect that does not forget them', async () => {
    const call = await scene.call('conf=a')
    call.press('5')
    await world.run(100)

    await ask(call, start('ahead', { collect: { ...collect, clear: false } }))
    await exited(call, 'ahead')

    expect(exitOf(call, 'ahead')).toEqual({ digits: '5', collect: 'dtmf.match' })
  })

  it.each([
    ['application/dtmf-relay', 'Signal=4\r\nDuration=160\r\n'],
    ['application/dtmf', '4'],
  ])('takes a digit by INFO as one in RTP, %s (docs/decisions/0042-digits-by-info.md)', async (type, text) => {
    const call = await scene.call('conf=a')
    await ask(call, start('menu', { play: play(['low'], Infinity, true), collect }))
    await scene.hear(call, 10)

    const response = await inform(call, text, type)
    await exited(call, 'menu')

    expect(response.status).toBe(200)
    expect(digitsOf(call)).toEqual(['4'])
    expect(exitOf(call, 'menu')).toEqual({ play: 'play.complete.barge', digits: '4', collect: 'dtmf.match' })
  })

  it.each([
    ['in RTP first', ['RTP', 'INFO']],
    ['by INFO first', ['INFO', 'RTP']],
  ])('counts each digit once of a phone that sends it in both ways, %s', async (_how, ways) => {
    const call = await scene.call('conf=a')

    for (const digit of '1123') {
      for (const way of ways) {
        if (way === 'RTP') call.press(digit)
        else await inform(call, digit, 'application/dtmf')
        await world.run(100)
      }
    }

    expect(digitsOf(call)).toEqual(['1', '1', '2', '3'])
  })

  it('takes the digits of somebody else, to whom the leg is moved, in his way', async () => {
    const call = await scene.call('conf=a')
    call.press('1')
    await world.run(100)
    const sdp = buildSdp(call.offer())
      .toString()
      .replace(/m=audio \d+/, 'm=audio 4002')

    await world.complete(call.reinvite({ type: 'application/sdp', bytes: Buffer.from(sdp) }))
    await inform(call, '2', 'application/dtmf')
    await world.run(100)

    expect(digitsOf(call)).toEqual(['1', '2'])
  })

  it('hears a digit under the number that it offered, whatever number the answer has (RFC 3264 §6.1)', async () => {
    const call = await scene.call('conf=a', '', { lateOffer: true })
    const answer = Buffer.from(
      buildSdp(call.offer())
        .toString()
        .replace(/\b101\b/g, '96'),
    )
    await world.complete(
      new Promise<void>((resolve) =>
        call.session.reinvite(undefined, ({ body, acknowledge }) => {
          expect(body?.bytes.toString()).toContain('a=rtpmap:101 telephone-event/8000')
          acknowledge?.({ type: 'application/sdp', bytes: answer })
          resolve()
        }),
      ),
    )
    await world.run(100)

    call.press('6')
    await world.run(200)

    expect(digitsOf(call)).toEqual(['6'])
  })

  it('refuses an INFO with 400 whose body has no digit, e.g. a flash', async () => {
    const call = await scene.call('conf=a')

    const response = await inform(call, 'Signal=16\r\nDuration=100\r\n', 'application/dtmf-relay')
    await world.run(100)

    expect(response.status).toBe(400)
    expect(digitsOf(call)).toEqual([])
  })

  it('sends digits as telephone events with three ends each (RFC 4733 §2.5.1.4), one dialog after the other', async () => {
    const call = await scene.call('conf=a')

    await ask(call, start('first', { generate: { digits: '1#', duration: 100, interval: 70 } }))
    await ask(call, start('second', { generate: { digits: 'D', duration: 40, interval: 40 } }))
    await exited(call, 'second')

    const events = call.packets.filter(({ type }) => type === 101)
    const ends = events.filter(({ payload }) => (payload[1] ?? 0) & 0x80)
    expect(ends.map(({ payload }) => digitOfEvent(payload[0] ?? 0))).toEqual([...'111###DDD'])
    expect(new Set(events.map(({ timestamp }) => timestamp)).size).toBe(3)
    expect(events.filter(({ marker }) => marker)).toHaveLength(3)
    expect(ends.map(({ payload }) => ((payload[2] ?? 0) << 8) | (payload[3] ?? 0)).slice(0, 3)).toEqual([800, 800, 800])
    expect([exitOf(call, 'first'), exitOf(call, 'second')]).toEqual([
      { generate: 'dtmfgen.complete' },
      { generate: 'dtmfgen.complete' },
    ])
    expectOneStream(call)
  })

  it('cannot send digits to a leg that takes no telephone events', async () => {
    const sdp = (port: number) =>
      `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`
    const call = await scene.call('conf=a', '', { sdp: sdp(4000) })

    await ask(call, start('digits', { generate: { digits: '1', duration: 100, interval: 70 } }))
    await exited(call, 'digits')

    expect(exitOf(call, 'digits')).toEqual({ generate: 'dtmfgen.terminated' })
  })

  it('breaks digits off where the leg no longer takes telephone events', async () => {
    const call = await scene.call('conf=a')
    await ask(call, start('digits', { generate: { digits: '1234567', duration: 500, interval: 70 } }))
    await scene.hear(call, 10)
    const sdp = buildSdp(call.offer())
      .toString()
      .replace(/a=(?:rtpmap|fmtp):101.*\r\n/g, '')
      .replace(/ 101\r/, '\r')

    await world.complete(call.reinvite({ type: 'application/sdp', bytes: Buffer.from(sdp) }))
    await exited(call, 'digits')
    await world.run(100)

    expect(exitOf(call, 'digits')).toEqual({ generate: 'dtmfgen.terminated' })
    expect(new Set(call.packets.map(({ type }) => type))).toEqual(new Set([0, 101]))
  })

  it('passes a digit on to the only other leg of the conference', async () => {
    const one = await scene.call('conf=a')
    const other = await scene.call('conf=a')
    await scene.hear(other, 5)

    one.press('8')
    await world.run(200)

    expect(digitsOf(one)).toEqual(['8'])
    const events = other.packets.filter(({ type }) => type === 101)
    expect(events.map(({ payload }) => payload[0])).toEqual([8, 8, 8, 8, 8])
    expectOneStream(other)
  })

  it.each([
    ['a name that is in use', start('play', { play: play(['low']) }), 431],
    ['a prompt that is not there', start('new', { play: play(['nothing']) }), 430],
    ['the end of a dialog that is not there', end('nothing'), 430],
    ['another connection', { ...end('play'), connection: 'other' }, 430],
  ] satisfies [string, MsmlRequest, number][])('refuses %s', async (_what, request, status) => {
    const call = await scene.call('conf=a', ';play=low;repeat=forever')
    await scene.hear(call, 1)

    expect((await ask(call, request)).status).toBe(status)
    await world.run(100)

    expect(exitsOf(call)).toEqual([])
  })

  it('refuses what is no MSML with 200 and its code, and what is no MSML body at all with 415 (RFC 5707 §4)', async () => {
    const call = await scene.call('conf=a')

    const garbage = await inform(call, '<msml version="1.1"><!DOCTYPE x>', msmlType)
    const unknown = await inform(call, '<msml version="1.1"><createconference/></msml>', msmlType)
    const other = await inform(call, 'hello', 'text/plain')

    expect([garbage.status, unknown.status, other.status]).toEqual([200, 200, 415])
    expect(parseMsmlResult(garbage.body)).toMatchObject({ status: 400 })
    expect(parseMsmlResult(unknown.body)).toMatchObject({ status: 401 })
  })

  it('accepts the tag of the connection as well as self', async () => {
    const call = await scene.call('conf=a', ';play=low')
    await exited(call, 'play')
    const tag = (call.events[0] as MsmlEvent).connection

    expect(tag).toBe(call.response?.toTag)
    expect((await ask(call, { ...start('again', { play: play(['low']) }), connection: tag })).status).toBe(200)
  })

  it('tells a leg that is silent though it should send, once, and when it is heard again', async () => {
    const call = await scene.call('conf=a')
    call.play(440)
    await world.run(1000)
    call.stop()
    await world.run(19_000)
    expect(call.events).toEqual([])

    await world.run(3000)
    call.play(440)
    await world.run(500)

    const { connection } = call.events[0] as MsmlEvent
    expect(call.events).toEqual([
      { name: 'ringmain.rtp.silent', connection, seconds: 20 },
      { name: 'ringmain.rtp.resumed', connection },
    ])
  })

  it('tells the silence of a leg anew where it is expected from somewhere else', async () => {
    const call = await scene.call('conf=a')
    await world.run(22_000)
    const sdp = buildSdp(call.offer())
      .toString()
      .replace(/m=audio \d+/, 'm=audio 4002')

    await world.complete(call.reinvite({ type: 'application/sdp', bytes: Buffer.from(sdp) }))
    await world.run(22_000)

    expect(call.events.map(({ name }) => name)).toEqual(['ringmain.rtp.silent', 'ringmain.rtp.silent'])
  })

  it('expects nothing of a leg on hold', async () => {
    const call = await scene.call('conf=a')

    expect(await world.complete(call.reoffer('sendonly'))).toBe(200)
    await world.complete(call.reoffer('inactive'))
    await world.run(60_000)

    expect(call.events).toEqual([])
    const before = call.packets.length
    await world.run(1000)
    expect(call.packets.length).toBe(before)
  })

  it('says nothing in MSML to a phone that did not ask', async () => {
    const call = await scene.call('echo')

    call.press('1')
    await world.run(500)

    expect(call.events).toEqual([])
  })
})
