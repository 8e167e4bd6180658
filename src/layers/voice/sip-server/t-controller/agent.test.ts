import { afterAll, describe, expect, it } from 'vitest'
import { noteCells } from '#platform/machine/cells.ts'
import { step } from '#platform/machine/machine.ts'
import { type Agent, agentMachine, type Effect, type Input, nobody, resumeWithin, type State } from './agent.ts'
import type { Bid } from './bid.ts'

const { machine, missing } = noteCells(agentMachine)

const agent: Agent = { ...nobody, agentID: '1001' }
const away: Agent = { ...agent, workMode: 'AuxWork', reasons: { reason: 'lunch' } }
const bid: Bid = {
  by: 7,
  router: 'router.dc1',
  connID: '0001000100000001',
  callUUID: 'call',
  priority: 0,
  enterTime: '',
  reservationID: 'r',
  timeout: 5000,
}
const wrapUp = { type: 'wrapUp', seconds: 5, connID: '0001000100000001', callUUID: 'call' } as const

/** What the effects do, in words: events by name and what they say, the others by type. */
function words(effects: readonly Effect[]): string[] {
  return effects.map((effect) => {
    if (effect.type === 'tellAgent') {
      const { name, workMode, reasons } = effect.event
      return [name.slice('EventAgent'.length), workMode, reasons?.reason].filter(Boolean).join(' ')
    }
    if (effect.type === 'start') return `start ${effect.timer} ${effect.after}`
    return effect.type === 'stop' ? `stop ${effect.timer}` : effect.type
  })
}

function reaction(state: State, data: Agent, input: Input) {
  const next = step(machine, state, data, input)
  if (next === undefined) throw new Error(`${state} × ${input.type} is empty`)
  return { state: next.state, told: words(next.effects), data: next.data }
}

const by = 1
const reasons = { reason: 'lunch' }
const setNotReady = { type: 'setNotReady', by, workMode: 'AuxWork', reasons } as const
const setAfterCallWork = { type: 'setAfterCallWork', by, reasons: {} } as const
const logout = { type: 'logout', by, onCall: false, reasons: {} } as const

type Row = readonly [state: State, data: Agent, input: Input, next: State, told: readonly string[]]

/** The table of the event flows, §17, cell by cell. */
const table: readonly Row[] = [
  ['LoggedOut', nobody, { type: 'login', by, agentID: '1001' }, 'NotReady', ['Login', 'NotReady AuxWork']],
  ['LoggedOut', nobody, logout, 'LoggedOut', ['refuse']],
  ['LoggedOut', nobody, { type: 'setReady', by }, 'LoggedOut', ['refuse']],
  ['LoggedOut', nobody, setNotReady, 'LoggedOut', ['refuse']],
  ['LoggedOut', nobody, setAfterCallWork, 'LoggedOut', ['refuse']],
  ['LoggedOut', nobody, { type: 'reserve', bid }, 'LoggedOut', ['refuse']],

  ['NotReady', agent, { type: 'login', by, agentID: '1002' }, 'NotReady', ['refuse']],
  ['NotReady', agent, logout, 'LoggedOut', ['Logout', 'free']],
  ['NotReady', agent, { type: 'setReady', by }, 'Ready', ['Ready']],
  ['NotReady', agent, setNotReady, 'NotReady', ['stop Resume', 'NotReady AuxWork lunch']],
  ['NotReady', away, setNotReady, 'NotReady', ['stop Resume', 'acknowledge']],
  ['NotReady', agent, setAfterCallWork, 'AfterCallWork', ['NotReady AfterCallWork']],
  ['NotReady', agent, wrapUp, 'AfterCallWork', ['NotReady AfterCallWork', 'start WrapUp 5000']],
  ['NotReady', agent, { type: 'offerMissed', reason: 'no-answer' }, 'NotReady', []],
  ['NotReady', agent, { type: 'outOfService' }, 'NotReady', []],
  ['NotReady', agent, { type: 'backInService' }, 'NotReady', []],
  ['NotReady', { ...agent, resume: true }, { type: 'backInService' }, 'Ready', ['Ready']],
  ['NotReady', { ...agent, resume: true }, { type: 'timerResume' }, 'NotReady', []],
  ['NotReady', agent, { type: 'reserve', bid }, 'NotReady', ['refuse']],

  ['Ready', agent, { type: 'login', by, agentID: '1002' }, 'Ready', ['refuse']],
  ['Ready', agent, logout, 'LoggedOut', ['Logout', 'free']],
  ['Ready', agent, { ...logout, onCall: true }, 'Ready', ['refuse']],
  ['Ready', agent, { type: 'setReady', by }, 'Ready', ['acknowledge']],
  ['Ready', agent, setNotReady, 'NotReady', ['NotReady AuxWork lunch', 'free']],
  ['Ready', agent, setAfterCallWork, 'AfterCallWork', ['NotReady AfterCallWork', 'free']],
  ['Ready', agent, wrapUp, 'AfterCallWork', ['NotReady AfterCallWork', 'start WrapUp 5000', 'free']],
  ['Ready', agent, { type: 'offerMissed', reason: 'rejected' }, 'NotReady', ['NotReady AuxWork rejected', 'free']],
  [
    'Ready',
    agent,
    { type: 'outOfService' },
    'NotReady',
    ['NotReady AuxWork out-of-service', `start Resume ${resumeWithin}`, 'free'],
  ],
  ['Ready', agent, { type: 'backInService' }, 'Ready', []],
  ['Ready', agent, { type: 'reserve', bid }, 'Ready', ['reserve']],

  ['AfterCallWork', agent, { type: 'login', by, agentID: '1002' }, 'AfterCallWork', ['refuse']],
  ['AfterCallWork', agent, logout, 'LoggedOut', ['Logout', 'free']],
  ['AfterCallWork', agent, { type: 'setReady', by }, 'Ready', ['Ready']],
  ['AfterCallWork', agent, setNotReady, 'NotReady', ['NotReady AuxWork lunch']],
  ['AfterCallWork', agent, setAfterCallWork, 'AfterCallWork', ['stop WrapUp', 'acknowledge']],
  ['AfterCallWork', agent, wrapUp, 'AfterCallWork', ['start WrapUp 5000']],
  ['AfterCallWork', agent, { type: 'timerWrapUp' }, 'Ready', ['Ready']],
  [
    'AfterCallWork',
    { ...agent, after: { state: 'NotReady', reasons } },
    { type: 'timerWrapUp' },
    'NotReady',
    ['NotReady AuxWork lunch'],
  ],
  ['AfterCallWork', agent, { type: 'offerMissed', reason: 'no-answer' }, 'NotReady', ['NotReady AuxWork no-answer']],
  ['AfterCallWork', agent, { type: 'outOfService' }, 'NotReady', ['NotReady AuxWork out-of-service']],
  ['AfterCallWork', agent, { type: 'backInService' }, 'AfterCallWork', []],
  ['AfterCallWork', agent, { type: 'reserve', bid }, 'AfterCallWork', ['refuse']],
]

describe('agent (event flows §17)', () => {
  it.each(table)('%s: %o meets %o', (state, data, input, next, told) => {
    expect(reaction(state, data, input)).toMatchObject({ state: next, told })
  })

  it('resumes Ready only after the DN was lost while Ready, and no wish came in between', () => {
    const lost = reaction('Ready', agent, { type: 'outOfService' })
    const wish = reaction(lost.state, lost.data, { ...setNotReady, reasons: { reason: 'out-of-service' } })

    expect(lost.data.resume).toBe(true)
    expect(wish.data.resume).toBe(false)
  })

  it('after-call work names its call and how long it lasts, and goes on to the state before it', () => {
    const next = step(machine, 'NotReady', away, wrapUp)

    expect(next?.effects[0]).toMatchObject({
      event: { extensions: { WrapUpTime: 5 }, connID: '0001000100000001', callUUID: 'call' },
    })
    expect(next?.data.after).toEqual({ state: 'NotReady', reasons: { reason: 'lunch' } })
  })

  afterAll(() => expect(missing()).toEqual([]))
})
