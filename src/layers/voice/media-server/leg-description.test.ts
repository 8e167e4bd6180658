import { describe, expect, it } from 'vitest'
import { parseSdp } from '#protocols/media/sdp/parse-sdp.ts'
import { parseCrypto } from '#protocols/media/srtp/crypto-attribute.ts'
import { masterLength } from '#protocols/media/srtp/session-keys.ts'
import type { Suite } from '#protocols/media/srtp/transform.ts'
import { LegDescription } from './leg-description.ts'

const theirKey = Buffer.alloc(masterLength, 0xff).toString('base64')
const rtp = 'm=audio 6000 RTP/AVP 0'
const srtp = (suite: Suite = 'AES_CM_128_HMAC_SHA1_80') =>
  `m=audio 6000 RTP/SAVP 0\r\na=crypto:1 ${suite} inline:${theirKey}`

/** A leg whose first key is full of ones, the next one of twos …; the key in its answer to a section. */
function leg() {
  let made = 0
  const newMaster = () => Buffer.alloc(masterLength, ++made)
  const description = new LegDescription(['127.0.0.1'], 4000, { sessionID: '7', newMaster })
  const keyFor = (section: string): number | undefined => {
    const offer = `v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n${section}\r\n`
    const answer = description.answer({ type: 'application/sdp', bytes: Buffer.from(offer) })
    const read = 'body' in answer ? parseSdp(answer.body.bytes) : undefined
    if (read === undefined || 'error' in read) throw new Error('refused')
    const [crypto] = read.media[0]?.lines.flatMap(([, value]) => parseCrypto(value) ?? []) ?? []
    return crypto?.master[0]
  }
  return { keyFor }
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
})
