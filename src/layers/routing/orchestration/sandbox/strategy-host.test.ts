import { newQuickJSWASMModule } from 'quickjs-emscripten'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Effect } from '../scxml/interpreter.ts'
import { parseStrategy } from '../scxml/parse.ts'
import { type Outcome, StrategyHost } from './strategy-host.ts'

const scxml = (body: string) => `<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0"
  xmlns:queue="http://www.genesyslab.com/modules/queue" xmlns:dialog="http://www.genesyslab.com/modules/dialog"
  xmlns:ixn="http://www.genesyslab.com/modules/ixn">${body}</scxml>`

let module: Awaited<ReturnType<typeof newQuickJSWASMModule>>
beforeAll(async () => {
  module = await newQuickJSWASMModule()
})

function host(body: string, name = 's') {
  const strategies = new StrategyHost(module)
  strategies.run({ type: 'publish', document: parseStrategy(name, scxml(body)) })
  return strategies
}
const begin = (strategies: StrategyHost, names = {}, session = '1') =>
  strategies.run({ type: 'start', session, strategy: 's', names })
const tell = (strategies: StrategyHost, name: string, data = {}, session = '1') =>
  strategies.run({ type: 'event', session, event: { name, data } })
const effects = (outcome: Outcome | undefined): readonly Effect[] =>
  outcome?.type === 'stepped' ? outcome.effects : []
const logged = (outcome: Outcome | undefined) => effects(outcome).flatMap((e) => (e.type === 'log' ? [e.text] : []))

describe('a strategy session', () => {
  it('plays, waits for the end of the prompt, then submits to the queue with what the call brought', () => {
    const strategies = host(`
      <state id="greet"><onentry><dialog:play promptexpr="params.greeting"/></onentry>
        <transition event="dialog.play.done" target="queue"/></state>
      <state id="queue"><onentry>
        <queue:submit priorityexpr="call.userData.tier === 'gold' ? 10 : 0"><queue:target skillsexpr="params.skills"/></queue:submit>
      </onentry><transition event="queue.submit.done" target="end"/></state>
      <final id="end"/>`)

    const first = begin(strategies, {
      call: { userData: { tier: 'gold' } },
      params: { greeting: 'welcome', skills: 'support > 0' },
    })
    const second = tell(strategies, 'dialog.play.done')
    const third = tell(strategies, 'queue.submit.done')

    expect(effects(first)).toEqual([
      { type: 'action', name: 'dialog:play', attributes: { prompt: 'welcome' }, targets: [] },
    ])
    expect(effects(second)).toEqual([
      { type: 'action', name: 'queue:submit', attributes: { priority: '10' }, targets: ['support > 0'] },
    ])
    expect(effects(third)).toEqual([{ type: 'finished' }])
    expect(tell(strategies, 'anything')).toBeUndefined()
  })

  it('exits inner states first and enters outer states first (appendix D)', () => {
    const note = (text: string) => `<log label="${text}"/>`
    const strategies = host(`
      <state id="a"><onexit>${note('-a')}</onexit>
        <state id="b"><onexit>${note('-b')}</onexit><transition event="go" target="d">${note('go')}</transition></state></state>
      <state id="c"><onentry>${note('+c')}</onentry><state id="d"><onentry>${note('+d')}</onentry></state></state>`)
    begin(strategies)

    expect(logged(tell(strategies, 'go'))).toEqual(['-b', '-a', 'go', '+c', '+d'])
  })

  it('takes the innermost transition, and the first written of one state', () => {
    const strategies = host(`
      <state id="a"><transition event="e"><log label="outer"/></transition>
        <state id="b"><transition event="e" cond="false"/><transition event="e.x"><log label="inner"/></transition></state></state>`)
    begin(strategies)

    expect(logged(tell(strategies, 'e.x'))).toEqual(['inner'])
    expect(logged(tell(strategies, 'e'))).toEqual(['outer'])
    expect(logged(tell(strategies, 'ex'))).toEqual([])
  })

  it('raises done.state of the parent when a final child is entered (§3.7)', () => {
    const strategies = host(`
      <state id="a"><state id="b"><transition event="go" target="f"/></state><final id="f"/>
        <transition event="done.state.a"><log label="done"/></transition></state>`)
    begin(strategies)

    expect(logged(tell(strategies, 'go'))).toEqual(['done'])
  })

  it('keeps the datamodel of each session apart and sees _event', () => {
    const strategies = host(`<datamodel><data id="n" expr="0"/></datamodel>
      <state id="a"><transition event="add"><assign location="n" expr="n + _event.data.by"/><log expr="n"/></transition></state>`)
    begin(strategies, {}, '1')
    begin(strategies, {}, '2')

    expect(logged(tell(strategies, 'add', { by: 2 }, '1'))).toEqual(['2'])
    expect(logged(tell(strategies, 'add', { by: 3 }, '1'))).toEqual(['5'])
    expect(logged(tell(strategies, 'add', { by: 7 }, '2'))).toEqual(['7'])
  })

  it('makes a throwing expression error.execution, which the strategy may answer (§5.9)', () => {
    const strategies = host(`
      <state id="a"><onentry><log expr="nothing.there"/><log label="not reached"/></onentry>
        <transition event="error.execution"><log expr="_event.data.message"/></transition></state>`)

    expect(logged(begin(strategies))).toEqual(["ReferenceError: 'nothing' is not defined"])
  })

  it('sends delayed events and cancels them', () => {
    const strategies = host(
      `<state id="a"><onentry><send id="t" event="late" delay="1.5s"/><cancel sendid="t"/></onentry></state>`,
    )

    expect(effects(begin(strategies))).toEqual([
      { type: 'send', id: 't', event: { name: 'late', data: {} }, delay: 1500 },
      { type: 'cancel', id: 't' },
    ])
  })

  it('goes on from a snapshot in another host', () => {
    const body = `<datamodel><data id="n" expr="1"/></datamodel>
      <state id="a"><transition event="go" target="b"><assign location="n" expr="41"/></transition></state>
      <state id="b"><transition event="go"><log expr="n + 1"/></transition></state>`
    const one = host(body)
    begin(one)
    const outcome = tell(one, 'go')
    const other = host(body)
    const snapshot = outcome?.type === 'stepped' ? outcome.snapshot : undefined
    if (snapshot) other.run({ type: 'restore', session: '1', strategy: 's', snapshot })

    expect(logged(tell(other, 'go'))).toEqual(['42'])
  })
})

describe('a hostile strategy', () => {
  it.each([
    ['loops in a script', '<state id="a"><onentry><script>for (;;) {}</script></onentry></state>', 'ran too long'],
    ['turns in circles', '<state id="a"><transition cond="true" target="a"/></state>', 'took 1000 transitions'],
  ])('that %s ends its own session only', (_what, body, problem) => {
    const strategies = host(body)
    strategies.run({
      type: 'publish',
      document: parseStrategy('good', scxml('<state id="a"><onentry><log label="well"/></onentry></state>')),
    })

    const outcome = begin(strategies)

    expect(outcome).toMatchObject({ type: 'failed', session: '1' })
    expect(outcome?.type === 'failed' ? outcome.problem : '').toContain(problem)
    expect(logged(strategies.run({ type: 'start', session: '2', strategy: 'good', names: {} }))).toEqual(['well'])
  })

  it('reaches nothing of the process', () => {
    const strategies = host(
      '<state id="a"><onentry><log expr="typeof process + typeof require + typeof fetch"/></onentry></state>',
    )

    expect(logged(begin(strategies))).toEqual(['undefinedundefinedundefined'])
  })
})
