import { describe, expect, it } from 'vitest'
import { parseSdp } from '#protocols/media/sdp/parse-sdp.ts'
import { parseCrypto } from '#protocols/media/srtp/crypto-attribute.ts'
import { masterLength } from '#protocols/media/srtp/session-keys.ts'
import type { Suite } from '#protocols/media/srtp/transform.ts'
import type { Body } from '#protocols/sip/message/draft.ts'
import { LegDescription } from './leg-description.ts'

const theirKey = Buffer.alloc(masterLength, 0xff).toString('base64')
const rtp = 'm=audio 6000 RTP/AVP 0'
const srtp = (suite: Suite = 'AES_CM_128_HMAC_SHA1_80', port = 6000) =>
  `m=audio ${port} RTP/SAVP 0\r\na=crypto:1 ${suite} inline:${theirKey}`

const sdp = (section: string): Body => {
  const lines = `v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n${section}\r\n`
  return { type: 'application/sdp', bytes: Buffer.from(lines) }
}

/** What a key of ours is full of. */
function keyIn(body: Body): number | undefined {
  const read = parseSdp(body.bytes)
  if ('error' in read) throw new Error(read.error)
  const [crypto] = read.media[0]?.lines.flatMap(([, value]) => parseCrypto(value) ?? []) ?? []
  return crypto?.master[0]
}

/** A leg whose first key is full of ones, the next one of twos …; the key in its answer to a section. */
function leg() {
  let made = 0
  const newMaster = () => Buffer.alloc(masterLength, ++made)
  const description = new LegDescription(['127.0.0.1'], 4000, { sessionID: '7', newMaster })
  const keyFor = (section: string): number | undefined => {
    const answer = description.answer(sdp(section))
    if (!('body' in answer)) throw new Error('refused')
    return keyIn(answer.body)
  }
  return { description, keyFor }
}

describe('our key of SRTP (RFC 3711 §9.1)', () => {
  it('stays while SRTP goes on', () => {
    const { keyFor } = leg()

    expect([keyFor(srtp()), keyFor(srtp())]).toEqual([1, 1])
  })

  it('is another one where SRTP comes again after RTP: its counters begin anew, and so would its keystream', () => {
    const { keyFor } = leg()

    expect([keyFor(srtp()), keyFor(rtp), keyFor(srtp()), keyFor(srtp())]).toEqual([1, undefined, 2, 2])
  })

  it('is another one with another suite', () => {
    const { keyFor } = leg()

    expect([keyFor(srtp()), keyFor(srtp('AES_CM_128_HMAC_SHA1_32'))]).toEqual([1, 2])
  })

  it('is another one for whom is elsewhere: he may be another one, who knows no counters of ours (RFC 4568 §7.1.4)', () => {
    const { keyFor } = leg()
    const nowhere = srtp().replace(/\r\n/, '\r\nc=IN IP4 0.0.0.0\r\n')
    const elsewhere = srtp(undefined, 6002)

    expect([srtp(), nowhere, srtp(), elsewhere, elsewhere, srtp()].map(keyFor)).toEqual([1, 1, 1, 2, 2, 3])
  })

  it('is another one in an offer of ours, and the one that is spoken when that is answered', () => {
    const { description, keyFor } = leg()
    keyFor(srtp())

    const offered = keyIn(description.offer())
    const stream = description.accepted(sdp(srtp(undefined, 6002)))

    expect(offered).toBe(2)
    expect(stream).toMatchObject({ security: { ours: { master: Buffer.alloc(masterLength, 2) } } })
    expect(keyFor(srtp(undefined, 6002))).toBe(2)
  })
})
