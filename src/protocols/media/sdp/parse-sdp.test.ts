import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildSdp, matchingMedia, withDirection, withOrigin } from './build-sdp.ts'
import { addressVersion } from './numeric-address.ts'
import { parseSdp } from './parse-sdp.ts'
import { audioOf, isHold, type SessionDescription } from './session-description.ts'

const head = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n'
const parse = (text: string) => parseSdp(Buffer.from(text))
function parsed(text: string): SessionDescription {
  const description = parse(text)
  if ('error' in description) throw new Error(description.error)
  return description
}

const phone = `${head}c=IN IP4 127.0.0.2
t=0 0
m=audio 4000 RTP/AVP 8 0 101
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=x-unknown:kept
m=video 4002 RTP/AVP 96
a=rtpmap:96 VP8/90000
`.replace(/\r?\n/g, '\r\n')

describe('a session description', () => {
  it('is built again byte by byte, with what we do not know (RFC 4566 §5)', () => {
    expect(buildSdp(parsed(phone)).toString()).toBe(phone)
  })

  it('tells address, port and codecs of its streams, fixed payload types without rtpmap too (RFC 3551 table 4)', () => {
    const audio = audioOf(parsed(phone))

    expect(audio).toMatchObject({ address: '127.0.0.2', port: 4000, direction: 'sendrecv' })
    expect(audio?.codecs.map((codec) => [codec.payloadType, codec.name])).toEqual([
      [8, 'PCMA'],
      [0, 'PCMU'],
      [101, 'TELEPHONE-EVENT'],
    ])
  })

  it('may have c= after m= (CVE-2013-5642)', () => {
    const description = parsed(`${head}t=0 0\nm=audio 4000 RTP/AVP 0\nc=IN IP4 127.0.0.3\n`)

    expect(audioOf(description)?.address).toBe('127.0.0.3')
  })

  it('has no address for a stream whose own address is not valid, whatever the session says (CVE-2007-1561)', () => {
    const description = parsed(`${head}c=IN IP4 127.0.0.2\nt=0 0\nm=audio 4000 RTP/AVP 0\nc=IN IP4 999.1.1.1\n`)

    expect(audioOf(description)?.address).toBeUndefined()
  })

  it('takes the first rtpmap of a payload type and each format once (GHSA-gjj5-79p2-9g3q)', () => {
    const description = parsed(
      `${head}c=IN IP4 127.0.0.2\nm=audio 4000 RTP/AVP 96 96 0\na=rtpmap:96 PCMA/8000\na=rtpmap:96 opus/48000/2\n`,
    )

    expect(audioOf(description)?.codecs.map((codec) => codec.name)).toEqual(['PCMA', 'PCMU'])
  })

  it.each([
    ['nothing', ''],
    ['something else', 'hello'],
    ['a line without =', `${head}xyz\n`],
    ['no origin', 'v=0\ns=-\n'],
    ['an origin without numbers', 'v=0\no=- a b IN IP4 127.0.0.1\n'],
    ['a port above 65535', `${head}m=audio 65536 RTP/AVP 0\n`],
    ['a negative port', `${head}m=audio -1 RTP/AVP 0\n`],
    ['no protocol', `${head}m=audio 1\n`],
    ['too many bytes', `${head}a=${'x'.repeat(40_000)}\n`],
    ['too many lines', head + 'a=x\n'.repeat(600)],
    ['too many m= lines', head + 'm=audio 1 RTP/AVP 0\n'.repeat(17)],
    ['too many formats', `${head}m=audio 1 RTP/AVP${' 0'.repeat(65)}\n`],
    ['a NUL', `${head}a=x\0y\n`],
  ])('is refused with a cause where it is %s', (_what, text) => {
    expect(parse(text)).toHaveProperty('error')
  })

  it('gives a value for any bytes whatever', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: phone.length }), (bytes, at) => {
        const mutated = Buffer.from(phone)
        mutated.set(bytes.subarray(0, Math.max(0, mutated.length - at)), at)
        const result = parseSdp(mutated)
        expect('error' in result || Array.isArray(result.media)).toBe(true)
      }),
    )
  })
})

describe('hold', () => {
  it.each([
    ['a=sendonly', true],
    ['a=inactive', true],
    ['a=sendrecv', false],
    ['a=recvonly', false],
  ])('%s of the other side means hold: %s (RFC 3264 §8.4)', (line, held) => {
    expect(isHold(parsed(`${head}c=IN IP4 127.0.0.2\nm=audio 4000 RTP/AVP 0\n${line}\n`))).toBe(held)
  })

  it('is the address 0.0.0.0 of older phones too (RFC 3264 §8.4)', () => {
    expect(isHold(parsed(`${head}c=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\n`))).toBe(true)
  })

  it('may stand at the session level', () => {
    expect(isHold(parsed(`${head}c=IN IP4 127.0.0.2\na=inactive\nm=audio 4000 RTP/AVP 0\n`))).toBe(true)
  })

  it('is written by changing the direction alone', () => {
    const held = withDirection(parsed(phone), 'sendonly')

    expect(isHold(parsed(buildSdp(held).toString()))).toBe(true)
    expect(buildSdp(withDirection(held, 'sendrecv')).toString()).toContain('a=x-unknown:kept')
  })
})

describe('descriptions of several authors in one dialog', () => {
  it('carry one origin whose version counts up (RFC 3264 §8)', () => {
    const origin = { username: 'ringmain', sessionID: '77', version: '3', address: '127.0.0.1' }

    expect(parsed(buildSdp(withOrigin(parsed(phone), origin)).toString()).origin).toEqual(origin)
  })

  it('keep the number and order of m= sections (RFC 3264 §8)', () => {
    const audioOnly = parsed(`${head}c=IN IP4 127.0.0.9\nm=audio 5000 RTP/AVP 0\n`)

    const next = matchingMedia(audioOnly, parsed(phone))

    expect(next.media.map((media) => [media.kind, media.port])).toEqual([
      ['audio', 5000],
      ['video', 0],
    ])
  })
})

describe('a numeric address', () => {
  it.each([
    ['127.0.0.1', 4],
    ['0.0.0.0', 4],
    ['::1', 6],
    ['2001:db8::ff00:42:8329', 6],
    ['::ffff:127.0.0.1', 6],
    ['1:2:3:4:5:6:7:8', 6],
    ['256.0.0.1', 0],
    ['1.2.3', 0],
    ['01.2.3.4', 0],
    ['localhost', 0],
    ['1:2:3', 0],
    [':::', 0],
    ['1:2:3:4:5:6:7:8:9', 0],
    ['::g', 0],
    ['', 0],
  ])('%s is of IP version %d', (text, version) => {
    expect(addressVersion(text)).toBe(version)
  })
})
