/** baresip calls the media server directly: what it hears is what was to be heard, without a gap above 100 ms. */
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { mediaServer, type RunningMediaServer } from '#layers/voice/media-server/component.ts'
import { threaded } from '#layers/voice/media-server/rtp/threaded.ts'
import { InProcessCoordination } from '#platform/coordination/in-process.ts'
import { silentLog } from '#platform/log/log.ts'
import { noMetrics } from '#platform/metrics/metrics.ts'
import { type NodeRuntime, nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { Baresip } from '../peers/baresip.ts'
import { temporaryFolder } from '../peers/process.ts'
import { heard, writeTone } from '../peers/wav.ts'
import { demoPorts, phonePorts } from '../rig/ports.ts'

describe('media server and baresip', () => {
  let runtime: NodeRuntime
  let server: RunningMediaServer
  let prompts: { path: string; remove(): void }
  let phones: Baresip[] = []

  beforeAll(async () => {
    runtime = nodeRuntime()
    prompts = temporaryFolder('prompts')
    writeTone(join(prompts.path, 'tone.wav'), 880, 3)
    const coordination = new InProcessCoordination().member(runtime.clock)
    const config = {
      name: 'media1',
      dc: 'dc1',
      listen: { host: '127.0.0.1', port: 0 },
      rtp: { hosts: ['127.0.0.1'], first: demoPorts.rtp, last: demoPorts.rtp + 99 },
      workers: 1,
      prompts: [prompts.path],
      silenceSeconds: 20,
    }
    const context = { runtime, coordination, log: silentLog, metrics: noMetrics, config }
    server = await mediaServer({ openWorker: threaded(runtime.clock) }).start(context)
  })
  afterEach(async () => {
    await Promise.all(phones.map((phone) => phone.stop()))
    phones = []
  })
  afterAll(async () => {
    await server.stop()
    await runtime.close()
    prompts.remove()
  })

  async function phone(number: number, tone: number, codec: 'PCMU' | 'PCMA'): Promise<Baresip> {
    const outbound = `sip:127.0.0.1:${server.sip.port}`
    const started = await Baresip.start({ user: `caller${number}`, ...phonePorts(number), outbound, tone, codec })
    phones.push(started)
    return started
  }
  const uri = (user: string, parameters = '') => `sip:${user}@127.0.0.1:${server.sip.port}${parameters}`
  const later = (ms: number) => new Promise<void>((resolve) => void runtime.clock.after(ms, resolve))

  it('echo@ gives the phone its own tone back without a gap', async () => {
    const caller = await phone(1, 440, 'PCMU')

    caller.dial(uri('echo'))
    await caller.event('CALL_ESTABLISHED')
    await later(5000)
    caller.hangup()
    await caller.event('CALL_CLOSED')

    const found = heard(caller.heard(), 440)
    expect(found.seconds).toBeGreaterThan(4)
    expect(found.longestGap).toBeLessThanOrEqual(100)
  })

  it('annc@ plays its prompt whole in A-law, then hangs up', async () => {
    const caller = await phone(2, 440, 'PCMA')

    caller.dial(uri('annc', ';play=tone'))
    await caller.event('CALL_ESTABLISHED')
    await caller.event('CALL_CLOSED')

    const found = heard(caller.heard(), 880, 0)
    expect(found.seconds).toBeGreaterThan(2.8)
    expect(found.longestGap).toBeLessThanOrEqual(100)
  })

  it('conf=@ lets two phones hear each other, one in each law', async () => {
    const one = await phone(3, 440, 'PCMU')
    const other = await phone(4, 880, 'PCMA')

    one.dial(uri('conf=room'))
    await one.event('CALL_ESTABLISHED')
    other.dial(uri('conf=room'))
    await other.event('CALL_ESTABLISHED')
    await later(5000)
    other.hangup()
    one.hangup()
    await Promise.all([one.event('CALL_CLOSED'), other.event('CALL_CLOSED')])

    for (const [phone, tone] of [
      [one, 880],
      [other, 440],
    ] as const) {
      const found = heard(phone.heard(), tone)
      expect(found.seconds).toBeGreaterThan(4)
      expect(found.longestGap).toBeLessThanOrEqual(100)
    }
  })
})
