/** What a media server must do wherever its audio runs: in threads, or in the loop of a virtual world. */
import { afterEach, describe, expect, it } from 'vitest'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import type { Runtime } from '#platform/runtime/runtime.ts'
import { heard, tone, toneShare } from '#protocols/media/audio/tone.ts'
import { writeWav } from '#protocols/media/audio/wav.ts'
import { sequenceDistance, timestampDistance } from '#protocols/media/rtp/rtp-packet.ts'
import { mediaServer, type RunningMediaServer } from './component.ts'
import type { Config } from './config.ts'
import type { OpenRtpWorker } from './rtp/channel.ts'
import { inLoop } from './rtp/in-loop.ts'
import { type CallOptions, type TestCall, TestPhone } from './test-phone.ts'

/** Where the suite runs. */
export type Stage = {
  /** Of the media server, and of the phones. */
  readonly server: Runtime
  readonly phones: Runtime
  readonly openWorker: OpenRtpWorker
  /** Seconds of silence in a tone that the machine may cause: none under a virtual clock. */
  readonly gap: number
  /** A directory for prompts. */
  readonly folder: string
  /** Lets things happen until it is so. */
  until(condition: () => boolean): Promise<void>
  complete<T>(promise: Promise<T>): Promise<T>
  close(): Promise<void>
}

/** A simulated world, as tests may hand it in. */
export type VirtualWorld = {
  host(name: string): Runtime
  runUntil(condition: () => boolean): Promise<void>
  complete<T>(promise: Promise<T>): Promise<T>
}

export function stageIn(world: VirtualWorld): Stage {
  const server = world.host('media')
  return {
    server,
    phones: world.host('phones'),
    openWorker: inLoop(server),
    gap: 0,
    folder: 'prompts',
    until: (condition) => world.runUntil(condition),
    complete: (promise) => world.complete(promise),
    close: async () => {},
  }
}

const config: Config = {
  name: 'media1',
  dc: 'dc1',
  listen: { host: '127.0.0.1', port: 0 },
  rtp: { hosts: ['127.0.0.1'], first: 24_000, last: 24_199 },
  workers: 1,
  prompts: [],
  silenceSeconds: 20,
}

/** Tones as prompts: `low` 440 Hz for 0.5 s, `high` 880 Hz for 0.5 s. */
async function writePrompts({ server, folder }: Pick<Stage, 'server' | 'folder'>): Promise<void> {
  await server.disk.replace(`${folder}/low.wav`, writeWav(tone(440, 0.5)))
  await server.disk.replace(`${folder}/high.wav`, writeWav(tone(880, 0.5)))
}

export class Scene {
  readonly stage: Stage
  readonly server: RunningMediaServer
  readonly phone: TestPhone
  private readonly calls: TestCall[] = []

  private constructor(stage: Stage, server: RunningMediaServer, phone: TestPhone) {
    this.stage = stage
    this.server = server
    this.phone = phone
  }

  static async open(stage: Stage, changes: Partial<Config> = {}, metrics = noMetrics): Promise<Scene> {
    await stage.complete(writePrompts(stage))
    const { server: runtime } = stage
    const coordination = new InProcessCoordination().member(runtime.clock)
    const context = { runtime, coordination, log: silentLog, metrics }
    const component = mediaServer({ openWorker: stage.openWorker })
    // Suites that run at the same time on one machine should not try the same ports first.
    const first = 24_000 + 2 * (runtime.random.bytes(2).readUInt16LE() % 2000)
    const rtp = { hosts: ['127.0.0.1', '::1'], first, last: first + 199 }
    const server = await stage.complete(
      component.start({ ...context, config: { ...config, rtp, prompts: [stage.folder], ...changes } }),
    )
    return new Scene(stage, server, await stage.complete(TestPhone.open(stage.phones, '127.0.0.1')))
  }

  /** The URI of a service here. */
  uri(user: string, parameters = ''): string {
    return `sip:${user}@127.0.0.1:${this.server.sip.port}${parameters}`
  }

  async call(user: string, parameters = '', options: CallOptions = {}): Promise<TestCall> {
    const call = await this.stage.complete(this.phone.call(this.uri(user, parameters), options))
    this.calls.push(call)
    await this.stage.until(() => call.status > 0)
    return call
  }

  /** Lets so many packets come. */
  async hear(call: TestCall, packets: number): Promise<void> {
    const wanted = call.packets.length + packets
    await this.stage.until(() => call.packets.length >= wanted)
  }

  async hangUp(): Promise<void> {
    for (const call of this.calls.splice(0)) await this.stage.complete(call.close())
  }

  async close(): Promise<void> {
    await this.hangUp()
    await this.stage.complete(this.server.stop())
    await this.stage.close()
  }
}

/** One SSRC, numbers without a break, timestamps that never go back (RFC 3550 §5.1). */
export function expectOneStream({ packets }: TestCall): void {
  const first = packets[0]
  for (const [index, packet] of packets.entries()) {
    const before = packets[index - 1]
    expect(packet.ssrc).toBe(first?.ssrc)
    if (before === undefined) continue
    expect(sequenceDistance(before.sequence, packet.sequence)).toBe(1)
    if (packet.type < 96) expect(timestampDistance(before.timestamp, packet.timestamp)).toBeGreaterThan(0)
  }
}

export function mediaServerConformance(name: string, openStage: () => Promise<Stage>): void {
  describe(`media server, ${name}`, () => {
    let scene: Scene
    afterEach(() => scene.close())

    it('announces as often as it is asked, then ends the call (RFC 4240 §3)', async () => {
      scene = await Scene.open(await openStage())

      const call = await scene.call('annc', ';play=low;repeat=2')
      await scene.stage.until(() => call.over !== undefined)

      expect(call.over).toBe('bye')
      const found = heard(call.heard(), 440)
      expect(found.seconds).toBeCloseTo(1, 1)
      expect(found.longestGap).toBe(0)
      expectOneStream(call)
    })

    it('gives back what it hears', async () => {
      scene = await Scene.open(await openStage())
      const call = await scene.call('echo')

      call.play(440)
      await scene.hear(call, 60)

      const found = heard(call.heard(), 440)
      expect(found.seconds).toBeGreaterThan(0.8)
      expect(found.longestGap).toBeLessThanOrEqual(scene.stage.gap)
      expectOneStream(call)
    })

    it('lets two legs of a conference hear each other, whatever law each speaks (RFC 4240 §5)', async () => {
      scene = await Scene.open(await openStage())
      const one = await scene.call('conf=a', '', { codecs: ['PCMA'] })
      const other = await scene.call('conf=a', '', { codecs: ['PCMU'] })

      one.play(440)
      other.play(880)
      await scene.hear(one, 60)
      await scene.hear(other, 20)

      expect(heard(one.heard(), 880).seconds).toBeGreaterThan(0.8)
      expect(heard(other.heard(), 440).seconds).toBeGreaterThan(0.8)
      expect(heard(one.heard(), 440).seconds).toBe(0)
      expectOneStream(one)
      expectOneStream(other)
    })

    it('lets a leg on IPv4 and one on IPv6 hear each other (RFC 6157 §3.1)', async () => {
      scene = await Scene.open(await openStage())
      const one = await scene.call('conf=a')
      const other = await scene.call('conf=a', '', { at: '::1' })

      one.play(440)
      other.play(880)
      await scene.hear(one, 60)
      await scene.hear(other, 20)

      expect([one, other].map(({ stream }) => stream?.remote?.host)).toEqual(['127.0.0.1', '::1'])
      expect(heard(one.heard(), 880).seconds).toBeGreaterThan(0.8)
      expect(heard(other.heard(), 440).seconds).toBeGreaterThan(0.8)
      expectOneStream(one)
      expectOneStream(other)
    })

    it('lets a leg over SRTP and one over RTP hear each other (RFC 3711)', async () => {
      scene = await Scene.open(await openStage())
      const one = await scene.call('conf=a', '', { srtp: true })
      const other = await scene.call('conf=a', '', { codecs: ['PCMA'] })

      one.play(440)
      other.play(880)
      await scene.hear(one, 60)
      await scene.hear(other, 20)

      expect(one.answer?.media[0]?.protocol).toBe('RTP/SAVP')
      expect(heard(one.heard(), 880).seconds).toBeGreaterThan(0.8)
      expect(heard(other.heard(), 440).seconds).toBeGreaterThan(0.8)
      expectOneStream(one)
      expectOneStream(other)
    })

    it('lets each of three hear the other two and not itself', async () => {
      scene = await Scene.open(await openStage())
      const [one, two, three] = [await scene.call('conf=a'), await scene.call('conf=a'), await scene.call('conf=a')]

      one.play(440)
      two.play(880)
      await scene.hear(three, 60)

      expect(heard(one.heard(), 880).seconds).toBeGreaterThan(0.8)
      expect(heard(one.heard(), 440).seconds).toBe(0)
      expect(heard(two.heard(), 440).seconds).toBeGreaterThan(0.8)
      for (const hertz of [440, 880]) expect(loudestShare(three.heard(), hertz)).toBeGreaterThan(0.4)
      for (const call of [one, two, three]) expectOneStream(call)
    })
  })
}

/** The share of a tone where it is greatest, 100 ms at a time. */
const loudestShare = (samples: Int16Array, hertz: number): number =>
  Math.max(
    ...Array.from({ length: Math.floor(samples.length / 800) }, (_, at) =>
      toneShare(samples.subarray(at * 800, (at + 1) * 800), hertz),
    ),
  )
