import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedMessage } from '../errors.ts'
import { toWire } from '../scan.ts'
import { addrParameter, formatNameAddr, parseNameAddr } from './name-addr.ts'
import { escapeUser, parseURI, sameURI, unescapeText, uriParameter } from './uri.ts'

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

describe('what is written and read again', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 })
  const label = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.'), minLength: 1, maxLength: 12 })
  const host = fc.oneof(label, fc.ipV4(), fc.constantFrom('[2001:db8::1]', '[::ffff:192.0.2.1]', '[::]'))
  const uri = fc
    .record({
      scheme: fc.constantFrom('sip', 'sips'),
      user: text,
      host,
      port: fc.integer({ min: 0, max: 65_535 }),
      rest: label,
    })
    .map(({ scheme, user, host, port, rest }) => ({
      user,
      text: `${scheme}:${user === '' ? '' : `${escapeUser(user)}@`}${host}${port === 0 ? '' : `:${port}`};x=${rest};lr`,
    }))

  it('a URI is the same, whatever its user part holds (§19.1.2)', () => {
    fc.assert(
      fc.property(uri, ({ user, text }) => {
        const read = parseURI(text)
        expect(unescapeText(read.user)).toBe(user)
        expect(sameURI(read, parseURI(text))).toBe(true)
        expect(uriParameter(read, 'lr')).toBe('')
      }),
    )
  })

  it('an address is the same, whatever its name holds, and stays in its line (§20.10)', () => {
    fc.assert(
      fc.property(uri, text, label, ({ text: uri }, displayName, tag) => {
        const written = formatNameAddr({ displayName, uri, parameters: `;tag=${tag}` })
        const read = parseNameAddr(written)
        expect(written).not.toMatch(/[\r\n\0]/)
        expect([read.uri, addrParameter(read, 'tag')]).toEqual([uri, tag])
        expect(formatNameAddr(read)).toBe(written)
      }),
    )
  })

  it('any text is a URI or a MalformedMessage', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((rest) => `sip:${rest}`),
        ),
        (given) => {
          try {
            parseURI(given)
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedMessage)
          }
        },
      ),
    )
  })
})

describe('a name before an address', () => {
  it('may have letters that are not of ASCII without quotes, which many a phone forgets', () => {
    const value = toWire('Jürgen Müller <sip:1001@ringmain>;tag=1')

    expect(parseNameAddr(value)).toMatchObject({ displayName: 'Jürgen Müller', uri: 'sip:1001@ringmain' })
    expect(() => parseNameAddr('Bell, Alexander <sip:a@b>')).toThrow('not quoted')
  })
})
