import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildRequest } from './build-request.ts'
import { parseMessage } from './parse-message.ts'
import { endOfItem, parameterAt } from './scan.ts'
import { stampVia } from './stamp-via.ts'
import { ViaSpan } from './via-span.ts'

const pieces = ['SIP/2.0/UDP ', '10.0.0.1', ':5060', ';', ',', '=', ' ', '"', '\\', '<', '>', '\r\n '].concat([
  'branch',
  'BRANCH=z9hG4bKa',
  ';branch=z9hG4bKb',
  ';rport',
  ';received=10.0.0.2',
  ';rport =1',
])
const via = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((some) => some.join(''))

describe('the parts of a Via', () => {
  it('are those that reading it parameter by parameter finds', () => {
    fc.assert(
      fc.property(via, (text) => {
        const end = endOfItem(text, 0, text.length)

        const span = new ViaSpan(text, 0, text.length)

        expect(span.end).toBe(end)
        expect(span.branch < 0 ? undefined : text.slice(span.branch, span.branchEnd)).toBe(
          parameterAt(text, 'branch', 0, end),
        )
        expect(span.hasRport).toBe(parameterAt(text, 'rport', 0, end) !== undefined)
        expect(span.hasReceived).toBe(parameterAt(text, 'received', 0, end) !== undefined)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['SIP/2.0/UDP 10.0.0.1:5060;branch=z', '10.0.0.1:5060', 5060],
    ['SIP / 2.0 / TCP  pc.example ;branch=z', 'pc.example', 0],
    ['SIP/2.0/TLS [2001:db8::1]:5061', '[2001:db8::1]:5061', 5061],
    ['SIP/2.0/UDP [2001:db8::1]', '[2001:db8::1]', 0],
  ])('are sent-by and its port: %s', (text, sentBy, port) => {
    const span = new ViaSpan(text, 0, text.length)

    expect(text.slice(span.sentBy, span.sentByEnd)).toBe(sentBy)
    expect(span.port(text)).toBe(port)
  })
})

describe('a request whose Via has been stamped', () => {
  const parts = { requestURI: 'sip:b@x', from: '<sip:a@x>;tag=1', to: '<sip:b@x>', callID: 'c', cseq: 1 }
  const body = { type: 'text/plain', bytes: Buffer.from('hello') }

  it('reads as if it had come with the stamp', () => {
    const fields = [['Via', 'SIP/2.0/TCP 10.0.0.9;branch=z9hG4bKbelow']] as const
    const draft = buildRequest({ ...parts, method: 'INVITE', fields, body })
    const came = parseMessage(draft.finish('SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bKtop').bytes)

    const stamped = stampVia(came, { host: '192.0.2.1', port: 30_000 })

    const again = parseMessage(stamped.bytes)
    expect(stamped.table).toEqual(again.table)
    expect(stamped.text).toBe(again.text)
    expect(stamped.body).toEqual(body.bytes)
    expect(stamped.headers('Via')).toEqual([
      'SIP/2.0/UDP 10.0.0.1:5060;rport=30000;received=192.0.2.1;branch=z9hG4bKtop',
      'SIP/2.0/TCP 10.0.0.9;branch=z9hG4bKbelow',
    ])
  })
})
