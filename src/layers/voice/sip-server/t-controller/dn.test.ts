import { afterAll, describe, expect, it } from 'vitest'
import { noteCells } from '#platform/machine/cells.ts'
import { step } from '#platform/machine/machine.ts'
import type { Bid } from './bid.ts'
import { type DN, dnMachine, type Effect, type Input, noDN, type Seizure, type State } from './dn.ts'

const { machine, missing } = noteCells(dnMachine)

const bid: Bid = {
  by: 7,
  router: 'router.dc1',
  connID: 'c1',
  callUUID: 'u1',
  priority: 0,
  enterTime: '',
  reservationID: 'r1',
  timeout: 5000,
}
const seizure: Seizure = { connID: 'c1', callUUID: 'u1', purpose: 'direct', node: 'node1.dc1' }
const reserved: DN = { ...noDN, reservation: bid }
const seized: DN = { ...noDN, seizures: [seizure] }

const seize = (
  connID: string,
  purpose: Seizure['purpose'],
  more: { reservation?: string; ready?: boolean } = {},
): Input => {
  const { ready = true, reservation } = more
  const wanted = { connID, callUUID: 'u', purpose, node: 'node1.dc1', ...(reservation && { reservation }) }
  return { type: 'seize', by: 1, ready, wanted }
}

function words(effects: readonly Effect[]): string[] {
  return effects.map((effect) => {
    if (effect.type === 'tellDN') return effect.name
    if (effect.type === 'denied') return `denied ${effect.cause}`
    if (effect.type === 'refuse') return `refuse ${effect.error}`
    if (effect.type === 'unreserved') return `unreserved ${effect.cause}`
    return effect.type === 'start' ? `start ${effect.timer} ${effect.after}` : effect.type
  })
}

type Row = readonly [what: string, state: State, dn: DN, input: Input, next: State, told: readonly string[]]

const rows: readonly Row[] = [
  ['a phone registers', 'OutOfService', noDN, { type: 'inService' }, 'Idle', ['EventDNBackInService']],
  [
    'one registers while calls go on',
    'OutOfService',
    seized,
    { type: 'inService' },
    'Seized',
    ['EventDNBackInService'],
  ],
  ['it stays away', 'OutOfService', noDN, { type: 'outOfService' }, 'OutOfService', []],
  ['an agent leaves', 'OutOfService', noDN, { type: 'free' }, 'OutOfService', []],
  ['nobody can be had', 'OutOfService', noDN, { type: 'reserve', bid }, 'OutOfService', ['refuse outOfService']],
  ['nothing rings', 'OutOfService', noDN, seize('c1', 'direct'), 'OutOfService', ['denied out-of-service']],
  ['it may dial all the same', 'OutOfService', noDN, seize('c1', 'originate'), 'OutOfService', ['granted']],
  ['its call ends', 'OutOfService', seized, { type: 'release', connID: 'c1' }, 'OutOfService', []],
  ['its call moves', 'OutOfService', seized, { type: 'move', connID: 'c1', to: 'c2' }, 'OutOfService', []],
  ['calls are adopted', 'OutOfService', noDN, { type: 'adopt', seizures: [seizure] }, 'OutOfService', []],

  ['another phone', 'Idle', noDN, { type: 'inService' }, 'Idle', []],
  ['the last phone goes', 'Idle', noDN, { type: 'outOfService' }, 'OutOfService', ['EventDNOutOfService']],
  ['an agent leaves', 'Idle', noDN, { type: 'free' }, 'Idle', []],
  ['a bid', 'Idle', noDN, { type: 'reserve', bid }, 'Reserved', ['reserved', 'start Reservation 5000']],
  ['a direct call', 'Idle', noDN, seize('c1', 'direct', { ready: false }), 'Seized', ['granted']],
  ['a routed call', 'Idle', noDN, seize('c1', 'routed'), 'Seized', ['granted']],
  ['a routed call, not ready', 'Idle', noDN, seize('c1', 'routed', { ready: false }), 'Idle', ['denied not-ready']],
  ['a late release', 'Idle', noDN, { type: 'release', connID: 'c1' }, 'Idle', []],
  ['calls are adopted', 'Idle', noDN, { type: 'adopt', seizures: [seizure] }, 'Seized', []],

  ['another phone', 'Reserved', reserved, { type: 'inService' }, 'Reserved', []],
  ['the last phone goes', 'Reserved', reserved, { type: 'outOfService' }, 'OutOfService', ['EventDNOutOfService']],
  ['the agent leaves Ready', 'Reserved', reserved, { type: 'free' }, 'Idle', []],
  ['no call comes', 'Reserved', reserved, { type: 'timerReservation' }, 'Idle', ['unreserved timeout']],
  ['another bid', 'Reserved', reserved, { type: 'reserve', bid }, 'Reserved', ['refuse resourceSeized']],
  ['its call by id', 'Reserved', reserved, seize('c9', 'routed', { reservation: 'r1' }), 'Seized', ['granted']],
  ['its call by ConnID', 'Reserved', reserved, seize('c1', 'routed'), 'Seized', ['granted']],
  ['another routed call', 'Reserved', reserved, seize('c9', 'routed'), 'Reserved', ['denied reserved']],
  ['a direct call', 'Reserved', reserved, seize('c9', 'direct'), 'Reserved', ['denied reserved']],
  ['a call of its own', 'Reserved', reserved, seize('c9', 'originate'), 'Seized', ['unreserved own-call', 'granted']],
  ['a late release', 'Reserved', reserved, { type: 'release', connID: 'c1' }, 'Reserved', []],
  ['nothing is adopted', 'Reserved', reserved, { type: 'adopt', seizures: [] }, 'Reserved', []],
  [
    'calls are adopted',
    'Reserved',
    reserved,
    { type: 'adopt', seizures: [seizure] },
    'Seized',
    ['unreserved own-call'],
  ],

  ['another phone', 'Seized', seized, { type: 'inService' }, 'Seized', []],
  ['the last phone goes', 'Seized', seized, { type: 'outOfService' }, 'OutOfService', ['EventDNOutOfService']],
  ['the agent leaves Ready', 'Seized', seized, { type: 'free' }, 'Seized', []],
  ['a bid', 'Seized', seized, { type: 'reserve', bid }, 'Seized', ['refuse busy']],
  ['another call', 'Seized', seized, seize('c2', 'direct'), 'Seized', ['denied busy']],
  ['the same call again', 'Seized', seized, seize('c1', 'direct'), 'Seized', ['granted']],
  ['a call of its own', 'Seized', seized, seize('c2', 'originate'), 'Seized', ['granted']],
  ['its call ends', 'Seized', seized, { type: 'release', connID: 'c1' }, 'Idle', []],
  ['its call moves', 'Seized', seized, { type: 'move', connID: 'c1', to: 'c2' }, 'Seized', []],
  ['calls are adopted', 'Seized', seized, { type: 'adopt', seizures: [seizure] }, 'Seized', []],
]

describe('a DN at its owner (architecture §4)', () => {
  it.each(rows)('%s in %s', (_what, state, dn, input, next, told) => {
    const after = step(machine, state, dn, input)

    expect(after?.state).toBe(next)
    expect(words(after?.effects ?? [])).toEqual(told)
  })

  it('names the other call after a move, and frees the DN with its last call only', () => {
    const moved = step(machine, 'Seized', seized, { type: 'move', connID: 'c1', to: 'c2' })
    const two = step(machine, 'Seized', moved?.data ?? noDN, seize('c3', 'originate'))
    const one = step(machine, 'Seized', two?.data ?? noDN, { type: 'release', connID: 'c2' })

    expect(moved?.data.seizures.map(({ connID }) => connID)).toEqual(['c2'])
    expect(one).toMatchObject({ state: 'Seized', data: { seizures: [{ connID: 'c3' }] } })
  })

  it('notes which reservation a call used up, so that it can be told when the call comes to nothing', () => {
    const after = step(machine, 'Reserved', reserved, seize('c9', 'routed', { reservation: 'r1' }))

    expect(after?.data).toMatchObject({ reservation: undefined, seizures: [{ connID: 'c9', reservationID: 'r1' }] })
  })

  afterAll(() => expect(missing()).toEqual([]))
})
