import { describe, expect, it } from 'vitest'
import {
  A,
  B,
  by,
  C,
  caller,
  created,
  deleted,
  join,
  type Line,
  leave,
  main,
  N,
  o,
  second,
  state,
  told,
} from './call-stream.fixture.ts'

const dials: Line[] = [[0, 'Dialing', A, { ...o, otherDN: B }], created(A, B), join(0, A, 'Dialing', caller)]
const rings: Line[] = [...dials, [20, 'Ringing', B, { otherDN: A }], join(20, B, 'Alerting')]
const answers: Line[] = [
  ...rings,
  [3000, 'Established', A, o],
  [3000, 'Established', B],
  state(3000, A, 'Connected'),
  state(3000, B, 'Connected'),
]
const hangsUp = (at: number): Line[] => [
  [at, 'Released', A, o],
  [at, 'Released', B],
  leave(at, A),
  leave(at, B),
  deleted(at, by('customer', 'hangup')),
]

describe('a direct call (event flows §2)', () => {
  it('rings, talks, and ends by hangup', () => {
    expect(told('Internal', [...answers, ...hangsUp(9000)])).toEqual({
      call: [A, B, 9000],
      ending: { by: 'customer', cause: 'hangup' },
      parties: [
        [A, 'caller', undefined, 0, 9000],
        [B, 'agent', undefined, 20, 9000],
      ],
      segments: [
        ['ringing', undefined, undefined, 0, 3000],
        ['talk', undefined, undefined, 3000, 9000],
      ],
    })
  })

  it.each([
    ['busy', 'agent', 'busy', 486, { callState: 'Busy' }],
    ['no answer', 'agent', 'no-answer', 480, { callState: 'NoAnswer' }],
  ])('only rings: %s', (_what, who, cause, status, extra) => {
    const ending = by(who, cause, status)

    const lines: Line[] = [
      ...rings,
      [700, 'Released', B, extra],
      leave(700, B),
      ...(cause === 'busy' ? [[700, 'DestinationBusy', A, { ...o, ...extra }] as const] : []),
      [700, 'Released', A, { ...o, ...extra, ...ending }],
      leave(700, A),
      deleted(700, ending),
    ]

    expect(told('Internal', lines)).toMatchObject({
      ending: { by: who, cause, status },
      segments: [['ringing', undefined, undefined, 0, 700]],
    })
  })

  it('only rings: cancelled', () => {
    const lines: Line[] = [
      ...rings,
      [700, 'Released', A, o],
      leave(700, A),
      [700, 'Abandoned', B],
      leave(700, B),
      deleted(700, by('customer', 'cancelled')),
    ]

    expect(told('Internal', lines)).toMatchObject({
      ending: { by: 'customer', cause: 'cancelled' },
      parties: [
        [A, 'caller', undefined, 0, 700],
        [B, 'agent', undefined, 20, 700],
      ],
      segments: [['ringing', undefined, undefined, 0, 700]],
    })
  })

  it('has no segment when it takes no time', () => {
    const lines: Line[] = [...dials, [0, 'Released', A, o], leave(0, A), deleted(0, by('cluster', 'not-found', 404))]

    expect(told('Internal', lines)).toMatchObject({ call: [A, B, 0], segments: [] })
  })

  it('divides its talk by hold (§6)', () => {
    const lines: Line[] = [
      ...answers,
      [5000, 'Held', B],
      state(5000, B, 'Held'),
      [6000, 'Retrieved', B],
      state(6000, B, 'Connected'),
      ...hangsUp(9000),
    ]

    expect(told('Internal', lines).segments.map(([kind, , , from, until]) => [kind, from, until])).toEqual([
      ['ringing', 0, 3000],
      ['talk', 3000, 5000],
      ['hold', 5000, 6000],
      ['talk', 6000, 9000],
    ])
  })

  it('goes on with the third party after a single-step transfer (§7)', () => {
    const lines: Line[] = [
      ...answers,
      [5000, 'Ringing', C, { thirdPartyDN: B, thirdPartyDNRole: 'TransferredBy', callState: 'Transferred' }],
      join(5000, C, 'Alerting'),
      [5500, 'Released', B, { callState: 'Transferred', thirdPartyDN: C }],
      leave(5500, B),
      [
        5500,
        'PartyChanged',
        A,
        {
          ...o,
          previousConnID: main.connID,
          thirdPartyDN: B,
          thirdPartyDNRole: 'TransferredBy',
          callState: 'Transferred',
        },
      ],
      [7000, 'Established', C, { agentID: C }],
      state(7000, C, 'Connected'),
      [9000, 'Released', A, o],
      [9000, 'Released', C],
      leave(9000, A),
      leave(9000, C),
      deleted(9000, by('agent', 'hangup')),
    ]

    const { segments, parties } = told('Internal', lines)

    expect(segments).toEqual([
      ['ringing', undefined, undefined, 0, 3000],
      ['talk', undefined, undefined, 3000, 5500],
      ['ringing', undefined, C, 5500, 7000],
      ['talk', undefined, C, 7000, 9000],
    ])
    expect(parties.map(([dn, role]) => [dn, role])).toEqual([
      [A, 'caller'],
      [B, 'agent'],
      [C, 'agent'],
    ])
  })

  it('counts consultation as consult, and whom it asked as consulted (§8)', () => {
    const lines: Line[] = [
      ...answers,
      [5000, 'Held', B],
      state(5000, B, 'Held'),
      [5000, 'Dialing', B, { ...second, ...o, otherDN: C }],
      [5000, 'CallCreated', '', { ...second, ani: B, dnis: C }],
      join(5000, B, 'Dialing', { ...second, ...caller }),
      [5010, 'Ringing', C, second],
      join(5010, C, 'Alerting', second),
      [6000, 'Established', B, { ...second, ...o }],
      [6000, 'Established', C, second],
      state(6000, B, 'Connected', second),
      state(6000, C, 'Connected', second),
      [8000, 'Released', B, { ...second, ...o }],
      [8000, 'Released', C, second],
      leave(8000, B, second),
      leave(8000, C, second),
      [8000, 'CallDeleted', '', second],
      [8000, 'Retrieved', B],
      state(8000, B, 'Connected'),
      ...hangsUp(9000),
    ]

    const { segments, parties } = told('Internal', lines)

    expect(segments.map(([kind, , , from, until]) => [kind, from, until])).toEqual([
      ['ringing', 0, 3000],
      ['talk', 3000, 5000],
      ['consult', 5000, 8000],
      ['talk', 8000, 9000],
    ])
    expect(parties.map(([dn, role, , joined, left]) => [dn, role, joined, left])).toEqual([
      [A, 'caller', 0, 9000],
      [B, 'agent', 20, 9000],
      [C, 'consulted', 5010, 8000],
    ])
  })

  it('goes on with whom it was transferred to after consultation (§8)', () => {
    const transferred = { thirdPartyDN: B, thirdPartyDNRole: 'TransferredBy', callState: 'Transferred' }
    const lines: Line[] = [
      ...answers,
      [5000, 'Held', B],
      state(5000, B, 'Held'),
      [5000, 'Dialing', B, { ...second, ...o, otherDN: C }],
      [5000, 'CallCreated', '', { ...second, ani: B, dnis: C }],
      join(5000, B, 'Dialing', { ...second, ...caller }),
      [5010, 'Ringing', C, second],
      join(5010, C, 'Alerting', second),
      [6000, 'Established', B, { ...second, ...o }],
      [6000, 'Established', C, second],
      state(6000, B, 'Connected', second),
      state(6000, C, 'Connected', second),
      [8000, 'Released', B, { ...second, ...o, callState: 'Transferred' }],
      leave(8000, B, second),
      [8000, 'Released', B, { callState: 'Transferred', thirdPartyDN: C }],
      leave(8000, B),
      [8000, 'PartyChanged', A, { ...o, previousConnID: main.connID, ...transferred }],
      [8000, 'PartyChanged', C, { previousConnID: second.connID, ...transferred }],
      [8000, 'CallPartyMoved', C, { partyUUID: `${C}-call-2`, refCallUUID: 'call-2' }],
      [8000, 'CallDeleted', '', { ...second, refCallUUID: 'call-1' }],
      [9000, 'Released', A, o],
      [9000, 'Released', C],
      leave(9000, A),
      leave(9000, C, { partyUUID: `${C}-call-2` }),
      deleted(9000, by('agent', 'hangup')),
    ]

    const { segments, parties } = told('Internal', lines)

    expect(segments.map(([kind, , , from, until]) => [kind, from, until])).toEqual([
      ['ringing', 0, 3000],
      ['talk', 3000, 5000],
      ['consult', 5000, 8000],
      ['talk', 8000, 9000],
    ])
    expect(parties.at(-1)).toEqual([C, 'agent', undefined, 5010, 9000])
  })

  it('to a service number is ivr', () => {
    const lines: Line[] = [
      [0, 'Dialing', A, { ...o, otherDN: '8901' }],
      created(A, '8901'),
      join(0, A, 'Dialing', caller),
      [1, 'Ringing', '8901'],
      join(1, '8901', 'Alerting', { extensions: { Service: 'announcement' } }),
      [30, 'Established', A, o],
      [30, 'Established', '8901'],
      state(30, A, 'Connected'),
      state(30, '8901', 'Connected'),
      [5000, 'Released', A, o],
      [5000, 'Released', '8901'],
      leave(5000, A),
      leave(5000, '8901'),
      deleted(5000, by('cluster', 'completed')),
    ]

    expect(told('Internal', lines)).toMatchObject({
      ending: { by: 'cluster', cause: 'completed' },
      parties: [
        [A, 'caller', undefined, 0, 5000],
        ['8901', 'service', undefined, 1, 5000],
      ],
      segments: [['ivr', undefined, undefined, 0, 5000]],
    })
  })

  it('to the carrier has the agent at its own end', () => {
    const lines: Line[] = [
      [0, 'Dialing', A, { ...o, otherDN: N, agentID: A }],
      created(A, N),
      join(0, A, 'Dialing', caller),
      join(50, N, 'Alerting'),
      [2000, 'Established', A, { ...o, agentID: A }],
      state(2000, A, 'Connected'),
      state(2000, N, 'Connected'),
      [6000, 'Released', A, o],
      leave(6000, A),
      leave(6000, N),
      deleted(6000, by('agent', 'hangup')),
    ]

    expect(told('Outbound', lines)).toMatchObject({
      parties: [
        [A, 'agent', A, 0, 6000],
        [N, 'called', undefined, 50, 6000],
      ],
      segments: [
        ['ringing', undefined, undefined, 0, 2000],
        ['talk', undefined, A, 2000, 6000],
      ],
    })
  })
})
