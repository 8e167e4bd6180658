import { describe, expect, it } from 'vitest'
import { buildRequest } from '../message/build-request.ts'
import { buildResponse } from '../message/build-response.ts'
import type { Fields } from '../message/draft.ts'
import type { Message } from '../message/message.ts'
import { parseMessage } from '../message/parse-message.ts'
import { type Algorithm, secretOf } from './digest.ts'
import { answerChallenge, type Identity } from './digest-client.ts'
import { DigestVerifier } from './digest-verifier.ts'

const realm = 'ringmain.example'
const key = Buffer.alloc(32, 7)
let now = 1_800_000_000_000
const wall = () => now
const verifier = (issuer = 'node1', memory = 1000) => new DigestVerifier({ realm, issuer, key, wall, memory })

const random = { bytes: (count: number) => Buffer.alloc(count, 1), hex: (count: number) => '0a'.repeat(count) }
const uri = 'sip:127.0.0.1:5060'
const body = { type: 'text/plain', bytes: Buffer.from('hello') }

const secrets = new Map([
  ['1001', secretOf('1001', realm, 'secret', 'MD5')],
  ['1002', secretOf('1002', realm, 'secret', 'SHA-256')],
  ['1003', secretOf('1003', realm, 'secret', 'SHA-512-256')],
])
const lookUp = (username: string) => secrets.get(username)
const identity = (username: string, password = 'secret', of = realm): Identity => ({
  username,
  realm: of,
  secretOf: (algorithm: Algorithm) => secretOf(username, of, password, algorithm),
})

function request(user: string, fields: Fields = [], requestURI = uri): Message {
  const aor = `<sip:${user}@ringmain.example>`
  const parts = { method: 'REGISTER', requestURI, from: `${aor};tag=1`, to: aor, callID: 'c', cseq: 1, fields, body }
  return parseMessage(buildRequest(parts).finish('SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1').bytes)
}

/** A client that asks, is challenged and answers. */
function answered(at: DigestVerifier, user: string, as = identity(user), requestURI = uri): Fields {
  const verdict = at.verify(request(user), lookUp)
  if (verdict.ok) throw new Error('not challenged')
  const response = buildResponse(request(user), verdict.status, { fields: verdict.fields })
  const asked = { method: 'REGISTER', uri: requestURI, body: body.bytes }
  return answerChallenge(parseMessage(response.bytes), asked, as, random, 1) ?? []
}

const challengeIn = (verdict: ReturnType<DigestVerifier['verify']>) =>
  verdict.ok ? '' : (verdict.fields[0]?.[1] ?? '')
const withCount = (fields: Fields, nc: string): Fields =>
  fields.map(([name, value]) => [name, value.replace(/nc=\w+/, nc)])

describe('digest verification', () => {
  it('lets in who answers the challenge, by MD5, SHA-256 or SHA-512/256 (RFC 7616 §3.4)', () => {
    for (const user of ['1001', '1002', '1003']) {
      const node = verifier()
      expect(node.verify(request(user, answered(node, user)), lookUp)).toEqual({ ok: true, username: user })
    }
  })

  it('asks each user for the one algorithm that is his (RFC 8760)', () => {
    expect(challengeIn(verifier().verify(request('1001'), lookUp))).toContain('algorithm=MD5')
    expect(challengeIn(verifier().verify(request('1002'), lookUp))).toContain('algorithm=SHA-256')
    expect(challengeIn(verifier().verify(request('1003'), lookUp))).toContain('algorithm=SHA-512-256')
  })

  it('takes no MD5 answer for a user with SHA-256', () => {
    const node = verifier()
    const weak: Identity = { ...identity('1002'), secretOf: () => secretOf('1002', realm, 'secret', 'MD5') }
    const fields = answered(node, '1002', weak).map(([name, value]) => [name, value.replace('SHA-256', 'MD5')] as const)

    expect(node.verify(request('1002', fields), lookUp)).toMatchObject({ ok: false, status: 401 })
  })

  it('challenges a wrong password and an unknown user alike, and neither as stale', () => {
    const node = verifier()
    const wrong = node.verify(request('1001', answered(node, '1001', identity('1001', 'guess'))), lookUp)
    const unknown = node.verify(request('1009', answered(node, '1009', identity('1009'))), lookUp)
    const shape = (text: string) => text.replace(/nonce="[^"]*"/, '')

    expect(wrong).toMatchObject({ ok: false, status: 401 })
    expect(shape(challengeIn(unknown))).toBe(shape(challengeIn(wrong)))
    expect(challengeIn(wrong)).not.toContain('stale')
  })

  it('takes auth-int from who prefers it, and with it no other body (RFC 7616 §3.4.3)', () => {
    const node = verifier()
    const verdict = (bytes: Buffer) => {
      const challenge = challengeIn(node.verify(request('1001'), lookUp)).replace('qop="auth"', 'qop="auth-int"')
      const response = buildResponse(request('1001'), 401, { fields: [['WWW-Authenticate', challenge]] })
      const asked = { method: 'REGISTER', uri, body: bytes }
      return node.verify(request('1001', answerChallenge(response, asked, identity('1001'), random, 1)), lookUp)
    }

    expect(verdict(body.bytes)).toEqual({ ok: true, username: '1001' })
    expect(verdict(Buffer.from('another'))).toMatchObject({ ok: false, status: 401 })
  })

  it('takes no answer without qop: it could be replayed (RFC 2069)', () => {
    const node = verifier()
    const challenge = challengeIn(node.verify(request('1001'), lookUp)).replace(', qop="auth"', '')
    const response = buildResponse(request('1001'), 401, { fields: [['WWW-Authenticate', challenge]] })
    const fields = answerChallenge(response, { method: 'REGISTER', uri }, identity('1001'), random, 1)

    expect(fields?.[0]?.[1]).not.toContain('qop')
    expect(node.verify(request('1001', fields), lookUp)).toMatchObject({ ok: false, status: 401 })
  })

  it('takes each count once: a replay is stale (RFC 7616 §3.3)', () => {
    const node = verifier()
    const fields = answered(node, '1001')
    node.verify(request('1001', fields), lookUp)
    const replayed = node.verify(request('1001', fields), lookUp)

    expect(replayed).toMatchObject({ ok: false, status: 401 })
    expect(challengeIn(replayed)).toContain('stale=true')
  })

  it('answers stale for a nonce of another node, and nothing more for one of nobody', () => {
    const fields = answered(verifier('node1'), '1001')
    const elsewhere = verifier('node2').verify(request('1001', fields), lookUp)
    const foreign = new DigestVerifier({ realm, issuer: 'node1', key: Buffer.alloc(32, 8), wall })
    const forged = verifier().verify(request('1001', answered(foreign, '1001')), lookUp)

    expect(challengeIn(elsewhere)).toContain('stale=true')
    expect(forged).toMatchObject({ ok: false, status: 401 })
    expect(challengeIn(forged)).not.toContain('stale')
  })

  it('answers stale for a nonce that is older than its lifetime', () => {
    const node = verifier()
    const fields = answered(node, '1001')
    now += 300_001

    expect(challengeIn(node.verify(request('1001', fields), lookUp))).toContain('stale=true')
  })

  it('refuses a digest for another resource than the Request-URI (RFC 7616 §3.4.6)', () => {
    const node = verifier()
    const fields = answered(node, '1001', identity('1001'), 'sip:8010@127.0.0.1:5060')

    expect(node.verify(request('1001', fields), lookUp)).toMatchObject({ ok: false, status: 400 })
    expect(node.verify(request('1001', answered(node, '1001'), `${uri};transport=tcp`), lookUp).ok).toBe(true)
  })

  it('takes a URI with the default port for one without: it is the same resource, though not the same URI (RFC 7616 §3.4.6, RFC 3261 §19.1.4)', () => {
    const node = verifier()
    const verdict = (digest: string, requestURI: string) =>
      node.verify(request('1001', answered(node, '1001', identity('1001'), digest), requestURI), lookUp)

    expect(verdict('sip:8010@ringmain', 'sip:8010@ringmain:5060').ok).toBe(true)
    expect(verdict('sips:8010@ringmain:5061', 'sips:8010@ringmain').ok).toBe(true)
    expect(verdict('sip:8010@ringmain:5070', 'sip:8010@ringmain')).toMatchObject({ ok: false, status: 400 })
  })

  it('challenges credentials it cannot read, of another scheme or of another realm', () => {
    const values = ['Digest', 'Digest realm=', `Digest realm="${realm}", realm="x"`, 'Basic MTAwMTpzZWNyZXQ=', '']
    const node = verifier()

    for (const value of values)
      expect(node.verify(request('1001', [['Authorization', value]]), lookUp)).toMatchObject({ ok: false, status: 401 })
  })

  it('refuses a request whose counts are no eight digits of hexadecimal', () => {
    const node = verifier()
    const fields = withCount(answered(node, '1001'), 'nc=1')

    expect(node.verify(request('1001', fields), lookUp)).toMatchObject({ ok: false, status: 401 })
  })

  it('forgets the oldest nonces beyond its memory, and takes none that it may have forgotten', () => {
    const node = verifier('node1', 2)
    const used: Fields[] = []
    for (let count = 0; count < 4; count++) {
      now += 1000
      const fields = answered(node, '1001')
      expect(node.verify(request('1001', fields), lookUp).ok).toBe(true)
      used.push(fields)
    }

    expect(node.counted).toBe(2)
    expect(challengeIn(node.verify(request('1001', used[0]), lookUp))).toContain('stale=true')
  })

  it('asks with 407 and Proxy-Authenticate where a proxy asks (RFC 3261 §22.3)', () => {
    expect(verifier().verify(request('1001'), lookUp, true)).toMatchObject({
      status: 407,
      fields: [['Proxy-Authenticate', expect.stringContaining('Digest realm=')]],
    })
  })
})

describe('answering a challenge', () => {
  const challenged = (value: string) => buildResponse(request('1001'), 401, { fields: [['WWW-Authenticate', value]] })
  const challenge = `Digest realm="${realm}", nonce="n", qop="auth,auth-int"`
  const asked = { method: 'REGISTER', uri }

  it('answers for no realm but its own: a secret helps nobody else (RFC 3261 §22.1)', () => {
    const response = challenged('Digest realm="elsewhere", nonce="n", qop="auth"')

    expect(answerChallenge(response, asked, identity('1001'), random, 1)).toBeUndefined()
  })

  it('answers who offers no qop as RFC 2069 §2.4 has it, with its example', () => {
    const response = challenged('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"')
    const mufasa = identity('Mufasa', 'CircleOfLife', 'testrealm@host.com')

    expect(answerChallenge(response, { method: 'GET', uri: '/dir/index.html' }, mufasa, random, 1)).toEqual([
      [
        'Authorization',
        'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", response="1949323746fe6a43ef61f9606e7febea", algorithm=MD5',
      ],
    ])
  })

  it('answers with auth where it is offered, and with auth-int where nothing else is (RFC 7616 §3.3)', () => {
    const qop = (offered: string) => {
      const response = challenged(`Digest realm="${realm}", nonce="n", qop="${offered}"`)
      return answerChallenge(response, asked, identity('1001'), random, 1)?.[0]?.[1].match(/qop=([\w-]+)/)?.[1]
    }

    expect(['auth-int,auth', 'auth-int', 'quantum'].map(qop)).toEqual(['auth', 'auth-int', undefined])
  })

  it('answers a second challenge only where the nonce was stale, and never a third', () => {
    const again = (value: string, attempt: number) =>
      answerChallenge(challenged(value), asked, identity('1001'), random, attempt) !== undefined

    expect([again(challenge, 2), again(`${challenge}, stale=true`, 2), again(`${challenge}, stale=true`, 3)]).toEqual([
      false,
      true,
      false,
    ])
  })

  it('passes over an algorithm it does not know (RFC 8760 §2.4)', () => {
    const response = buildResponse(request('1001'), 401, {
      fields: [
        ['WWW-Authenticate', `${challenge}, algorithm=SHA-256-sess`],
        ['WWW-Authenticate', `${challenge}, algorithm=MD5, opaque="o"`],
      ],
    })

    const fields = answerChallenge(response, asked, identity('1001'), random, 1)
    expect(fields?.[0]?.[1]).toContain('algorithm=MD5, opaque="o", qop=auth, nc=00000001')
  })
})
