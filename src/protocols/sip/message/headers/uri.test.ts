import { describe, expect, it } from 'vitest'
import { MalformedMessage } from '../errors.ts'
import { parseURI, sameURI } from './uri.ts'

describe('a tel URI', () => {
  it('has its number as user and no host (RFC 3966 §3)', () => {
    expect(parseURI('tel:+44-20-7946-0018;phone-context=example.com')).toMatchObject({
      scheme: 'tel',
      user: '+44-20-7946-0018',
      host: '',
      parameters: ';phone-context=example.com',
    })
  })

  it('is refused without a number', () => {
    expect(() => parseURI('tel:;phone-context=x')).toThrow(MalformedMessage)
    expect(() => parseURI('tel:bob')).toThrow(MalformedMessage)
  })
})

describe('SIP URIs', () => {
  it.each([
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp', true],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5', true],
    ['sip:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP', false],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060', false],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp', false],
  ])('%s and %s are the same: %s (RFC 3261 §19.1.4)', (one, other, same) => {
    expect(sameURI(parseURI(one), parseURI(other))).toBe(same)
  })

  it('take an IPv6 address in brackets (RFC 5954)', () => {
    expect(parseURI('sip:bob@[2001:db8::10]:5070;lr')).toMatchObject({ host: '[2001:db8::10]', port: 5070 })
    expect(() => parseURI('sip:bob@2001:db8::10')).toThrow(MalformedMessage)
  })
})
