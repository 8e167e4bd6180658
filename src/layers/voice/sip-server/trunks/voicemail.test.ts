import { describe, expect, it } from 'vitest'
import { configurationFrom } from '#protocols/model/configuration.ts'
import type { MessageSummary } from '#protocols/sip/message/message-summary.ts'
import { parseMessage } from '#protocols/sip/message/parse-message.ts'
import { trunkSource } from '../../model/source-field.ts'
import { notified } from './voicemail.ts'

const configuration = configurationFrom({
  dns: [{ number: '1001' }],
  services: [{ number: '8600', name: 'Voicemail', service: 'echo' }],
  trunks: [
    { name: 'carrier', sources: ['192.0.2.1'], destination: '192.0.2.1', numbers: ['+XXXXX!'] },
    {
      name: 'unity',
      voicemail: true,
      sources: ['192.0.2.2'],
      destination: '192.0.2.2',
      numbers: ['87XX'],
      rewriteIn: [{ prefix: '55', replace: '' }],
    },
  ],
})

type Parts = { number?: string; trunk?: string; event?: string; fields?: string[]; lines?: string[] }
const typed = 'Content-Type: application/simple-message-summary'

/** The answer to a NOTIFY by the trunk `unity`, and what was told. */
function tell({ number = '1001', trunk = 'unity', event = 'message-summary', fields = [typed], lines }: Parts = {}) {
  const body = (lines ?? ['Messages-Waiting: yes', 'Voice-Message: 1/0 (0/0)', '']).join('\r\n')
  const head = [
    `NOTIFY sip:${number}@10.0.0.1 SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1',
    'Max-Forwards: 70',
    'From: <sip:asterisk@192.0.2.2>;tag=a',
    `To: <sip:${number}@10.0.0.1>`,
    'Call-ID: 1',
    'CSeq: 102 NOTIFY',
    `Event: ${event}`,
    `X-Ringmain-Source: ${trunkSource(trunk, '192.0.2.2:5060')}`,
    ...fields,
    `Content-Length: ${body.length}`,
  ]
  const told: [string, MessageSummary][] = []
  const uriOf = (dn: string) => `sip:${dn}@ringmain`
  const request = parseMessage(Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`))
  const answer = notified(request, {
    configuration: () => configuration,
    uriOf,
    told: (dn, summary) => told.push([dn, summary]),
  })
  return { answer, told }
}

const one = { waiting: true, counts: [{ class: 'Voice-Message', new: 1, old: 0, urgent: { new: 0, old: 0 } }] }

describe('a NOTIFY outside dialogs (RFC 3842)', () => {
  it('of a voicemail server tells of the messages of the DN it is sent to', () => {
    expect(tell()).toEqual({ answer: { status: 200 }, told: [['1001', one]] })
    expect(tell({ number: '551001' }).told).toEqual([['1001', one]])
  })

  it.each([
    ['a number of ours', 'sip:8600@192.0.2.2', 'sip:8600@ringmain'],
    ['a number of ours in the form of the server', 'sips:558600@192.0.2.2;x=y', 'sip:8600@ringmain'],
    ['a number that goes out to the server itself', 'sip:8700@192.0.2.2', 'sip:8700@ringmain'],
    ['a number that goes out by another trunk', 'sip:+19005550100@192.0.2.2', undefined],
    ['what is no number here', 'sip:asterisk@192.0.2.2', undefined],
    ['an address of another kind', 'mailto:alice@example.com', undefined],
    ['what is no address', '8600', undefined],
    ['an address that cannot be read', '<alice>', undefined],
  ])('names as the account %s', (_what, account, told) => {
    const [[, summary] = []] = tell({ lines: ['Messages-Waiting: yes', `Message-Account: ${account}`] }).told

    expect([summary?.waiting, summary?.account]).toEqual([true, told])
  })

  it.each<[string, Parts, number]>([
    ['of another event: nobody has subscribed (RFC 6665 §4.1.3)', { event: 'dialog' }, 481],
    ['of a trunk that is no voicemail server', { trunk: 'carrier' }, 403],
    ['of nobody’s trunk', { trunk: 'gone' }, 403],
    ['for what is no DN', { number: '8600' }, 404],
    ['without a type', { fields: [] }, 415],
    ['of another type', { fields: ['Content-Type: text/plain'] }, 415],
    ['that is packed', { fields: [typed, 'Content-Encoding: gzip'] }, 415],
    ['without a body', { lines: [] }, 400],
    ['with a wrong line', { lines: ['Messages-Waiting: yes', 'Voice-Message: many'] }, 400],
  ])('is refused: %s', (_what, parts, status) => {
    const { answer, told } = tell(parts)

    expect(answer.status).toBe(status)
    expect(told).toEqual([])
  })

  it('says why it is refused, and what would do', () => {
    expect(tell({ fields: [] }).answer.fields).toEqual([['Accept', 'application/simple-message-summary']])
    expect(tell({ lines: ['Messages-Waiting: perhaps'] }).answer.reason).toBe(
      'Bad Request: Messages-Waiting does not say yes or no',
    )
  })
})
