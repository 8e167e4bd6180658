import { describe, expect, it } from 'vitest'
import type { Trace } from '#platform/trace/trace.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import { parseMessage } from '#protocols/sip/message/parse-message.ts'
import type { Hop, Transport } from '#protocols/sip/transport/transport.ts'
import { traced } from './traced-transport.ts'

const phone: Hop = { protocol: 'UDP', host: '2001:db8::7', port: 5070 }
const node: Hop = { protocol: 'TCP', host: 'node1.dc1', port: 0, connection: 3 }
const sipBytes = (startLine: string, cseq: string, more = '') =>
  Buffer.from(
    `${startLine}\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=2\r\nTo: <sip:b@h>${more}\r\nCall-ID: x\r\nCSeq: ${cseq}\r\n\r\n`,
  )

function setUp(tells: 'links' | 'outside', follows = true) {
  const told: string[] = []
  const sent: Buffer[] = []
  let handle: (message: Message, from: Hop) => void = () => {}
  const handled: Message[] = []
  const transport: Transport = {
    send: (bytes) => void sent.push(bytes),
    sentBy: () => ({ protocol: 'UDP', host: '2001:db8::1', port: 5060 }),
    receive(handler) {
      handle = handler
    },
    close: async () => {},
  }
  const trace: Trace = {
    follows: ({ callID }) => follows && callID === 'x',
    message: (from, to, bytes) => void told.push(`${from} → ${to}: ${bytes.toString().split('\r\n')[0]}`),
    note() {},
    belongs() {},
  }
  const seen = traced(transport, { trace, self: 'proxy1.dc1', tells })
  seen.receive((message) => void handled.push(message))
  const come = (bytes: Buffer, from: Hop) => handle(parseMessage(bytes), from)
  return { told, sent, handled, come, send: seen.send }
}

describe('a traced transport', () => {
  const invite = sipBytes('INVITE sip:b@h SIP/2.0', '1 INVITE')
  const ok = sipBytes('SIP/2.0 200 OK', '1 INVITE', ';tag=1')

  it('of a proxy tells what passes outside, with the address it uses there, and leaves links to the node', () => {
    const { told, sent, handled, come, send } = setUp('outside')
    come(invite, phone)
    send(invite, node)
    come(ok, node)
    send(ok, phone)

    expect(told).toEqual([
      '[2001:db8::7]:5070 → proxy1.dc1 [2001:db8::1]:5060: INVITE sip:b@h SIP/2.0',
      'proxy1.dc1 [2001:db8::1]:5060 → [2001:db8::7]:5070: SIP/2.0 200 OK',
    ])
    expect([sent.length, handled.length]).toEqual([2, 2])
  })

  it('of a node tells what passes on links, by names', () => {
    const { told, come, send } = setUp('links')
    come(invite, node)
    send(ok, node)

    expect(told).toEqual(['node1.dc1 → proxy1.dc1: INVITE sip:b@h SIP/2.0', 'proxy1.dc1 → node1.dc1: SIP/2.0 200 OK'])
  })

  it('takes a message that is not followed as ever, and makes no bytes of it for the trace', () => {
    const { told, handled, come } = setUp('outside', false)
    come(invite, phone)

    expect([told, handled.length]).toEqual([[], 1])
  })

  it.each([
    ['a registration', 'REGISTER sip:h SIP/2.0', '1 REGISTER', false],
    ['a question whether we are there', 'OPTIONS sip:h SIP/2.0', '1 OPTIONS', false],
    ['a transfer', 'REFER sip:h SIP/2.0', '1 REFER', true],
    ['a subscription', 'SUBSCRIBE sip:h SIP/2.0', '1 SUBSCRIBE', true],
  ])('tells whatever can belong to a call: %s', (_what, startLine, cseq, belongs) => {
    const { told, come, send } = setUp('outside')
    come(sipBytes(startLine, cseq), phone)
    send(sipBytes('SIP/2.0 200 OK', cseq, ';tag=1'), phone)

    expect(told).toHaveLength(belongs ? 2 : 0)
  })
})
