import { describe, expect, it } from 'vitest'
import { buildInfoDigit, isInfoDigit, parseInfoDigit } from './info-digit.ts'

describe('a digit in INFO', () => {
  it.each([...'0123456789*#ABCD'])('%s is read as it was built', (digit) => {
    const { type, text } = buildInfoDigit(digit, 100)

    expect(isInfoDigit(type)).toBe(true)
    expect(parseInfoDigit(text)).toBe(digit)
  })

  it.each([
    ['with spaces, as by Cisco', 'Signal= 5\r\nDuration= 160\r\n', '5'],
    ['without a duration or a line break', 'Signal=5', '5'],
    ['after its duration', 'Duration=250\nSignal=7\n', '7'],
    ['in small letters', 'signal=b\r\nduration=100', 'B'],
    ['as the code of an event', 'Signal=10\r\nDuration=160\r\n', '*'],
    ['as another code of one', 'Signal=11\r\n', '#'],
    ['alone (application/dtmf)', '5', '5'],
    ['alone with a line break', '#\r\n', '#'],
    ['alone as a code', '12', 'A'],
  ])('is understood %s', (_how, body, digit) => {
    expect(parseInfoDigit(body)).toBe(digit)
  })

  it.each([
    ['nothing', ''],
    ['a flash', 'Signal=16\r\nDuration=100'],
    ['a flash in words', 'Signal=hf'],
    ['several digits', 'Signal=42'],
    ['an unknown key', 'Signal=X'],
    ['a duration alone', 'Duration=5'],
    ['another field', 'Tone=5'],
  ])('is none in %s', (_what, body) => {
    expect(parseInfoDigit(body)).toBeUndefined()
  })

  it.each(['application/dtmf-relay', 'application/dtmf'])('comes as %s', (type) => {
    expect(isInfoDigit(type)).toBe(true)
  })

  it.each(['application/msml+xml', 'text/plain', ''])('does not come as %j', (type) => {
    expect(isInfoDigit(type)).toBe(false)
  })
})
