import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildMsmlEvent, buildMsmlRequest, buildMsmlResult } from './build-msml.ts'
import type { MsmlEvent, MsmlRequest } from './msml.ts'
import { parseMsmlEvent, parseMsmlRequest, parseMsmlResult } from './parse-msml.ts'

const parse = (text: string) => parseMsmlRequest(Buffer.from(text))
const dialog = (content: string) =>
  parse(`<msml version="1.1"><dialogstart target="conn:self" name="x">${content}</dialogstart></msml>`)

const collect = {
  min: 1,
  max: 4,
  returnKey: '#',
  firstDigitTimeout: 10_000,
  interDigitTimeout: 4000,
  clear: true,
}
const requests: MsmlRequest[] = [
  {
    type: 'dialogstart',
    connection: 'self',
    name: 'music',
    play: { prompts: ['music'], iterate: Infinity, barge: false },
  },
  {
    type: 'dialogstart',
    connection: '4f1c',
    name: 'menu',
    play: { prompts: ['menu-sales', 'goodbye'], iterate: 2, barge: true },
    collect,
  },
  {
    type: 'dialogstart',
    connection: '4f1c',
    name: 'd',
    generate: { digits: '12*#', duration: 100, interval: 70 },
  },
  { type: 'dialogend', connection: 'self', name: 'music' },
]
const events: MsmlEvent[] = [
  {
    name: 'msml.dialog.exit',
    connection: '4f1c',
    dialog: 'menu',
    exit: { play: 'play.complete.barge', digits: '2', collect: 'dtmf.match' },
  },
  { name: 'msml.dialog.exit', connection: '4f1c', dialog: 'd', exit: { generate: 'dtmfgen.complete' } },
  { name: 'dtmf.digit', connection: '4f1c', digit: '#' },
  { name: 'ringmain.rtp.silent', connection: '4f1c', seconds: 20 },
  { name: 'ringmain.rtp.resumed', connection: '4f1c' },
]

describe('MSML documents', () => {
  it.each(requests)('reads the request it built: %j', (request) => {
    expect(parseMsmlRequest(buildMsmlRequest(request))).toEqual(request)
  })

  it.each(events)('reads the event it built: %j', (event) => {
    expect(parseMsmlEvent(buildMsmlEvent(event))).toEqual(event)
  })

  it('reads the result it built, with characters that XML reserves', () => {
    const result = { status: 430, description: 'no prompt "<x>" & more' }

    expect(parseMsmlResult(buildMsmlResult(result))).toEqual(result)
  })

  it.each([
    ['text that is not XML', 400, 'hello'],
    ['a DOCTYPE', 400, '<!DOCTYPE m [<!ENTITY a "b">]><msml version="1.1"><dialogend id="conn:a/dialog:b"/></msml>'],
    ['too many bytes', 400, `<msml>${' '.repeat(17_000)}</msml>`],
    ['nesting deeper than 8', 400, `${'<a>'.repeat(9)}${'</a>'.repeat(9)}`],
    ['an unclosed element', 400, '<msml><dialogend id="conn:a/dialog:b"/>'],
    ['another root', 400, '<moml/>'],
    ['nothing inside', 400, '<msml/>'],
    ['two requests', 400, '<msml><dialogend id="conn:a/dialog:b"/><dialogend id="conn:a/dialog:b"/></msml>'],
    ['an unknown request', 401, '<msml><createconference/></msml>'],
    ['a target that is no connection', 410, '<msml><dialogstart target="conf:1" name="x"/></msml>'],
  ])('refuses %s', (_what, code, text) => {
    expect(parse(text)).toMatchObject({ refused: code })
  })

  it.each([
    ['a path as prompt', 410, '<play><audio uri="prompt:../../etc/passwd"/></play>'],
    ['a URL as prompt', 410, '<play><audio uri="http://127.0.0.1/x"/></play>'],
    ['no prompt', 405, '<play/>'],
    ['nothing to do', 405, ''],
    ['two plays', 405, '<play><audio uri="prompt:a"/></play><play><audio uri="prompt:a"/></play>'],
    ['min above max', 410, '<collect><pattern digits="min=5;max=4"/></collect>'],
    ['a pattern we do not know', 410, '<collect><pattern digits="length=5"/></collect>'],
    ['a timeout without unit', 410, '<collect fdt="10"><pattern digits="max=4"/></collect>'],
    ['digits that are none', 410, '<dtmfgen digits="12x"/>'],
    ['an unknown element', 401, '<record/>'],
    ['__proto__ as an element', 401, '<__proto__/>'],
  ])('refuses a dialog with %s', (_what, code, content) => {
    expect(dialog(content)).toMatchObject({ refused: code })
  })

  it('gives a value for any bytes whatever', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(parseMsmlRequest(bytes)).toHaveProperty('refused')
      }),
    )
  })
})
