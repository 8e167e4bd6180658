import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Metrics, Sample } from '#platform/metrics/metrics.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { heard } from '#protocols/media/audio/tone.ts'
import { writeHeader } from '#protocols/media/rtp/rtp-packet.ts'
import { World } from '#simulation/world.ts'
import { expectOneStream, Scene, stageIn } from './media-server.conformance.ts'
import type { OpenRtpWorker } from './rtp/channel.ts'

const sdp = (lines: string, address = '127.0.0.1') =>
  `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\n${lines}\r\n`

/** Gauges by name and label, as they are read. */
function gauges() {
  const reads = new Map<string, () => number | readonly Sample<string>[]>()
  const metrics: Metrics = {
    ...noMetrics,
    gauge: (name, _help, read) => void reads.set(name, read as () => number | readonly Sample<string>[]),
  }
  const value = (name: string, label: string): number => {
    const samples = reads.get(name)?.()
    if (!Array.isArray(samples)) return Number(samples)
    return samples.find((sample: Sample<string>) => Object.values(sample.labels)[0] === label)?.value ?? 0
  }
  return { metrics, value }
}

describe('media server as a SIP endpoint', () => {
  let world: World
  let scene: Scene
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => scene.close())

  it.each([
    ['an unknown prompt', 'conf=a', ';play=nothing', 404],
    ['a prompt that is a path', 'annc', ';play=..%2Fsecret', 404],
    ['an announcement of nothing', 'annc', '', 400],
    ['a bad repeat', 'annc', ';play=low;repeat=often', 400],
    ['an unknown service', 'dialog', '', 404],
  ])('refuses %s', async (_what, user, parameters, status) => {
    scene = await Scene.open(stageIn(world))

    expect((await scene.call(user, parameters)).status).toBe(status)
  })

  it.each([
    ['no common codec', sdp('m=audio 4000 RTP/AVP 9 18'), 488],
    [
      'SRTP without a key that is spoken',
      sdp('m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_192_CM_HMAC_SHA1_80 inline:AAAA'),
      488,
    ],
    ['video alone', sdp('m=video 4000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000'), 488],
    ['IPv6 where it has none', sdp('m=audio 4000 RTP/AVP 0').replace(/IP4 127.0.0.1\r\nt/, 'IP6 ::1\r\nt'), 488],
    ['something else than SDP', 'hello', 400],
  ])('refuses %s, and keeps no port', async (_what, text, status) => {
    scene = await Scene.open(stageIn(world), { rtp: { hosts: ['127.0.0.1'], first: 24_000, last: 24_001 } })

    expect((await scene.call('echo', '', { sdp: text })).status).toBe(status)
    expect((await scene.call('echo')).status).toBe(200)
  })

  it('takes a late offer: ours is in the 200, the answer in the ACK (RFC 3261 §13.2.1)', async () => {
    scene = await Scene.open(stageIn(world))

    const call = await scene.call('annc', ';play=low', { lateOffer: true, codecs: ['PCMA'] })
    await world.runUntil(() => call.over === 'bye')

    expect(heard(call.heard(), 440).seconds).toBeCloseTo(0.5, 1)
    expect(call.packets[0]?.type).toBe(8)
  })

  it('takes no RTP where SRTP was agreed, and no packet twice; both are counted', async () => {
    const { metrics, value } = gauges()
    scene = await Scene.open(stageIn(world), {}, metrics)
    const call = await scene.call('echo', '', { srtp: true })
    const packet = Buffer.alloc(172)
    writeHeader(packet, 0, false, 1, 160, 7)

    call.sendRaw(packet)
    call.send(packet)
    call.send(packet)
    await scene.hear(call, 60)

    expect(value('rtp_dropped', 'security')).toBe(2)
  })

  it('goes on with its counters over a re-INVITE that keeps the keys (RFC 3711 §9.1)', async () => {
    scene = await Scene.open(stageIn(world))
    const call = await scene.call('echo', '', { srtp: true })
    call.play(440)
    await scene.hear(call, 20)

    expect(await world.complete(call.reoffer('sendrecv'))).toBe(200)
    await scene.hear(call, 20)

    expect(heard(call.heard(20), 440).seconds).toBeGreaterThan(0.3)
    expectOneStream(call)
  })

  it('offers SRTP again in a dialog that has it (RFC 3264 §8)', async () => {
    scene = await Scene.open(stageIn(world))
    const call = await scene.call('echo', '', { srtp: true })

    const offer = await world.complete(call.askForOffer())

    expect(offer.media[0]?.protocol).toBe('RTP/SAVP')
    call.play(440)
    await scene.hear(call, 20)
    expect(heard(call.heard(), 440).seconds).toBeGreaterThan(0.3)
  })

  it('follows a re-INVITE to another law, direction and address, and counts its version up (RFC 3264 §8)', async () => {
    scene = await Scene.open(stageIn(world))
    const call = await scene.call('annc', ';play=low;repeat=forever')
    await scene.hear(call, 10)
    const before = call.answer?.origin
    const { port } = call.address

    const law = sdp(`m=audio ${port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000`)
    expect(await world.complete(call.reinvite({ type: 'application/sdp', bytes: Buffer.from(law) }))).toBe(200)
    await scene.hear(call, 50)
    expect(call.answer?.origin).toEqual({ ...before, version: String(Number(before?.version) + 1) })
    expect(call.packets.at(-1)?.type).toBe(8)
    expect(heard(call.heard(), 440).longestGap).toBe(0)
    expectOneStream(call)

    const none = sdp('m=audio 4000 RTP/AVP 9')
    expect(await world.complete(call.reinvite({ type: 'application/sdp', bytes: Buffer.from(none) }))).toBe(488)
    await scene.hear(call, 10)

    const away = sdp(`m=audio ${port} RTP/AVP 8`, '127.0.0.9')
    await world.complete(call.reinvite({ type: 'application/sdp', bytes: Buffer.from(away) }))
    const heardBefore = call.packets.length
    await world.run(500)
    expect(call.packets.length).toBe(heardBefore)
  })

  it('drops and counts RTP from anybody but the signalled peer, and what is no RTP', async () => {
    const { metrics, value } = gauges()
    scene = await Scene.open(stageIn(world), {}, metrics)
    const call = await scene.call('echo')
    await scene.hear(call, 10)
    const thief = await world.complete(scene.phone.runtime.net.udp({ host: '127.0.0.1', port: 0 }, () => {}))
    const packet = Buffer.alloc(172, 0x11)
    writeHeader(packet, 0, false, 1, 160, 99)

    for (let count = 0; count < 5; count += 1) thief.send(packet, call.stream?.remote ?? { host: '', port: 0 })
    call.send(Buffer.from('hello'))
    await world.run(1500)

    expect(call.packets.some(({ payload }) => payload[0] === 0x11)).toBe(false)
    expect(value('rtp_dropped', 'source')).toBe(5)
    expect(value('rtp_dropped', 'malformed')).toBe(1)
    expect(value('rtp_packets', 'in')).toBe(0)
    await world.complete(thief.close())
  })

  it('knows its peer on IPv6 however its address was written, and takes nothing from others there', async () => {
    const { metrics, value } = gauges()
    scene = await Scene.open(stageIn(world), {}, metrics)
    const call = await scene.call('echo', '', { at: '::1' })
    const thief = await world.complete(scene.phone.runtime.net.udp({ host: '::2', port: call.address.port }, () => {}))
    const written = `v=0\r\no=- 1 2 IN IP6 ::1\r\ns=-\r\nc=IN IP6 0:0:0:0:0:0:0:1\r\nt=0 0\r\nm=audio ${call.address.port} RTP/AVP 0\r\n`

    expect(await world.complete(call.reinvite({ type: 'application/sdp', bytes: Buffer.from(written) }))).toBe(200)
    const from = call.packets.length
    call.play(440)
    thief.send(Buffer.from('hello'), call.stream?.remote ?? { host: '', port: 0 })
    await scene.hear(call, 60)

    expect(heard(call.heard(from), 440).seconds).toBeGreaterThan(0.8)
    await world.run(1500)
    expect(value('rtp_dropped', 'source')).toBe(1)
    await world.complete(thief.close())
  })

  it('follows a phone that goes from IPv4 to IPv6 in the call, under the same origin (RFC 3264 §8)', async () => {
    scene = await Scene.open(stageIn(world))
    const call = await scene.call('annc', ';play=low;repeat=forever')
    await scene.hear(call, 10)
    const { origin, media } = call.answer ?? {}
    const heardThere: Buffer[] = []
    const there = await world.complete(
      scene.phone.runtime.net.udp({ host: '::1', port: 0 }, (bytes) => heardThere.push(bytes)),
    )
    const moved = sdp(`c=IN IP6 ::1\r\nm=audio ${there.local.port} RTP/AVP 0`).replace('c=IN IP4 127.0.0.1\r\n', '')

    expect(await world.complete(call.reinvite({ type: 'application/sdp', bytes: Buffer.from(moved) }))).toBe(200)
    await world.run(500)

    expect(call.answer?.media[0]).toMatchObject({ address: '::1', port: media?.[0]?.port })
    expect(call.answer?.origin.address).toBe(origin?.address)
    expect(heardThere.length).toBeGreaterThan(20)
    await world.complete(there.close())
  })

  it('answers 503 when no port is left, and has it again after the BYE', async () => {
    scene = await Scene.open(stageIn(world), { rtp: { hosts: ['127.0.0.1'], first: 24_000, last: 24_001 } })
    const first = await scene.call('echo')

    expect((await scene.call('echo')).status).toBe(503)
    first.session.bye()
    await world.run(100)

    expect((await scene.call('echo')).status).toBe(200)
  })

  it('passes over a port that somebody else has', async () => {
    const other = await world.complete(world.host('other').net.udp({ host: '127.0.0.1', port: 24_000 }, () => {}))
    scene = await Scene.open(stageIn(world), { rtp: { hosts: ['127.0.0.1'], first: 24_000, last: 24_003 } })

    const call = await scene.call('echo')

    expect(call.stream?.remote?.port).toBe(24_002)
    await world.complete(other.close())
  })

  it('lets the further legs of a conference in above its capacity, and nobody else', async () => {
    scene = await Scene.open(stageIn(world), { capacity: 1 })
    await scene.call('conf=a')

    expect((await scene.call('echo')).status).toBe(503)
    expect((await scene.call('conf=b')).status).toBe(503)
    expect((await scene.call('conf=a')).status).toBe(200)
  })

  it('refuses a leg that finds no port so that it is tried again here where its conference is, else elsewhere', async () => {
    scene = await Scene.open(stageIn(world), { rtp: { hosts: ['127.0.0.1'], first: 24_000, last: 24_001 } })
    await scene.call('conf=a')

    expect((await scene.call('conf=a')).status).toBe(480)
    expect((await scene.call('conf=b')).status).toBe(503)
    expect((await scene.call('echo')).status).toBe(503)
  })

  it('takes no leg of a conference that was sent elsewhere for want of a port, until that has no other leg', async () => {
    scene = await Scene.open(stageIn(world), { rtp: { hosts: ['127.0.0.1'], first: 24_000, last: 24_001 } })
    const other = await world.complete(world.host('other').net.udp({ host: '127.0.0.1', port: 24_000 }, () => {}))
    expect((await scene.call('conf=a')).status).toBe(503)
    await world.complete(other.close())

    expect((await scene.call('conf=a')).status).toBe(503)
    expect((await scene.call('conf=a', ';first')).status).toBe(200)
  })

  it('keeps half of its ports for further legs of its conferences, unless told otherwise', async () => {
    scene = await Scene.open(stageIn(world), { rtp: { hosts: ['127.0.0.1'], first: 24_000, last: 24_007 } })
    for (const conference of ['conf=a', 'conf=b']) await scene.call(conference)

    expect((await scene.call('echo')).status).toBe(503)
    expect((await scene.call('conf=a')).status).toBe(200)
    expect((await scene.call('conf=b')).status).toBe(200)
  })

  it('drains: takes no new call, and is done when the last has ended', async () => {
    scene = await Scene.open(stageIn(world))
    const call = await scene.call('conf=a')
    let isDone = false

    const drained = scene.server.drain().then(() => {
      isDone = true
    })
    expect((await scene.call('echo')).status).toBe(503)
    expect((await scene.call('conf=a')).status).toBe(200)
    expect(isDone).toBe(false)
    expect(scene.server.health()).toEqual({ status: 'degraded', reasons: ['draining'] })
    await scene.hangUp()
    await world.complete(drained)

    expect(call.over).toBeUndefined()
    expect(isDone).toBe(true)
  })

  it('closes the audio of a call that is cancelled', async () => {
    scene = await Scene.open(stageIn(world), { rtp: { hosts: ['127.0.0.1'], first: 24_000, last: 24_001 } })
    const call = await world.complete(scene.phone.call(scene.uri('echo')))
    call.session.cancel()
    await world.runUntil(() => call.status > 0)
    await world.run(100)

    expect((await scene.call('echo')).status).toBe(200)
  })

  it('ends its calls when it stops', async () => {
    scene = await Scene.open(stageIn(world))
    const call = await scene.call('echo')

    await world.complete(scene.server.stop())
    await world.run(100)

    expect(call.over).toBe('bye')
  })

  it('ends the calls of a thread that is gone, and goes on with a new one', async () => {
    let lose = (_error: Error) => {}
    const stage = stageIn(world)
    const openWorker: OpenRtpWorker = (options, told, lost) => {
      lose = lost
      return stage.openWorker(options, told, lost)
    }
    scene = await Scene.open({ ...stage, openWorker })
    const call = await scene.call('echo')

    lose(new Error('out of memory'))
    expect(scene.server.health().status).toBe('down')
    await world.runUntil(() => call.over !== undefined)

    expect(scene.server.health()).toEqual({ status: 'ok', reasons: [] })
    expect((await scene.call('echo')).status).toBe(200)
  })

  it('counts prompts that cannot be played as a fault, and plays the others', async () => {
    const stage = stageIn(world)
    await world.complete(stage.server.disk.replace('prompts/broken.wav', Buffer.from('no wave at all')))
    scene = await Scene.open(stage)

    expect(scene.server.health()).toEqual({ status: 'degraded', reasons: ['prompts/broken.wav is no WAV file'] })
    expect((await scene.call('annc', ';play=broken')).status).toBe(404)
    expect((await scene.call('annc', ';play=low')).status).toBe(200)
  })
})
