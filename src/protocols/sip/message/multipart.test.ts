import { describe, expect, it } from 'vitest'
import { partsOf } from './multipart.ts'

const mixed = 'multipart/mixed; boundary="b 1"'
const read = (lines: readonly string[], type = mixed) => partsOf(type, Buffer.from(lines.join('\r\n')))
const inWords = (lines: readonly string[], type?: string) =>
  read(lines, type)?.map(({ type, required, bytes }) => `${type} ${required ? '!' : '?'} ${bytes}`)

describe('a body of several parts (RFC 5621)', () => {
  it('is cut at its boundary, which may be quoted; what stands before and after is nobody’s', () => {
    const lines = [
      'before',
      '--b 1',
      'Content-Type: application/sdp',
      '',
      'v=0',
      's=-',
      '--b 1',
      '',
      'plain',
      '--b 1--',
      'x',
    ]

    expect(inWords(lines)).toEqual(['application/sdp ! v=0\r\ns=-', 'text/plain ! plain'])
  })

  it('says which parts need not be understood (§8.2)', () => {
    const isup = ['--b 1', 'c: application/ISUP;version=itu', 'Content-Disposition: signal ;handling=OPTIONAL', '', 'x']

    expect(inWords([...isup, '--b 1--'])).toEqual(['application/isup ? x'])
  })

  it('may hold a part of parts, and no deeper', () => {
    const inner = (lines: string[], name: string) => [
      `Content-Type: multipart/alternative;boundary=${name}`,
      '',
      `--${name}`,
      ...lines,
      `--${name}--`,
    ]
    const sdp = ['Content-Type: application/sdp', '', 'v=0']

    expect(inWords(['--b 1', ...inner(sdp, 'i'), '--b 1--'])).toEqual(['application/sdp ! v=0'])
    expect(read(['--b 1', ...inner(inner(sdp, 'j'), 'i'), '--b 1--'])).toBeUndefined()
  })

  it.each([
    ['no boundary', 'multipart/mixed', ['--b', '', 'x', '--b--']],
    ['an empty boundary', 'multipart/mixed;boundary=', ['--', '', 'x', '----']],
    ['a boundary that is too long', `multipart/mixed;boundary=${'b'.repeat(71)}`, ['x']],
    ['no part', mixed, ['--b 1--']],
    ['no end', mixed, ['--b 1', '', 'x']],
    ['nothing of it', mixed, ['x']],
    ['nothing', mixed, ['']],
    ['a header without an end', mixed, ['--b 1', 'Content-Type: a/b', '--b 1--']],
    ['too many parts', mixed, [...Array(17).fill('--b 1\r\n\r\nx'), '--b 1--']],
  ])('with %s is none', (_what, type, lines) => {
    expect(read(lines, type)).toBeUndefined()
  })
})
