import { describe, expect, it } from 'vitest'
import { MalformedMessage } from '../message/errors.ts'
import { defaultLimits } from '../message/limits.ts'
import { Framer } from './framer.ts'

const message = 'OPTIONS sip:a SIP/2.0\r\nContent-Length: 4\r\n\r\nbody'

/** What comes out of a stream that arrives in these pieces. */
function framed(...pieces: readonly string[]): string[] {
  const framer = new Framer(defaultLimits)
  const out: string[] = []
  for (const piece of pieces)
    framer.push(
      Buffer.from(piece),
      (bytes) => out.push(bytes.toString()),
      () => out.push('ping'),
    )
  return out
}

describe('messages out of a stream', () => {
  it('are the same wherever it is cut, pings between them too (RFC 3261 §18.3, RFC 5626 §3.5.1)', () => {
    const stream = `\r\n\r\n${message}\r\n\r\n\r\n\r\n${message}`

    for (let cut = 0; cut <= stream.length; cut++)
      expect(framed(stream.slice(0, cut), stream.slice(cut)), `cut at ${cut}`).toEqual([
        'ping',
        message,
        'ping',
        'ping',
        message,
      ])
    expect(framed(...stream)).toEqual(['ping', message, 'ping', 'ping', message])
  })

  it.each([
    ['one empty line, a pong', '\r\n', { pings: 0, ponged: true }],
    ['two, their own ping', '\r\n\r\n', { pings: 1, ponged: false }],
    ['three, one of each', '\r\n\r\n\r\n', { pings: 1, ponged: true }],
    ['one between messages, and their ping later', `\r\n${message}\r\n\r\n`, { pings: 1, ponged: true }],
  ])('tells pongs and pings apart (RFC 5626 §3.5.1), wherever they are cut: %s', (_what, stream, expected) => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const framer = new Framer(defaultLimits)
      let pings = 0
      for (const piece of [stream.slice(0, cut), stream.slice(cut)])
        framer.push(
          Buffer.from(piece),
          () => {},
          () => pings++,
        )

      expect([{ pings, ponged: framer.takePong() }, framer.takePong()], `cut at ${cut}`).toEqual([expected, false])
    }
  })

  it('one empty line before a message is no ping (§7.5)', () => {
    expect(framed('\r\n', message, '\r', `\n${message}`)).toEqual([message, message])
  })

  it.each([
    ['no Content-Length', 'OPTIONS sip:a SIP/2.0\r\nX: 1\r\n\r\n'],
    ['two', message.replace('\r\n\r\n', '\r\nl: 4\r\n\r\n')],
    ['one below zero', message.replace('4', '-4')],
    ['one beyond every message', message.replace('4', '99999999')],
    ['one that is no number', message.replace('4', '4 4')],
  ])('break where there is %s: nobody knows where the next one begins (§20.14)', (_what, bytes) => {
    expect(() => framed(bytes)).toThrow(MalformedMessage)
  })
})
