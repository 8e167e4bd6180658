import { describe, expect, it } from 'vitest'
import { headerLength, writeHeader } from '#protocols/media/rtp/rtp-packet.ts'
import type { AudioStream, Security } from '#protocols/media/sdp/audio-session.ts'
import { type SrtpKey, SrtpSender } from '#protocols/media/srtp/srtp.ts'
import { Leg } from './leg.ts'
import { frameSamples, OutgoingStream } from './outgoing-stream.ts'

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
  const owner = { tick: 0, silenceMs: 20_000, count: { received: 0, sent: 0, dropped }, tell() {} }
  const socket = { send() {}, close: async () => {} }
  const leg = new Leg(owner, 1, socket, new OutgoingStream({ ssrc: 1, sequence: 1, timestamp: 1 }, 0))
  const receive = (bytes: Buffer) => leg.receive(Buffer.from(bytes), remote.host, remote.port)
  return { leg, count: owner.count, receive }
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
