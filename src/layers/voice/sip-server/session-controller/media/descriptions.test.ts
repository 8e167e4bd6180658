import { describe, expect, it } from 'vitest'
import { parseSdp } from '#protocols/media/sdp/parse-sdp.ts'
import { ipVersionIn, isHold, muted, nextAnswer, nextOffer, sameAudio, silentAnswer } from './descriptions.ts'

const session = (origin: string, ...media: string[]): string =>
  [`v=0`, `o=${origin}`, 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', ...media, ''].join('\r\n')
const audio = (port: number, direction = 'sendrecv') => [
  `m=audio ${port} RTP/AVP 0`,
  'a=rtpmap:0 PCMU/8000',
  `a=${direction}`,
]
const video = ['m=video 9000 RTP/AVP 96', 'a=rtpmap:96 H264/90000']

const agent = session('agent 7 3 IN IP4 127.0.0.2', ...audio(6000))
const server = session('media 1 4 IN IP4 127.0.0.9', ...audio(20_000))
const withVideo = session('caller 5 1 IN IP4 127.0.0.3', ...audio(5000), ...video)

const lines = (text: string, type: string) => text.split('\r\n').filter((line) => line.startsWith(`${type}=`))

describe('a description that is passed on', () => {
  it('goes as it is where it is the first in its dialog', () => {
    expect(nextOffer(agent, undefined)).toBe(agent)
    expect(nextAnswer(agent, undefined, withVideo)).toBe(agent)
  })

  it('keeps the session of the dialog and counts its version up, whoever wrote it (RFC 3264 §8)', () => {
    const next = nextOffer(agent, server)

    expect(lines(next, 'o')).toEqual(['o=media 1 5 IN IP4 127.0.0.9'])
    expect(next.replace(/o=.*/, '')).toBe(agent.replace(/o=.*/, ''))
  })

  it('keeps the version where it says the same', () => {
    const said = nextOffer(agent, server)

    expect(nextOffer(agent, said)).toBe(said)
    expect(nextAnswer(said, said, agent)).toBe(said)
  })

  it('is the same whether it was parsed or only renumbered', () => {
    const parsed = nextOffer(session('agent 7 3 IN IP4 127.0.0.2', ...audio(6000), ...video), server)

    expect(parsed.slice(0, parsed.indexOf('m=video'))).toBe(nextOffer(agent, server))
  })

  it('has every section of the offer before it, those it does not use refused (RFC 3264 §8.2)', () => {
    expect(lines(nextOffer(agent, withVideo), 'm')).toEqual(['m=audio 6000 RTP/AVP 0', 'm=video 0 RTP/AVP 96'])
  })

  it('has as an answer exactly the sections of its offer (RFC 3264 §6)', () => {
    expect(lines(nextAnswer(withVideo, server, agent), 'm')).toEqual(['m=audio 5000 RTP/AVP 0'])
    expect(lines(nextAnswer(agent, server, withVideo), 'm')).toHaveLength(2)
  })

  it('says inactive to a leg that is held by request', () => {
    expect(lines(nextOffer(agent, server, muted), 'a')).toContain('a=inactive')
  })
})

describe('what a description says', () => {
  it.each([
    ['sendrecv', false],
    ['sendonly', true],
    ['inactive', true],
    ['recvonly', false],
  ])('%s is a hold: %s (RFC 3264 §8.4)', (direction, holds) => {
    expect(isHold(session('a 1 1 IN IP4 127.0.0.1', ...audio(6000, direction)))).toBe(holds)
  })

  it('is the same audio where address, port, direction and keys are', () => {
    const secured = (key: string) => agent.replace('a=sendrecv', `a=crypto:1 S inline:${key}\r\na=sendrecv`)

    expect(sameAudio(secured('A'), secured('B'))).toBe(false)
    expect(sameAudio(agent, agent.replace('o=agent 7 3', 'o=agent 7 4'))).toBe(true)
    expect(sameAudio(agent, server)).toBe(false)
  })
})

describe('the version of IP of a description', () => {
  const moved = session('a 1 1 IN IP4 127.0.0.1', ...audio(6000), 'c=IN IP6 ::1')

  it.each([
    ['of the session', agent, 4],
    ['of its audio, where that has an address of its own', moved, 6],
    ['nobody knows where there is no address', 'v=0\r\no=6 1 1 IN IP6 ::1\r\ns=-\r\n', undefined],
    ['nobody knows where there is no description', undefined, undefined],
  ])('is that %s', (_which, text, version) => {
    expect(ipVersionIn(text)).toBe(version)
  })
})

describe('the answer of a leg without company', () => {
  it('takes the audio of the offer and lets nothing flow', () => {
    const answer = silentAnswer(withVideo)

    expect(lines(answer, 'm')).toEqual(['m=audio 9 RTP/AVP 0', 'm=video 0 RTP/AVP 96'])
    expect(lines(answer, 'c')).toEqual(['c=IN IP4 0.0.0.0'])
    expect(lines(answer, 'a')).toEqual(['a=rtpmap:0 PCMU/8000', 'a=inactive'])
    expect(parseSdp(Buffer.from(answer))).not.toHaveProperty('error')
  })

  it('has a key where the offer is of SRTP: one without is no answer (RFC 4568 §7.1.2)', () => {
    const suite = 'a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:'
    const [, , ...attributes] = [...audio(6000).slice(1)]
    const offer = session(
      'a 1 1 IN IP4 127.0.0.1',
      'm=audio 6000 RTP/SAVP 0',
      ...attributes,
      `${suite}${'B'.repeat(40)}`,
    )

    expect(lines(silentAnswer(offer), 'm')).toEqual(['m=audio 9 RTP/SAVP 0'])
    expect(lines(silentAnswer(offer), 'a')).toContain(`${suite}${'A'.repeat(40)}`)
  })

  it('names the nowhere of IPv6 to a phone on IPv6', () => {
    const answer = silentAnswer(session('a 1 1 IN IP6 ::1', ...audio(6000)).replace('IP4 127.0.0.1', 'IP6 ::1'))

    expect(lines(answer, 'c')).toEqual(['c=IN IP6 ::'])
  })
})
