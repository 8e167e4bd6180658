import { describe, expect, it } from 'vitest'
import { buildCrypto, parseCrypto } from './crypto-attribute.ts'

const key = 'WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz'

describe('a=crypto (RFC 4568)', () => {
  it('of the example in §4.1 is read', () => {
    const read = parseCrypto(`crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}|2^20`)

    expect(read).toEqual({ tag: '1', suite: 'AES_CM_128_HMAC_SHA1_80', master: Buffer.from(key, 'base64') })
  })

  it.each([
    `crypto:2 AES_CM_128_HMAC_SHA1_32 inline:${key}`,
    `crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}|1000000`,
    `crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key} UNENCRYPTED_SRTCP WSH=128`,
  ])('is spoken: %s', (value) => {
    expect(parseCrypto(value)).toBeDefined()
  })

  it.each([
    ['with a key identifier', `crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}|2^20|1:4`],
    ['with several keys', `crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key}|2^20|1:4;inline:${key}|2^20|2:4`],
    ['without encryption', `crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${key} UNENCRYPTED_SRTP`],
    ['with a key too short', 'crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA'],
    ['of another suite', `crypto:1 F8_128_HMAC_SHA1_80 inline:${key}`],
    ['of a suite that is a property of every object', `crypto:1 constructor inline:${key}`],
    ['without a tag', `crypto: AES_CM_128_HMAC_SHA1_80 inline:${key}`],
  ])('%s is not spoken', (_, value) => {
    expect(parseCrypto(value)).toBeUndefined()
  })

  it('is written as it was read', () => {
    const value = `crypto:7 AES_CM_128_HMAC_SHA1_32 inline:${key}`
    const read = parseCrypto(value)
    if (read === undefined) throw new Error('not read')

    expect(buildCrypto(read)).toBe(value)
  })
})
