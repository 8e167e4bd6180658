import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deferred } from '#platform/deferred.ts'
import { type NodeRuntime, nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { headerLength, marker, payloadType, sequence, timestamp } from '#protocols/media/rtp/rtp-packet.ts'
import { threadedVoices } from './threaded-voices.ts'
import type { Voices } from './voices.ts'

describe('voices in a thread', () => {
  let runtime: NodeRuntime
  let voices: Voices
  beforeEach(async () => {
    runtime = nodeRuntime()
    voices = await threadedVoices(runtime, '127.0.0.1')
  })
  afterEach(async () => {
    await voices.close()
    await runtime.close()
  })

  /** The first `count` packets that come to a port. */
  async function ear(count: number) {
    const packets: Buffer[] = []
    const enough = deferred<Buffer[]>()
    const port = await runtime.net.udp({ host: '127.0.0.1', port: 0 }, (bytes) => {
      packets.push(bytes)
      if (packets.length === count) enough.resolve(packets)
    })
    return { remote: port.local, heard: enough.promise }
  }

  it('talk 20 ms in each packet, numbered and timed without a gap, and press keys (RFC 3550 §5.1, RFC 4733)', async () => {
    const { remote, heard } = await ear(20)
    const voice = await voices.open(440)

    voice.talk({ remote, codec: 'PCMU', payloadType: 0, telephoneEvent: 101 })
    voice.press('5')
    const packets = await heard
    const events = packets.filter((packet) => payloadType(packet) === 101)
    const audio = packets.filter((packet) => payloadType(packet) === 0)
    const first = packets[0] as Buffer

    expect(packets.map((packet) => (sequence(packet) - sequence(first)) & 0xffff)).toEqual([...packets.keys()])
    expect([marker(first), packets.filter(marker).length <= 2]).toEqual([true, true])
    expect(events).toHaveLength(7)
    expect(new Set(events.map(timestamp)).size).toBe(1)
    expect(events.map((packet) => packet[headerLength + 1] ?? 0).map((bits) => bits >> 7)).toEqual([
      0, 0, 0, 0, 1, 1, 1,
    ])
    for (const packet of audio) expect(packet).toHaveLength(172)
  })

  it('say so where there is no thread any more', async () => {
    await voices.close()

    await expect(voices.open(440)).rejects.toThrow('a simulated phone got no RTP port')
  })
})
