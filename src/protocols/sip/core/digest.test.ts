import { describe, expect, it } from 'vitest'
import { type Algorithm, algorithmNamed, digestOf, secretOf } from './digest.ts'

const request = {
  method: 'GET',
  uri: '/dir/index.html',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  nc: '00000001',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  qop: 'auth',
} as const
const mufasa = (algorithm: Algorithm) => secretOf('Mufasa', 'http-auth@example.org', 'Circle of Life', algorithm)

describe('digest', () => {
  it('is that of the example in RFC 7616 §3.9.1, MD5', () => {
    expect(digestOf({ ...request, secret: mufasa('MD5') })).toBe('8ca523f5e9506fed4657c9700eebdbec')
  })

  it('is that of the example in RFC 7616 §3.9.1, SHA-256', () => {
    expect(digestOf({ ...request, secret: mufasa('SHA-256') })).toBe(
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    )
  })

  it('is that of the example in RFC 7616 §3.9.2, SHA-512/256, as its erratum 4897 corrects it', () => {
    const secret = secretOf('Jäsøn Doe', 'api@example.org', 'Secret, or not?', 'SHA-512-256')
    const given = {
      secret,
      method: 'GET',
      uri: '/doe.json',
      nc: '00000001',
      qop: 'auth',
      nonce: '5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK',
      cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v',
    } as const

    expect(digestOf(given)).toBe('3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5')
  })

  it('is that of the example in RFC 2617 §3.5', () => {
    const secret = secretOf('Mufasa', 'testrealm@host.com', 'Circle Of Life', 'MD5')
    const given = { ...request, nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093', cnonce: '0a4f113b' }

    expect(digestOf({ ...given, secret })).toBe('6629fae49393a05397450978507c4ef1')
  })

  it('is that of the example in RFC 2069 §2.4, as its erratum 749 corrects it, without qop', () => {
    const secret = secretOf('Mufasa', 'testrealm@host.com', 'CircleOfLife', 'MD5')
    const given = { ...request, nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093', qop: 'none' } as const

    expect(digestOf({ ...given, secret })).toBe('1949323746fe6a43ef61f9606e7febea')
  })

  it('covers the body with auth-int (RFC 7616 §3.4.3)', () => {
    const parts = { ...request, secret: mufasa('MD5'), qop: 'auth-int' } as const

    expect(digestOf({ ...parts, body: Buffer.from('a') })).not.toBe(digestOf({ ...parts, body: Buffer.from('b') }))
  })

  it('takes MD5 where no algorithm is named and knows its names in any case (RFC 7616 §3.3)', () => {
    expect([undefined, 'md5', 'sha-256', 'Sha-512-256', 'MD5-sess', 'toString', ''].map(algorithmNamed)).toEqual([
      'MD5',
      'MD5',
      'SHA-256',
      'SHA-512-256',
      undefined,
      undefined,
      undefined,
    ])
  })
})
