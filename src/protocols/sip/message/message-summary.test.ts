import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MalformedMessage } from './errors.ts'
import { formatMessageSummary, type MessageSummary, parseMessageSummary } from './message-summary.ts'

const read = (...lines: readonly string[]) => parseMessageSummary(Buffer.from(lines.join('\r\n')))

describe('a message summary (RFC 3842 §5)', () => {
  it('says whether messages wait, where they are heard and how many of each class there are (§5.2)', () => {
    const summary = read(
      'Messages-Waiting: yes',
      'Message-Account: sip:alice@vmail.example.com',
      'Voice-Message: 2/8 (0/2)',
      'Fax-Message: 1/0',
      '',
      'To: <alice@atlanta.example.com>',
      'Urgent: no way to read this',
      '',
    )

    expect(summary).toEqual({
      waiting: true,
      account: 'sip:alice@vmail.example.com',
      counts: [
        { class: 'Voice-Message', new: 2, old: 8, urgent: { new: 0, old: 2 } },
        { class: 'Fax-Message', new: 1, old: 0 },
      ],
    })
  })

  it.each([
    ['says no more than that none wait', ['Messages-Waiting: no'], { waiting: false, counts: [] }],
    [
      'has other letters and spaces, and lines in another order',
      ['voice-message :1 /0(1 / 0 )', 'MESSAGES-WAITING:\tYES '],
      {
        waiting: true,
        counts: [{ class: 'Voice-Message', new: 1, old: 0, urgent: { new: 1, old: 0 } }],
      },
    ],
    [
      'names classes of messages that nobody knows',
      ['Messages-Waiting: yes', 'Pigeon-Message: 3/1', 'X-Word: anything', ''],
      { waiting: true, counts: [] },
    ],
  ])('is read where it %s', (_what, lines, summary) => {
    expect(read(...lines)).toEqual(summary)
    expect(parseMessageSummary(Buffer.from(lines.join('\n')))).toEqual(summary)
  })

  it.each([
    ['is empty', []],
    ['begins with an empty line', ['', 'Messages-Waiting: yes']],
    ['does not say whether messages wait', ['Voice-Message: 1/0']],
    ['says neither yes nor no', ['Messages-Waiting: maybe']],
    ['says it twice', ['Messages-Waiting: yes', 'messages-waiting: no']],
    ['has a line without a colon', ['Messages-Waiting: yes', 'Voice-Message 1/0']],
    ['has a line without a name', ['Messages-Waiting: yes', ': 1/0']],
    ['goes on in the next line', ['Messages-Waiting: yes', ' Voice-Message: 1/0']],
    ['has one number', ['Messages-Waiting: yes', 'Voice-Message: 1']],
    ['has a number below 0', ['Messages-Waiting: yes', 'Voice-Message: -1/0']],
    ['has a number above 2^32-1', ['Messages-Waiting: yes', 'Voice-Message: 4294967296/0']],
    ['does not close its brackets', ['Messages-Waiting: yes', 'Voice-Message: 1/0 (1/0']],
    ['is too long', ['Messages-Waiting: yes', `X: ${'x'.repeat(3000)}`]],
    ['has too many lines', ['Messages-Waiting: yes', ...Array.from({ length: 300 }, (_, n) => `X-${n}: y`)]],
  ])('is refused where it %s', (_what, lines) => {
    expect(() => read(...lines)).toThrow(MalformedMessage)
  })

  it('may tell much of single messages: that is not read', () => {
    expect(read('Messages-Waiting: yes', '', `Subject: ${'x'.repeat(30_000)}`)).toEqual({ waiting: true, counts: [] })
  })

  const count = fc.integer({ min: 0, max: 0xffff_ffff })
  const pair = fc.record({ new: count, old: count })
  const counts = (name: 'Voice-Message' | 'Fax-Message') =>
    fc.record(
      { class: fc.constant(name), new: count, old: count, urgent: pair },
      { requiredKeys: ['class', 'new', 'old'] },
    )
  const summaries: fc.Arbitrary<MessageSummary> = fc.record(
    {
      waiting: fc.boolean(),
      account: fc.stringMatching(/^sip:[a-z0-9*]{1,20}@[a-z]{1,20}$/),
      counts: fc
        .tuple(fc.option(counts('Voice-Message')), fc.option(counts('Fax-Message')))
        .map((all) => all.filter((one) => one !== null)),
    },
    { requiredKeys: ['waiting', 'counts'] },
  )

  it('that is written is read as what it was', () => {
    fc.assert(
      fc.property(summaries, (summary) => {
        expect(parseMessageSummary(Buffer.from(formatMessageSummary(summary)))).toEqual(summary)
      }),
    )
  })

  it('is read or refused, whatever bytes there are', () => {
    const fragments = fc.constantFrom(
      'Messages-Waiting',
      ':',
      ' yes',
      '\r\n',
      '\n',
      '\r',
      'Voice-Message',
      '1/0',
      '(',
      ')',
      '9',
    )
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 4096 }).map((array) => Buffer.from(array)),
      fc.array(fragments, { maxLength: 60 }).map((texts) => Buffer.from(texts.join(''))),
    )
    fc.assert(
      fc.property(bytes, (body) => {
        try {
          expect(Buffer.byteLength(formatMessageSummary(parseMessageSummary(body)))).toBeLessThan(3000)
        } catch (error) {
          if (!(error instanceof MalformedMessage)) throw error
        }
      }),
    )
  })
})
