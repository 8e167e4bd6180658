import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { step } from '#platform/machine/machine.ts'
import { createChecker } from '#protocols/tlib/checker.ts'
import type { Call, State } from './call.ts'
import { brokenCall, callMachine } from './call-machine.ts'
import { targets } from './imagined-requests.fixture.ts'
import { ImaginedWorld } from './imagined-world.fixture.ts'
import type { Input } from './input.ts'

const states = (Object.keys(callMachine.states) as State[]).filter((state) => state !== 'New' && state !== 'Ended')
const numbers = Object.keys(targets)
const fromInside = { kind: 'dn', dn: '1001', media: 'direct' } as const

/** A life: who calls, whom, and the choices that the world makes until it is made to stop. */
const life = fc.record({
  inside: fc.boolean(),
  made: fc.boolean(),
  late: fc.boolean(),
  anchored: fc.boolean(),
  number: fc.constantFrom(...numbers, '77'),
  choices: fc.array(fc.nat({ max: 9973 }), { minLength: 5, maxLength: 80 }),
})
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never

function begin({ inside, made, late, anchored, number }: Life, checker = createChecker('full')): ImaginedWorld {
  const origin = inside || made ? { origin: fromInside, callType: 'Internal' as const, ani: '1001' } : {}
  const summons = made ? { summons: { uri: 'sip:1001@ringmain', from: '<sip:1002@ringmain>' } } : {}
  const world = new ImaginedWorld(checker, {
    ...origin,
    ...summons,
    dnis: number,
    ...(anchored && { media: 'anchored' }),
  })
  if (made) world.make(number)
  else world.arrive(number, late)
  return world
}

/** What ends or spoils a call; seldom chosen, so that calls live long enough to get somewhere. */
const rare = /hangs up|is gone|cancels|busy|out of|48|50|not ack|ReleaseCall|Ring|Offer|hears no|probe/

function live(world: ImaginedWorld, choices: readonly number[]): void {
  for (const choice of choices) {
    if (world.state === 'Ended') return
    const { choices: all } = world
    const calm = all.filter(({ name }) => !rare.test(name))
    const possible = choice % 7 > 0 && calm.length > 0 ? calm : all
    const chosen = possible[Math.floor(choice / 7) % possible.length]
    if (chosen) world.feed(chosen.input())
  }
}

describe('the call machine', () => {
  it('whatever happens in whatever order: keeps every invariant, answers every request, leaves nothing behind', () => {
    fc.assert(
      fc.property(life, (given) => {
        const checker = createChecker('full')
        const world = begin(given, checker)

        live(world, given.choices)
        world.stop()

        expect({ violations: checker.end(), left: world.remains() }, world.story.join('\n')).toEqual({
          violations: [],
          left: [],
        })
      }),
      { numRuns: 400 },
    )
  })

  it('ends a call that a bug has stopped, from any data it may have: BYE to all, records complete', () => {
    fc.assert(
      fc.property(life, (given) => {
        const world = begin(given)
        live(world, given.choices)
        if (world.state === 'Ended') return

        const { effects, state } = brokenCall(world.call, { at: 1_767_225_700_000 })

        expect(state).toBe('Ended')
        const closed = effects.flatMap((effect) =>
          'leg' in effect && /^(?:bye|cancel|reject)$/.test(effect.type) ? [effect.leg] : [],
        )
        expect(closed.toSorted()).toEqual(Object.keys(world.call.legs).toSorted())
        if (world.call.eventNo > 0)
          expect(effects.at(-1)).toMatchObject({ type: 'over', ending: { cause: 'error', status: 500 } })
      }),
      { numRuns: 100 },
    )
  })

  it.each(states)('refuses in %s what is not built, and changes nothing by it (event flows §0)', (state) => {
    const { call } = begin({ inside: true, made: false, late: false, anchored: false, number: '1002', choices: [] })

    for (const type of [
      'RequestInitiateTransfer',
      'RequestClearCall',
      'RequestRedirectCall',
      'RequestSetMuteOn',
    ] as const) {
      const input = { type, token: 7, at: 0, target: undefined, request: {} } as unknown as Input
      const next = step(callMachine, state, call, input)

      expect(next).toEqual({
        state,
        data: call,
        effects: [{ type: 'refuse', token: 7, code: 51, message: 'not available yet' }],
      })
    }
  })

  it('gives a meaning to every timer it declares, in every state where it may run', () => {
    for (const [timer, states] of Object.entries(callMachine.timers)) {
      for (const state of states)
        expect(callMachine.states[state], `${state} × ${timer}`).toHaveProperty(`timer${timer}`)
    }
  })
})

describe('a transfer of two calls that cannot be made any more (RFC 3515 §2.4.5)', () => {
  const { call: any } = new ImaginedWorld(createChecker('full'), { dnis: '1002' })
  const by = { id: 'p1', dn: '1001', leg: 'a', external: false, state: 'Connected', role: 'Origination' } as const
  const party = { ...by, seized: true, wasConnected: true, pSeq: 0 }
  const leg = { id: 'a', role: 'caller', state: 'Up', refers: 'refer' } as const
  const alone: Call = { ...any, legs: { a: leg }, parties: [party] }
  const at = 1_767_225_600_000

  it.each(['Talking', 'Transferring', 'Transferred', 'Merging'] as const)(
    'is said by the call that has nobody to give up: %s',
    (state) => {
      const input = { type: 'surrender', at, leg: 'a', to: 'main', by: 'b' } as const

      const next = step(callMachine, state, alone, input)

      expect(next?.effects).toEqual([{ type: 'withhold', to: 'main', by: 'b' }])
    },
  )

  it('is told to the phone that asked for it by a last NOTIFY; its call goes on', () => {
    const next = step(callMachine, 'Talking', alone, { type: 'withheld', at, leg: 'a' })

    expect(next?.state).toBe('Talking')
    expect(next?.effects).toMatchObject([
      {
        type: 'send',
        leg: 'a',
        method: 'NOTIFY',
        fields: [
          ['Event', 'refer'],
          ['Subscription-State', 'terminated;reason=noresource'],
        ],
        body: { type: 'message/sipfrag;version=2.0', text: 'SIP/2.0 481 Call/Transaction Does Not Exist\r\n' },
      },
    ])
    expect(next?.data.legs.a?.refers).toBeUndefined()
  })

  const given = { ...leg, id: 'c.consult', role: 'callee' } as const
  const third = { ...party, id: 'p2', dn: '1002', leg: 'c', role: 'Destination' } as const
  const from = { connID: 'consult', callUUID: 'u', userData: {}, media: 'direct' } as const

  it.each([
    ['has nobody who transfers', 'Talking', { ...alone, legs: {}, parties: [] }],
    ['has nobody else', 'Talking', alone],
    ['has become another kind of call', 'Transferring', alone],
    ['is given up itself', 'Merging', alone],
  ] as const)('gives the party back where the call that was to live on %s', (_what, state, call) => {
    const next = step(callMachine, state, call, { type: 'received', at, given, party: third, from, by: 'a' })

    expect(next).toMatchObject({ state, data: call })
    expect(next?.effects).toEqual([{ type: 'giveBack', connID: 'consult', given, party: third }])
  })

  it('ends for the party that was given back: BYE, and records that are complete', () => {
    const merging: Call = { ...any, callType: 'Internal', legs: {}, parties: [] }

    const next = step(callMachine, 'Merging', merging, { type: 'givenBack', at, given, party: third })

    expect(next?.state).toBe('Ended')
    expect(next?.effects).toContainEqual({ type: 'bye', leg: given.id, fields: [] })
    expect(next?.effects).toContainEqual({ type: 'release', dn: '1002', outcome: expect.anything() })
    expect(next?.effects.at(-1)).toEqual({ type: 'over', ending: { by: 'customer', cause: 'hangup' } })
  })
})
