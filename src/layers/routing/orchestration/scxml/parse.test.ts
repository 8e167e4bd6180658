import { describe, expect, it } from 'vitest'
import { MalformedStrategy } from '../../errors.ts'
import { parseStrategy } from './parse.ts'

const wrap = (body: string) => `<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0"
  xmlns:queue="http://www.genesyslab.com/modules/queue" xmlns:dialog="http://www.genesyslab.com/modules/dialog">
${body}
</scxml>`

describe('reading a strategy', () => {
  it('names states, their children and where each begins', () => {
    const document = parseStrategy('s', wrap('<state id="a"><state id="b"/><final id="c"/></state><final id="d"/>'))

    expect(document.initial).toBe('a')
    expect(document.states.a?.initial).toBe('b')
    expect(document.states.c).toMatchObject({ kind: 'final', ancestors: ['a'] })
  })

  it('takes an attribute written out, or its twin ending in expr', () => {
    const { states } = parseStrategy(
      's',
      wrap('<state id="a"><onentry><dialog:play promptexpr="p"/></onentry></state>'),
    )

    expect(states.a?.onentry).toEqual([
      { kind: 'action', name: 'dialog:play', attributes: { prompt: { expr: 'p' } }, targets: [] },
    ])
  })

  it.each([
    ['<state id="a"><transition event="e" target="b"/></state>', 'there is no state "b"', 3],
    ['<state id="a"/><state id="a"/>', 'there is already a state "a"', 3],
    ['<state id="a"><onentry><dialog:play/></onentry></state>', '<dialog:play> needs prompt or promptexpr', 3],
    ['<state id="a"><onentry><dialog:play promt="x"/></onentry></state>', 'has no attribute promt', 3],
    ['<state id="a"><onentry><queue:submit/></onentry></state>', 'needs at least one <queue:target>', 3],
    ['<state id="a"><onentry><foo/></onentry></state>', '<foo> is not available in executable content', 3],
    ['\n<parallel id="p"/>', '<parallel> is not available yet', 4],
    ['<state id="a">', 'unexpected close tag', 4],
    ['', 'there is no <state>', 1],
  ])('refuses %s: %s, line %i', (body, problem, line) => {
    const read = () => parseStrategy('s', wrap(body))

    expect(read).toThrow(MalformedStrategy)
    expect(read).toThrow(problem)
    expect(read).toThrow(body === '' ? /line \d+/ : `line ${line}`)
  })

  it('refuses a document type, so no entity is ever expanded', () => {
    expect(() => parseStrategy('s', '<!DOCTYPE x [<!ENTITY a "b">]><scxml/>')).toThrow('document type is refused')
  })
})
