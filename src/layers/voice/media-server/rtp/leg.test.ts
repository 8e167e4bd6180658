import { describe, expect, it } from 'vitest'
import {
  headerLength,
  marker,
  ssrc,
  timestamp,
  timestampDistance,
  writeHeader,
} from '#protocols/media/rtp/rtp-packet.ts'
import type { AudioStream, Security } from '#protocols/media/sdp/audio-session.ts'
import { type SrtpKey, SrtpReceiver, SrtpSender } from '#protocols/media/srtp/srtp.ts'
import type { Report } from './channel.ts'
import { DigitSender } from './digit-sender.ts'
import { Leg, type LegOwner } from './leg.ts'
import { frameSamples, OutgoingStream } from './outgoing-stream.ts'
import { PromptPlayer } from './prompt-player.ts'

const remote = { host: '127.0.0.2', port: 4_000 }
const key = (octet: number): SrtpKey => ({ suite: 'AES_CM_128_HMAC_SHA1_80', master: Buffer.alloc(30, octet) })
const stream = (security?: Security): AudioStream => ({
  ...{ remote, codec: 'PCMU', payloadType: 0, telephoneEvent: undefined, sends: true, receives: true, security },
})

function packet(number: number): Buffer {
  const bytes = Buffer.alloc(headerLength + frameSamples)
  writeHeader(bytes, 0, false, number & 0xffff, number * frameSamples, 7)
  return bytes
}

/** A leg, and a phone that sends it what `protects` makes of its packets. */
function setUp() {
  const dropped = { source: 0, malformed: 0, security: 0, payload: 0, direction: 0, late: 0 }
  const count = { received: 0, sent: 0, dropped }
  const told: Report[] = []
  let tick = 0
  let streams = 0
  const owner: LegOwner = {
    get tick() {
      return tick
    },
    silenceMs: 20_000,
    count,
    tell: (report) => void told.push(report),
    newStream: () => new OutgoingStream({ ssrc: ++streams, sequence: 0x7fff, timestamp: 1 }, tick),
  }
  const sent: Buffer[] = []
  const socket = { send: (bytes: Buffer) => void sent.push(Buffer.from(bytes)), close: async () => {} }
  const leg = new Leg(owner, 1, socket)
  const receive = (bytes: Buffer) => leg.receive(Buffer.from(bytes), remote.host, remote.port)
  const run = (ticks: number) => {
    for (const end = tick + ticks; tick < end; ) {
      tick += 1
      leg.send()
    }
  }
  return { leg, count, receive, run, sent, told }
}

describe('the key of a leg that speaks SRTP, RTP and SRTP again', () => {
  it('goes on with its counters where it is the same', () => {
    const { leg, count, receive } = setUp()
    const phone = new SrtpSender(key(2))
    leg.connect(stream({ ours: key(1), theirs: key(2) }))
    for (let number = 0; number <= 80_000; number += 20_000) receive(phone.protect(packet(number)))

    leg.connect(stream())
    receive(packet(80_001))
    leg.connect(stream({ ours: key(3), theirs: key(2) }))
    receive(phone.protect(packet(80_002)))

    expect(count).toMatchObject({ received: 7, dropped: { security: 0 } })
  })

  it('lets no packet in twice where it is the same', () => {
    const { leg, count, receive } = setUp()
    const heard = Buffer.from(new SrtpSender(key(2)).protect(packet(1)))
    leg.connect(stream({ ours: key(1), theirs: key(2) }))
    receive(heard)

    leg.connect(stream())
    leg.connect(stream({ ours: key(3), theirs: key(2) }))
    receive(heard)

    expect(count).toMatchObject({ received: 1, dropped: { security: 1 } })
  })

  it('begins anew where it is another', () => {
    const { leg, count, receive } = setUp()
    leg.connect(stream({ ours: key(1), theirs: key(2) }))
    receive(new SrtpSender(key(2)).protect(packet(1)))

    leg.connect(stream())
    leg.connect(stream({ ours: key(3), theirs: key(4) }))
    receive(new SrtpSender(key(4)).protect(packet(1)))
    receive(new SrtpSender(key(2)).protect(packet(2)))

    expect(count).toMatchObject({ received: 2, dropped: { security: 1 } })
  })
})

describe('a leg on hold', () => {
  const security = { ours: key(1), theirs: key(2) }
  const music = { name: 'music', PCMU: new Uint8Array(800).fill(1), PCMA: new Uint8Array(800).fill(1) }
  const held = { ...stream(security), sends: false }

  it('counts no packet that is not sent, so that SRTP goes on after it (RFC 3550 §5.1, RFC 3711 §3.3.1)', () => {
    const { leg, run, sent } = setUp()
    leg.player = new PromptPlayer(1, [music], Infinity)
    leg.connect(stream(security))
    run(1_000)
    leg.connect(held)
    run(33_000)
    leg.connect(stream(security))
    run(1_000)

    const phone = new SrtpReceiver(key(1))
    expect(sent).toHaveLength(2_000)
    expect(sent.every((bytes) => phone.read(bytes) > 0)).toBe(true)
  })

  it('begins again with the marker, at the time that it is then (RFC 3551 §4.1)', () => {
    const { leg, run, sent } = setUp()
    leg.connect(stream())
    run(10)
    leg.connect({ ...stream(), sends: false })
    run(100)
    leg.connect(stream())
    run(2)

    const [before, first, second] = sent.slice(9) as [Buffer, Buffer, Buffer]
    expect(timestampDistance(timestamp(before), timestamp(first))).toBe(101 * frameSamples)
    expect([first, second].map(marker)).toEqual([true, false])
  })

  it('goes on in what it plays', () => {
    const { leg, run, told } = setUp()
    leg.player = new PromptPlayer(1, [music], 1)
    leg.connect(held)
    run(5)

    expect(told).toEqual([{ type: 'played', leg: 1, play: 1 }])
  })

  it('has not sent the digits that it was sending', () => {
    const { leg, run, told } = setUp()
    leg.connect({ ...stream(), telephoneEvent: 101 })
    leg.sender = new DigitSender(1, '12', 100, 100)
    run(3)
    leg.connect({ ...stream(), telephoneEvent: 101, sends: false })
    run(100)

    expect(told).toEqual([{ type: 'generated', leg: 1, generate: 1, sent: false }])
  })
})

it('a new key of ours begins a stream of its own, which whoever gets it can read from its beginning', () => {
  const { leg, run, sent } = setUp()
  leg.connect(stream({ ours: key(1), theirs: key(2) }))
  run(70_000)
  const from = sent.length
  leg.connect(stream({ ours: key(3), theirs: key(4) }))
  run(10)

  const phone = new SrtpReceiver(key(3))
  expect(sent.slice(from).every((bytes) => phone.read(bytes) > 0)).toBe(true)
  expect(ssrc(sent[from] as Buffer)).not.toBe(ssrc(sent[0] as Buffer))
})
