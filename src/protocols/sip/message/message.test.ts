import { describe, expect, it } from 'vitest'
import { buildRequest } from './build-request.ts'
import { buildResponse } from './build-response.ts'
import { edit } from './edit.ts'
import { MalformedMessage, UnsafeFieldValue } from './errors.ts'
import { parseMessage } from './parse-message.ts'
import { parameter } from './scan.ts'
import { stampVia } from './stamp-via.ts'

const parse = (...lines: string[]) => parseMessage(Buffer.from(lines.join('\r\n'), 'latin1'))

function refusalOf(read: () => unknown): MalformedMessage {
  try {
    read()
  } catch (error) {
    if (error instanceof MalformedMessage) return error
    throw error
  }
  throw new Error('it was read')
}

const invite = [
  'INVITE sip:1002@ringmain SIP/2.0',
  'v: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKtop ;rport, SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKsecond',
  'VIA : SIP/2.0/TCP 10.0.0.0;branch=z9hG4bKthird',
  'Max-Forwards: 70',
  'f: "A, B;tag=no" <sip:1001@ringmain;tag=neither>;x="q;tag=still";tag=from-1',
  't: <sip:1002@ringmain>',
  'i: 843817637684230@998sdasdh09',
  'CSeq: 1826 INVITE',
  'Subject: first',
  '  second',
  'X-Own: 1',
  'x-OWN: 2',
  'c: application/sdp',
  'l: 5',
  '',
  'v=0\r\nmore than Content-Length says',
]

describe('message', () => {
  it('reads long and compact names, in any case, as one (RFC 3261 §7.3.3)', () => {
    const message = parse(...invite)

    expect([message.method, message.requestURI, message.cseq]).toEqual(['INVITE', 'sip:1002@ringmain', 1826])
    expect(message.headers('via').map((via) => via.slice(-8))).toEqual(['p ;rport', 'bKsecond', '4bKthird'])
    expect([message.branch, message.fromTag, message.toTag]).toEqual(['z9hG4bKtop', 'from-1', ''])
    expect(message.callID).toBe('843817637684230@998sdasdh09')
    expect(message.header('Subject')).toBe('first  second')
    expect(message.headers('X-own')).toEqual(['1', '2'])
  })

  it('takes as much body as Content-Length says and no more (§18.3)', () => {
    const message = parse(...invite)

    expect(message.body.toString()).toBe('v=0\r\n')
    expect(message.bytes.toString().endsWith('v=0\r\n')).toBe(true)
  })

  it('copies Via, From, To, Call-ID and CSeq into a response and adds the tag (§8.2.6.2)', () => {
    const response = buildResponse(parse(...invite), 180, { toTag: 'mine' })

    const again = parseMessage(response.bytes)
    expect([again.status, again.reason, again.method, again.toTag]).toEqual([180, 'Ringing', 'INVITE', 'mine'])
    expect(again.headers('Via')).toEqual(parse(...invite).headers('Via'))
    expect(again.body.length).toBe(0)
  })

  it('takes a status without reason phrase and the space before it, as some phones send it, and passes it on with the space (§7.2)', () => {
    const lines = buildResponse(parse(...invite), 200, { toTag: 'mine' })
      .bytes.toString()
      .split('\r\n')
    const message = parse('SIP/2.0 200', ...lines.slice(1))

    expect([message.status, message.reason, message.toTag]).toEqual([200, '', 'mine'])
    expect(edit(message).finish().bytes.toString()).toMatch(/^SIP\/2\.0 200 \r\nv: /)
    for (const bad of ['SIP/2.0 20', 'SIP/2.0 2000', 'SIP/2.0 200OK', 'SIP/2.0'])
      expect(() => parse(bad, ...lines.slice(1))).toThrow(MalformedMessage)
  })

  it('answers a request that has a field twice with that field once: the first (RFC 4475 §3.3.10)', () => {
    const twice = [...invite.slice(0, 8), 'To: <sip:other@ringmain>', 'CSeq: 59 INVITE', ...invite.slice(8)]
    const refusal = refusalOf(() => parse(...twice))

    const answer = parseMessage(buildResponse(refusal.request ?? parse(), refusal.status).bytes)

    expect([answer.status, answer.cseq, answer.headers('To')]).toEqual([400, 1826, ['<sip:1002@ringmain>']])
  })

  it('takes a question mark in the user part, but no headers behind a Request-URI (§19.1.5)', () => {
    const to = (uri: string) => parse(`INVITE ${uri} SIP/2.0`, ...invite.slice(1)).requestURI

    expect(to('sip:a?b@ringmain')).toBe('sip:a?b@ringmain')
    expect(() => to('sip:a@ringmain?Route=%3Csip:evil%3E')).toThrow('headers')
  })

  it('is stamped where its sender finds the stamp, also beside a quote that does not end (RFC 3581 §4)', () => {
    const open = parse(...invite.map((line) => line.replace('branch=z9hG4bKtop ;rport', 'rport;branch=z9hG4"bK')))

    const stamped = parseMessage(stampVia(open, { host: '192.0.2.9', port: 5099 }).bytes)

    expect([stamped.branch, parameter(stamped.header('Via') ?? '', 'rport')]).toEqual([open.branch, '5099'])
  })

  it('is forwarded with untouched lines as they stood', () => {
    const out = edit(parse(...invite))
      .requestURI('sip:1002@10.0.0.9')
      .maxForwards(69)
      .push('Record-Route', '<sip:p1;lr>')
      .finish('SIP/2.0/UDP p1;branch=z9hG4bKmine')

    const again = parseMessage(out.bytes)
    expect([again.requestURI, again.branch, again.header('max-forwards')]).toEqual([
      'sip:1002@10.0.0.9',
      'z9hG4bKmine',
      '69',
    ])
    expect(again.headers('Via')).toHaveLength(4)
    expect(again.text).toContain('\r\nf: "A, B;tag=no" <sip:1001@ringmain;tag=neither>')
    expect(again.header('Record-Route')).toBe('<sip:p1;lr>')
    expect(again.body.toString()).toBe('v=0\r\n')
  })

  it('loses the first of two Vias in one line when it is popped', () => {
    expect(
      edit(parse(...invite))
        .pop('Via')
        .finish().branch,
    ).toBe('z9hG4bKsecond')
  })

  it('refuses a line break in a value given to a builder', () => {
    const parts = { method: 'OPTIONS', requestURI: 'sip:a', from: '<sip:a>', to: '<sip:a>', callID: 'c', cseq: 1 }

    expect(() => buildRequest({ ...parts, from: '<sip:a>\r\nEvil: 1' }).finish()).toThrow(UnsafeFieldValue)
    expect(() => edit(parse(...invite)).set('Subject', 'a\nb')).toThrow(UnsafeFieldValue)
  })

  it.each([
    ['two Call-IDs', ['Call-ID: other'], 'more than one Call-ID'],
    ['a line without a colon', ['nothing'], 'no colon'],
    ['a line that ends with LF alone', ['X: a\nEvil: b'], 'CR LF'],
  ])('refuses %s', (_what, extra, text) => {
    expect(() => parse(...invite.slice(0, 8), ...extra, ...invite.slice(8))).toThrow(MalformedMessage)
    expect(() => parse(...invite.slice(0, 8), ...extra, ...invite.slice(8))).toThrow(text)
  })
})
