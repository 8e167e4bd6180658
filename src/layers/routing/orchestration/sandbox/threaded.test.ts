import { afterEach, describe, expect, it } from 'vitest'
import { nodeRuntime } from '#platform/runtime/node/node-runtime.ts'
import { parseStrategy } from '../scxml/parse.ts'
import type { Sandbox } from './sandbox.ts'
import type { Outcome } from './strategy-host.ts'
import { threaded } from './threaded.ts'

const scxml = (body: string) => `<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0">${body}</scxml>`
const counting = `<datamodel><data id="n" expr="0"/></datamodel>
  <state id="a"><transition event="go"><assign location="n" expr="n + 1"/><log expr="n"/></transition></state>`
/** No loop of its own that an interrupt could stop: each step is one long native operation. */
const bomb = `<state id="a"><transition event="go"><script>
  var a = []; for (;;) a.push(new Array(10000).fill(1))
</script></transition></state>`

describe('the sandbox in a thread', () => {
  const runtime = nodeRuntime()
  let sandbox: Sandbox | undefined
  afterEach(() => sandbox?.close())

  it('ends a session stuck in a native operation, and every other session goes on where it was', async () => {
    const outcomes: Outcome[] = []
    let arrived = () => {}
    const logged = () =>
      outcomes
        .flatMap((o) => (o.type === 'stepped' ? o.effects : []))
        .flatMap((e) => (e.type === 'log' ? [e.text] : []))
    const until = async (condition: () => boolean) => {
      while (!condition()) {
        await new Promise<void>((resolve) => {
          arrived = resolve
        })
      }
    }
    sandbox = await threaded(runtime.clock)((outcome) => {
      outcomes.push(outcome)
      arrived()
    })
    sandbox.run({ type: 'publish', document: parseStrategy('counting', scxml(counting)) })
    sandbox.run({ type: 'publish', document: parseStrategy('bomb', scxml(bomb)) })
    sandbox.run({ type: 'start', session: 'good', strategy: 'counting', names: {} })
    sandbox.run({ type: 'start', session: 'bad', strategy: 'bomb', names: {} })
    sandbox.run({ type: 'event', session: 'good', event: { name: 'go' } })
    await until(() => logged().length === 1)

    sandbox.run({ type: 'event', session: 'bad', event: { name: 'go' } })
    sandbox.run({ type: 'event', session: 'good', event: { name: 'go' } })
    await until(() => outcomes.some((outcome) => outcome.type === 'failed') && logged().length === 2)

    expect(outcomes.filter((outcome) => outcome.type === 'failed')).toMatchObject([{ session: 'bad' }])
    expect(logged()).toEqual(['1', '2'])
  })
})
