import { describe, expect, it } from 'vitest'
import type { DeviceEvent } from './events.ts'
import { nextPartyState, type StateOrNone } from './party.ts'

const columns: StateOrNone[] = ['none', 'Dialing', 'CPDetect', 'Queued', 'Alerting', 'Connected', 'Held', 'Busy']

/** The table of the event flows §17, as it is printed: = stays, ∅ ends, ✗ illegal. */
const printed: [string, ...string[]][] = [
  ['Dialing', 'Dialing', '✗', '✗', '✗', '✗', '✗', '✗', '✗'],
  ['NetworkReached', '✗', '=', '=', '✗', '✗', '✗', '✗', '✗'],
  ['DestinationBusy', '✗', 'Busy', '✗', '✗', '✗', '✗', '✗', '✗'],
  ['Queued', 'Queued', '✗', 'Queued', '✗', '✗', '✗', '✗', '✗'],
  ...['RouteRequest', 'RouteUsed', 'TreatmentApplied', 'TreatmentNotApplied', 'TreatmentEnd'].map(
    (name): [string, ...string[]] => [name, '✗', '✗', '✗', '=', '✗', '✗', '✗', '✗'],
  ),
  ['Diverted', '✗', '✗', '✗', '∅', '∅', '✗', '✗', '✗'],
  ['Ringing', 'Alerting', '✗', '✗', '✗', '✗', '✗', '✗', '✗'],
  ['Established', '✗', 'Connected', '✗', '✗', 'Connected', '✗', '✗', '✗'],
  ['Held', '✗', '✗', '✗', '✗', '✗', 'Held', '✗', '✗'],
  ['Retrieved', '✗', '✗', '✗', '✗', '✗', '✗', 'Connected', '✗'],
  ['PartyChanged', '✗', '=', '✗', '=', '=', '=', '=', '✗'],
  ['PartyAdded', '✗', '✗', '✗', '✗', '=', '=', '=', '✗'],
  ['PartyDeleted', '✗', '✗', '✗', '✗', '=', '=', '=', '✗'],
  ['AttachedDataChanged', '✗', '=', '=', '=', '=', '=', '=', '='],
  ['Abandoned', '✗', '✗', '✗', '∅', '∅', '✗', '✗', '✗'],
  ['Released', '✗', '∅', '∅', '∅', '∅', '∅', '∅', '∅'],
]

const cells = printed.flatMap(([name, ...cell]) =>
  columns.map((state, index): [string, StateOrNone, string] => [name, state, cell[index] ?? '✗']),
)

describe('the party machine', () => {
  it.each(cells)('answers Event%s in %s with %s', (name, state, cell) => {
    const event = { name: `Event${name}`, thisDN: '1001' } as DeviceEvent

    const next = nextPartyState(state, event)

    expect(next).toBe(cell === '✗' ? undefined : cell === '=' ? state : cell === '∅' ? 'none' : cell)
  })

  it('starts a predictive call at its routing point in CPDetect', () => {
    const event = { name: 'EventDialing', thisDN: '8010', thisQueue: '8010' } as DeviceEvent

    expect(nextPartyState('none', event)).toBe('CPDetect')
  })
})
