import { describe, expect, it } from 'vitest'
import { masked, maskedEvent } from './mask.ts'

const shown = { digits: false }
const info = (type: string, body: string) =>
  `INFO sip:a@h SIP/2.0\r\nCSeq: 12 INFO\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`

describe('masking', () => {
  it('leaves of credentials what they are for, not what proves or helps to guess them (RFC 7616 §3.4)', () => {
    const head = [
      'REGISTER sip:ringmain SIP/2.0',
      'Authorization: Digest username="1001", response="0123456789abcdef", cnonce="0a4f113b",',
      ' uri="sip:ringmain", qop=auth',
      'PROXY-AUTHORIZATION : Digest response=0123, cnonce = "0a4f", nc=1',
      'proxy-authorization: Basic dXNlcjpwYXNz',
      'Authentication-Info: rspauth="0123", cnonce="0a4f", qop=auth',
      'X-Other: response="kept"',
    ].join('\r\n')

    const text = masked(`${head}\r\n\r\n`, shown)

    expect(text).not.toMatch(/0123|dXNl|0a4f/)
    expect(text).toContain('username="1001", response="***", cnonce="***",\r\n uri="sip:ringmain"')
    expect(text).toContain('X-Other: response="kept"')
    expect(masked(head, shown)).toBe(text.slice(0, -4))
  })

  it.each([
    [
      'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4',
      /WVNf/,
      /\|2\^20\|1:4/,
    ],
    ['a=crypto:2 AES_CM inline:AAAA;inline:BBBB UNENCRYPTED_SRTP', /AAAA|BBBB/, / UNENCRYPTED_SRTP$/],
    ['a=key-mgmt:mikey AQAFgM0XflABAAAAAAAAAAAAAAsAyO', /AQAF/, /^a=key-mgmt:mikey /],
    ['k=base64:c2VjcmV0', /c2Vj/, /^k=base64:/],
    ['a=ice-pwd:asd88fgpdd777uzjYhagZg', /asd88/, /^a=ice-pwd:/],
  ])('leaves no key of media in a description, whose length stays: %s', (line, secret, rest) => {
    const message = `INVITE sip:a@h SIP/2.0\r\n\r\nv=0\r\n${line}`

    const text = masked(message, shown)

    expect(text).toHaveLength(message.length)
    expect(text).not.toMatch(secret)
    expect(text.split('\r\n').at(-1)).toMatch(rest)
  })

  it.each([
    ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', 'Signal=*\r\nDuration=160\r\n'],
    ['application/dtmf', '42#', '***'],
    ['application/vnd.nortelnetworks.digits', 'p=Digit-Collection\r\nd=1234', 'p=Digit-Collection\r\nd=****'],
    [
      'application/msml+xml',
      '<name>dtmf.digits</name><value>4711</value><name>dtmf.len</name><value>4</value>',
      '<name>dtmf.digits</name><value>****</value><name>dtmf.len</name><value>4</value>',
    ],
    [
      'application/msml+xml',
      '<event name="dtmf.digit"><name>dtmf.last</name><value>7</value></event>',
      '<event name="dtmf.digit"><name>dtmf.last</name><value>*</value></event>',
    ],
    ['application/msml+xml', '<dtmfgen digits="4711" dur="100ms"/>', '<dtmfgen digits="****" dur="100ms"/>'],
  ])('leaves no digit in INFO where so configured: %s', (type, body, left) => {
    expect(masked(info(type, body), { digits: true })).toBe(info(type, left))
    expect(masked(info(type, body), shown)).toBe(info(type, body))
  })

  it('leaves no digit in events where so configured', () => {
    const event = '{"name":"EventTreatmentEnd","collectedDigits":"4711","lastCollectedDigit":"1","thisDN":"8001"}'

    expect(maskedEvent(event, { digits: true })).toBe(
      '{"name":"EventTreatmentEnd","collectedDigits":"***","lastCollectedDigit":"***","thisDN":"8001"}',
    )
    expect(maskedEvent(event, shown)).toBe(event)
  })
})
