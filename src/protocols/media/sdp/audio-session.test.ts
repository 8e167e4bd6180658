import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildCrypto } from '../srtp/crypto-attribute.ts'
import type { Suite } from '../srtp/transform.ts'
import { acceptedAudio, answerAudio, isSpoken, type LocalAudio, offerAudio, shareCodec } from './audio-session.ts'
import { buildSdp } from './build-sdp.ts'
import { parseSdp } from './parse-sdp.ts'
import { type Direction, isHold, type SessionDescription } from './session-description.ts'

const local: LocalAudio = {
  origin: { username: '-', sessionID: '5', version: '1', address: '127.0.0.1' },
  addresses: ['127.0.0.1'],
  port: 20_000,
  codecs: ['PCMU', 'PCMA'],
  direction: 'sendrecv',
}
const origin = { ...local.origin, address: '127.0.0.2' }
const phone: LocalAudio = { ...local, origin, addresses: ['127.0.0.2'], port: 4000 }

function again(description: SessionDescription): SessionDescription {
  const read = parseSdp(buildSdp(description))
  if ('error' in read) throw new Error(read.error)
  return read
}
const offer = (lines: string): SessionDescription => {
  const read = parseSdp(Buffer.from(`v=0\no=- 1 1 IN IP4 127.0.0.2\ns=-\nc=IN IP4 127.0.0.2\nt=0 0\n${lines}`))
  if ('error' in read) throw new Error(read.error)
  return read
}
const crypto = (tag: string, octet: number, suite: Suite = 'AES_CM_128_HMAC_SHA1_80'): string =>
  buildCrypto({ tag, suite, master: Buffer.alloc(30, octet) })
function answered(lines: string) {
  const answer = answerAudio(offer(lines), local)
  if (answer === 'none') throw new Error('no common codec')
  return answer
}

describe('an answer (RFC 3264 §6)', () => {
  it.each(['RTP/AVP', 'RTP/AVPF'])('has the profile of its offer: %s', (protocol) => {
    const { description } = answered(`m=audio 4000 ${protocol} 0\n`)

    expect(again(description).media[0]?.protocol).toBe(protocol)
  })

  it("follows the offer's preference and its payload types", () => {
    const { stream, description } = answered(
      'm=audio 4000 RTP/AVP 9 97 0 96\na=rtpmap:97 PCMA/8000\na=rtpmap:96 telephone-event/8000\n',
    )

    expect(stream).toEqual({
      remote: { host: '127.0.0.2', port: 4000 },
      codec: 'PCMA',
      payloadType: 97,
      telephoneEvent: 96,
      sends: true,
      receives: true,
      security: undefined,
    })
    expect(again(description).media[0]?.formats).toEqual(['97', '96'])
  })

  it.each([
    ['IP4 127.0.0.2', '127.0.0.1'],
    ['IP6 2001:db8::2', '::1'],
    ['IP4 0.0.0.0', '127.0.0.1'],
    ['IP6 ::', '::1'],
  ])('to an offer of %s names our address %s, of the same version of IP', (theirs, ours) => {
    const both = { ...local, addresses: ['127.0.0.1', '::1'] }
    const answer = answerAudio(offer(`m=audio 4000 RTP/AVP 0\nc=IN ${theirs}\n`), both)
    if (answer === 'none') throw new Error('refused')

    expect(again(answer.description).media[0]?.address).toBe(ours)
    expect(again(answer.description).origin.address).toBe('127.0.0.1')
  })

  it('takes none of a version of IP that we have no address of, but a stream on hold', () => {
    expect(answerAudio(offer('m=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::2\n'), local)).toBe('none')
    expect(answerAudio(offer('m=audio 4000 RTP/AVP 0\nc=IN IP6 ::\n'), local)).not.toBe('none')
  })

  it('refuses with port 0 the streams we do not take, in the order of the offer', () => {
    const { description } = answered(
      'm=video 4002 RTP/AVP 96\nm=audio 4000 RTP/AVP 0\nm=audio 4004 RTP/AVP 0\nm=audio 0 RTP/AVP 0\n',
    )

    expect(again(description).media.map((media) => [media.kind, media.port])).toEqual([
      ['video', 0],
      ['audio', 20_000],
      ['audio', 0],
      ['audio', 0],
    ])
  })

  it.each([
    ['sendonly', 'recvonly', false, true],
    ['recvonly', 'sendonly', true, false],
    ['inactive', 'inactive', false, false],
    ['sendrecv', 'sendrecv', true, true],
  ] as const)('to %s is %s (§6.1)', (offered, direction, sends, receives) => {
    const { stream, description } = answered(`m=audio 4000 RTP/AVP 0\na=${offered}\n`)

    expect(again(description).media[0]?.direction).toBe(direction)
    expect(stream).toMatchObject({ sends, receives })
  })

  it('sends nothing to 0.0.0.0 (§8.4)', () => {
    const { stream } = answered('m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n')

    expect(stream).toMatchObject({ remote: undefined, sends: false })
  })

  it.each([
    ['a codec we do not speak', 'm=audio 4000 RTP/AVP 18\n'],
    ['only telephone events', 'm=audio 4000 RTP/AVP 101\na=rtpmap:101 telephone-event/8000\n'],
    ['no audio', 'm=video 4000 RTP/AVP 96\n'],
    ['port 0', 'm=audio 0 RTP/AVP 0\n'],
    ['SRTP, where we have no key', `m=audio 4000 RTP/SAVP 0\na=${crypto('1', 1)}\n`],
    ['a name as address', 'm=audio 4000 RTP/AVP 0\nc=IN IP4 phone.example.org\n'],
    ['nothing at all', ''],
  ])('is none to %s', (_what, lines) => {
    expect(answerAudio(offer(lines), local)).toBe('none')
  })
})

describe('SRTP (RFC 4568)', () => {
  const ours = Buffer.alloc(30, 2)
  const secured: LocalAudio = { ...local, srtp: { masterOf: () => ours, offered: false } }
  const answerTo = (lines: string) => answerAudio(offer(lines), secured)

  it('is answered with the same profile, tag and suite, and a key of ours (§5.1.2)', () => {
    const answer = answerTo(`m=audio 4000 RTP/SAVP 0\na=${crypto('4', 1, 'AES_CM_128_HMAC_SHA1_32')}\n`)
    if (answer === 'none') throw new Error('refused')
    const [media] = again(answer.description).media

    expect(media?.protocol).toBe('RTP/SAVP')
    expect(media?.lines).toContainEqual(['a', crypto('4', 2, 'AES_CM_128_HMAC_SHA1_32')])
    expect(answer.stream.security).toEqual({
      ours: { suite: 'AES_CM_128_HMAC_SHA1_32', master: ours },
      theirs: { suite: 'AES_CM_128_HMAC_SHA1_32', master: Buffer.alloc(30, 1) },
    })
  })

  it('is answered with the first of their keys that we speak', () => {
    const other = 'crypto:1 AES_256_CM_HMAC_SHA1_80 inline:AAAA'
    const answer = answerTo(`m=audio 4000 RTP/SAVP 0\na=${other}\na=${crypto('2', 1)}\n`)

    expect(answer).toMatchObject({ stream: { security: { theirs: { master: Buffer.alloc(30, 1) } } } })
  })

  it('is preferred to RTP only where the offer prefers it: its first stream that we speak is taken (RFC 3264 §6)', () => {
    const both = (...protocols: string[]) =>
      protocols.map((protocol) => `m=audio 4000 ${protocol} 0\na=${crypto('1', 1)}\n`).join('')

    expect(answerTo(both('RTP/SAVP', 'RTP/AVP'))).toMatchObject({ stream: { security: expect.anything() } })
    expect(answerTo(both('RTP/AVP', 'RTP/SAVP'))).toMatchObject({ stream: { security: undefined } })
  })

  it.each([
    ['has no key', 'm=audio 4000 RTP/SAVP 0\n'],
    ['has no key that we speak', 'm=audio 4000 RTP/SAVP 0\na=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:AAAA\n'],
    ['is DTLS', 'm=audio 4000 UDP/TLS/RTP/SAVP 0\na=fingerprint:sha-256 00\n'],
  ])('is refused where it %s', (_what, lines) => {
    expect(answerTo(lines)).toBe('none')
    expect(isSpoken(offer(lines))).toBe(false)
  })

  it('offered by us is agreed with the key of the answer', () => {
    const offering: LocalAudio = { ...secured, srtp: { masterOf: () => ours, offered: true } }
    const answer = answerAudio(again(offerAudio(offering)), {
      ...phone,
      srtp: { masterOf: () => Buffer.alloc(30, 9), offered: false },
    })
    if (answer === 'none') throw new Error('refused')
    const accepted = acceptedAudio(again(answer.description), offering)

    expect(accepted).toMatchObject({
      security: { ours: answer.stream.security?.theirs, theirs: answer.stream.security?.ours },
    })
    expect(answer.stream.security?.ours.master).toEqual(Buffer.alloc(30, 9))
  })
})

describe('an offer and its answer', () => {
  const directions: Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive']

  it('make two ends agree: one sends where the other receives, in one codec (§5–§6)', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...directions),
        fc.constantFrom(...directions),
        fc.shuffledSubarray(['PCMU', 'PCMA'] as const, { minLength: 1 }),
        fc.shuffledSubarray(['PCMU', 'PCMA'] as const, { minLength: 1 }),
        (ours, theirs, ourCodecs, theirCodecs) => {
          const offering = { ...local, direction: ours, codecs: ourCodecs }
          const answering = { ...phone, direction: theirs, codecs: theirCodecs }
          const answer = answerAudio(again(offerAudio(offering)), answering)
          if (answer === 'none') {
            expect(ourCodecs.some((codec) => theirCodecs.includes(codec))).toBe(false)
            return
          }
          const accepted = acceptedAudio(again(answer.description), offering)
          expect(accepted).toMatchObject({
            remote: { host: '127.0.0.2', port: 4000 },
            codec: answer.stream.codec,
            payloadType: answer.stream.payloadType,
            telephoneEvent: answer.stream.telephoneEvent,
            sends: answer.stream.receives,
            receives: answer.stream.sends,
          })
        },
      ),
    )
  })

  it('agree on nothing where the answer refuses the stream', () => {
    expect(acceptedAudio(offer('m=audio 0 RTP/AVP 0\n'), local)).toBe('none')
  })

  it('put the other side on hold by sendonly', () => {
    expect(isHold(again(offerAudio({ ...local, direction: 'sendonly' })))).toBe(true)
  })
})

describe('a common codec', () => {
  it('is any audio codec that both list, telephone events apart', () => {
    const g722 = offer('m=audio 1 RTP/AVP 9 101\na=rtpmap:101 telephone-event/8000\n')

    expect(shareCodec(g722, offer('m=audio 1 RTP/AVP 0 9\n'))).toBe(true)
    expect(shareCodec(g722, offer('m=audio 1 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n'))).toBe(false)
  })
})
