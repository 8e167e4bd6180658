import { describe, expect, it } from 'vitest'
import { type Checker, createChecker } from './checker.ts'
import type { Event, EventName } from './events.ts'

const A = '1001'
const B = '1002'
const C = '1003'
const RP = '8010'
const first = '0001000100000001'
const second = '0001000100000002'
const uuid = (connID: string) => `call-${connID.slice(-1)}`

type Extra = Record<string, unknown>
type Line = readonly [name: string, dn: string, extra?: Extra]

/** Numbers, times and identifies the lines of a stream as a node does; `extra` overrides. */
function stream(lines: readonly Line[]): Event[] {
  const numbers = new Map<string, number>()
  return lines.map(([short, dn, extra], index) => {
    const connID = (extra?.connID as string | undefined) ?? first
    const owner = /^(Agent|DN)/.test(short)
    const counter = owner ? 'owner' : ((extra?.callUUID as string | undefined) ?? uuid(connID))
    const eventNo = (numbers.get(counter) ?? 0) + 1
    numbers.set(counter, eventNo)
    const time = `2026-11-22T10:00:${String(index).padStart(2, '0')}.000Z`
    const common = { name: `Event${short}` as EventName, thisDN: dn, time, eventNo }
    const role = /^Call/.test(short) ? {} : { thisDNRole: 'Destination' }
    return (
      owner
        ? { ...common, agentID: dn, ownerEpoch: 65537, ...extra }
        : { ...common, connID, callUUID: uuid(connID), callType: 'Internal', ...role, ...extra }
    ) as Event
  })
}

function check(lines: readonly Line[], kind: 'full' | 'client' = 'full'): readonly string[] {
  const checker = createChecker(kind)
  for (const event of stream(lines)) checker.event(event)
  return checker.end()
}

const o = { thisDNRole: 'Origination' }
const q = { thisQueue: RP }
const two = { connID: second, callType: 'Consult', previousConnID: first }
const transferred = { callState: 'Transferred' }
const byB = { thirdPartyDN: B, thirdPartyDNRole: 'TransferredBy', callState: 'Transferred' }

const talk: Line[] = [
  ['Dialing', A, o],
  ['Ringing', B],
  ['Established', A, o],
  ['Established', B],
]
const bye: Line[] = [
  ['Released', A, o],
  ['Released', B],
]
const ready: Line[] = [
  ['DNBackInService', B],
  ['AgentLogin', B],
  ['AgentNotReady', B],
  ['AgentReady', B],
]
const queued: Line[] = [
  ['Queued', RP, q],
  ['RouteRequest', RP, q],
]
const routed: Line[] = [
  ['RouteUsed', RP, q],
  ['Diverted', RP, q],
  ['Ringing', B, q],
]
const consult: Line[] = [
  ...talk,
  ['Held', B],
  ['Dialing', B, { ...two, ...o }],
  ['Ringing', C, two],
  ['Established', B, { ...two, ...o }],
  ['Established', C, two],
]

describe('the checker finds nothing wrong with', () => {
  it.each<[string, Line[]]>([
    ['a direct call', [...talk, ...bye]],
    ['hold', [...talk, ['Held', B], ['Retrieved', B], ...bye]],
    [
      'a busy callee',
      [
        ['Dialing', A, o],
        ['Ringing', B],
        ['Released', B, { callState: 'Busy' }],
        ['DestinationBusy', A, o],
        ['Released', A, o],
      ],
    ],
    ['an abandoned queue', [...queued, ['Abandoned', RP, q]]],
    [
      'a routed call with greeting, music and after-call work',
      [
        ...ready,
        ...queued,
        ['TreatmentApplied', RP, { ...q, treatmentType: 'PlayAnnouncement' }],
        ['TreatmentEnd', RP, { ...q, treatmentType: 'PlayAnnouncement' }],
        ['TreatmentApplied', RP, { ...q, treatmentType: 'Music' }],
        ...routed,
        ['Established', B, q],
        ['AgentNotReady', B, { workMode: 'AfterCallWork', connID: first }],
        ['Released', B, q],
        ['AgentReady', B],
      ],
    ],
    [
      'a missed offer that goes back to its queue',
      [
        ...ready,
        ...queued,
        ...routed,
        ['AgentNotReady', B, { workMode: 'AuxWork', reasons: { reason: 'no-answer' } }],
        ['Released', B, { ...q, callState: 'Redirected' }],
        ...queued,
        ['Abandoned', RP, q],
      ],
    ],
    [
      'a two-step transfer',
      [
        ...consult,
        ['Released', B, { ...two, ...o, ...transferred }],
        ['Released', B, { ...transferred, thirdPartyDN: C }],
        ['PartyChanged', A, { ...o, previousConnID: first, ...byB }],
        ['PartyChanged', C, { previousConnID: second, ...byB }],
        ['Released', A, o],
        ['Released', C],
      ],
    ],
    [
      'a single-step transfer',
      [
        ...talk,
        ['Ringing', C, byB],
        ['Released', B, { ...transferred, thirdPartyDN: C }],
        ['PartyChanged', A, { ...o, previousConnID: first, ...byB }],
        ['Established', C],
        ['Released', A, o],
        ['Released', C],
      ],
    ],
    [
      'the call-based stream beside it',
      [
        ['Dialing', A, o],
        ['CallCreated', A, { cSeq: 1 }],
        ['CallPartyAdded', A, { partyUUID: 'a', cSeq: 2 }],
        ['CallPartyAdded', '+44', { partyUUID: 'x', cSeq: 3 }],
        ['Released', A, o],
        ['CallPartyDeleted', A, { partyUUID: 'a', cSeq: 4 }],
        ['CallPartyDeleted', '+44', { partyUUID: 'x', cSeq: 5 }],
        ['CallDeleted', A, { cSeq: 6 }],
      ],
    ],
  ])('%s', (_what, lines) => {
    expect(check(lines)).toEqual([])
  })
})

/** The violations of a stream whose only fault is planted: each must be of this rule. */
const planted: [rule: number, what: string, lines: Line[]][] = [
  [1, 'an event in a state where it is illegal', [...talk, ['Ringing', B], ...bye]],
  [1, 'a second Released', [...talk, ...bye, ['Released', B]]],
  [
    1,
    'an Abandoned of a party that dials',
    [
      ['Dialing', A, o],
      ['Abandoned', A, o],
      ['Released', A, o],
    ],
  ],
  [2, 'a party that never ends', [...talk, ['Released', A, o]]],
  [
    3,
    'a RouteRequest whose ThisQueue is another',
    [
      ['Queued', RP, q],
      ['RouteRequest', RP, { thisQueue: '8011' }],
      ['Abandoned', RP, q],
    ],
  ],
  [3, 'a RouteUsed without its Diverted', [...queued, ['RouteUsed', RP, q], ['Abandoned', RP, q]]],
  [
    4,
    'a finite treatment that another replaces without its end',
    [
      ...queued,
      ['TreatmentApplied', RP, { ...q, treatmentType: 'CollectDigits' }],
      ['TreatmentApplied', RP, { ...q, treatmentType: 'Music' }],
      ['Abandoned', RP, q],
    ],
  ],
  [
    4,
    'the end of endless music',
    [
      ...queued,
      ['TreatmentApplied', RP, { ...q, treatmentType: 'Music' }],
      ['TreatmentEnd', RP, q],
      ['Abandoned', RP, q],
    ],
  ],
  [
    5,
    'a PartyChanged from a ConnID the party never had',
    [...talk, ['PartyChanged', B, { previousConnID: second }], ...bye],
  ],
  [
    6,
    'a Consult call without PreviousConnID',
    [
      ['Dialing', A, { ...o, callType: 'Consult' }],
      ['Released', A, { ...o, callType: 'Consult', previousConnID: second }],
    ],
  ],
  [
    6,
    'consultation without hold',
    [...talk, ['Dialing', B, { ...two, ...o }], ['Released', B, { ...two, ...o }], ...bye],
  ],
  [7, 'a Retrieved that lost the role', [...talk, ['Held', B], ['Retrieved', B, o], ...bye]],
  [
    7,
    'a Held that lost the queue',
    [...queued, ...routed, ['Established', B, q], ['Held', B], ['Retrieved', B, q], ['Released', B, q]],
  ],
  [
    8,
    'a transfer nobody told the caller of',
    [
      ...talk,
      ['Ringing', C, byB],
      ['Released', B, transferred],
      ['Established', C],
      ['Released', A, o],
      ['Released', C],
    ],
  ],
  [
    9,
    'a member twice added',
    [
      ['Dialing', A, o],
      ['CallPartyAdded', A, { partyUUID: 'a' }],
      ['CallPartyAdded', A, { partyUUID: 'a' }],
      ['CallPartyDeleted', A, { partyUUID: 'a' }],
      ['Released', A, o],
      ['CallDeleted', A],
    ],
  ],
  [
    9,
    'a device party the call-based stream does not know',
    [
      ['CallCreated', A],
      ['Dialing', A, o],
      ['Released', A, o],
      ['Dialing', B, o],
    ],
  ],
  [10, 'a ConnID that changes its CallUUID', [...talk, ['Held', B, { callUUID: 'another' }], ['Retrieved', B], ...bye]],
  [
    11,
    'a gap in the numbers',
    [
      ['Dialing', A, o],
      ['Released', A, { ...o, eventNo: 3 }],
    ],
  ],
  [
    11,
    'a time that goes back',
    [
      ['Dialing', A, o],
      ['Released', A, { ...o, time: '2026-11-22T09:59:59.000Z' }],
    ],
  ],
  [
    11,
    'a number told again with another body',
    [
      ['Dialing', A, o],
      ['Dialing', A, { ...o, eventNo: 1, otherDN: B }],
      ['Released', A, { ...o, eventNo: 2 }],
    ],
  ],
  [
    12,
    'an event after the CallDeleted',
    [
      ['CallCreated', A],
      ['CallDeleted', A],
      ['Dialing', A, o],
    ],
  ],
  [
    12,
    'a CallDeleted with a party in it',
    [
      ['CallCreated', A],
      ['CallPartyAdded', '+44', { partyUUID: 'x' }],
      ['CallDeleted', A],
    ],
  ],
  [
    12,
    'no CallDeleted',
    [
      ['CallCreated', A],
      ['CallPartyAdded', '+44', { partyUUID: 'x' }],
    ],
  ],
  [14, 'an agent event without login', [['AgentReady', B]]],
  [14, 'a second Ready', [...ready, ['AgentReady', B]]],
  [14, 'a NotReady repeated with nothing new', [...ready, ['AgentNotReady', B], ['AgentNotReady', B]]],
  [14, 'a login on a second DN', [...ready, ['AgentLogin', C, { agentID: B }]]],
  [
    14,
    'after-call work that comes after its Released',
    [
      ...ready,
      ...queued,
      ...routed,
      ['Established', B, q],
      ['Released', B, q],
      ['AgentNotReady', B, { workMode: 'AfterCallWork', connID: first }],
    ],
  ],
  [
    15,
    'a routed call to an agent who is not ready',
    [...ready, ['AgentNotReady', B, { workMode: 'AuxWork' }], ...queued, ...routed, ['Released', B, q]],
  ],
  [
    15,
    'a routed call to an agent in a call',
    [
      ...ready,
      ['Dialing', B, { ...o, connID: second }],
      ...queued,
      ...routed,
      ['Released', B, q],
      ['Released', B, { ...o, connID: second }],
    ],
  ],
  [
    15,
    'a routed call to a DN out of service',
    [...ready, ['DNOutOfService', B], ...queued, ...routed, ['Released', B, q]],
  ],
  [
    15,
    'a routed call to an agent reserved for another',
    [
      ...ready,
      ['AgentReserved', B, { connID: second, timeout: 3_600_000, reservationID: 'r' }],
      ...queued,
      ...routed,
      ['Released', B, q],
    ],
  ],
]

describe('the checker finds', () => {
  it.each(planted)('(%i) %s', (rule, _what, lines) => {
    const violations = check(lines)

    expect(violations).not.toEqual([])
    expect(violations[0]).toMatch(new RegExp(`^\\(${rule}\\) `))
  })

  it('(5) a ConnID used after PartyChanged ended it', () => {
    const lines: Line[] = [
      ...consult,
      ['Released', B, { ...two, ...o, ...transferred }],
      ['Released', B, { ...transferred, thirdPartyDN: C }],
      ['PartyChanged', A, { ...o, previousConnID: first, ...byB }],
      ['PartyChanged', C, { previousConnID: second, ...byB }],
      ['Released', C, two],
      ['Released', A, o],
    ]

    expect(check(lines).some((violation) => violation.startsWith('(5) '))).toBe(true)
  })

  it('(11) a seq of the connection that is left out', () => {
    const checker = createChecker('client')
    const [dialing, released] = stream([
      ['Dialing', A, { ...o, seq: 1 }],
      ['Released', A, { ...o, seq: 3 }],
    ])

    feed(checker, dialing, released)

    expect(checker.violations).toEqual([expect.stringMatching(/^\(11\) seq 3 follows 1/)])
  })

  it('(13) a request answered twice, and one never answered', () => {
    const checker = createChecker('client')
    const ask = (refID: number) => checker.request({ name: 'RequestAgentReady', refID, thisDN: A })
    const refused = (refID: number) =>
      ({ name: 'EventError', refID, time: '', errorCode: 1, errorMessage: '' }) as const

    ask(1)
    ask(2)
    feed(checker, refused(1), refused(1))

    expect(checker.end()).toEqual([
      expect.stringMatching(/^\(13\) refID 1 was answered before/),
      expect.stringMatching(/^\(13\) RequestAgentReady with refID 2 was never answered/),
    ])
  })

  it('(16) a snapshot that says something else than the events before it', () => {
    const checker = createChecker('client')
    const snapshot = (calls: object[]) =>
      ({ name: 'EventAddressInfo', refID: 1, time: '', thisDN: A, inService: true, calls }) as unknown as Event

    feed(checker, snapshot([]), ...stream([['Dialing', A, o]]), { ...snapshot([]), refID: 2 } as Event)

    expect(checker.violations).toEqual([expect.stringMatching(/^\(16\) the snapshot of 1001 lacks call/)])
  })
})

describe('a client that reconnects', () => {
  it('goes on from the snapshot of what happened meanwhile', () => {
    const checker = createChecker('client')
    const call = {
      connID: first,
      callUUID: 'call-1',
      callType: 'Internal',
      partyState: 'Connected',
      role: 'Origination',
    }
    const snapshot = { name: 'EventRegistered', refID: 1, time: '', thisDN: A, inService: true, calls: [call] }

    feed(checker, ...stream([['Dialing', A, o]]))
    checker.interrupted()
    feed(checker, snapshot as unknown as Event, ...stream([['Released', A, { ...o, eventNo: 4 }]]))

    expect(checker.end()).toEqual([])
  })

  it('may be told an event again, with the same body', () => {
    const [dialing, released] = stream([
      ['Dialing', A, o],
      ['Released', A, o],
    ])
    const checker = createChecker('full')

    feed(checker, dialing, dialing, released, released)

    expect(checker.end()).toEqual([])
  })
})

function feed(checker: Checker, ...events: (Event | undefined)[]) {
  for (const event of events) if (event) checker.event(event)
}
