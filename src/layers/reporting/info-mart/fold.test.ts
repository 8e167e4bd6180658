import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { millisecondsOf, timestamp } from '#platform/time.ts'
import type { Interaction } from '#protocols/model/http/calls.ts'
import { createChecker } from '#protocols/tlib/checker.ts'
import { type CallEvent, type Event, isOwnerEvent } from '#protocols/tlib/events.ts'
import type { WrapUp } from '../model/store.ts'
import { withWrapUps } from '../model/with-wrap-ups.ts'
import { beforeFirst, read } from './fold.ts'
import { interactionOf } from './interaction.ts'
import { wrapUpOf } from './wrap-up.ts'

const start = 1_767_225_600_000
const A = '1001'
const B = '1002'
const C = '1003'
const N = '+442079460018'
const RP = '8010'
const main = { connID: '0001000100000001', callUUID: 'call-1' }
const second = { connID: '0001000100000002', callUUID: 'call-2', callType: 'Consult', previousConnID: main.connID }

type Extra = Record<string, unknown>
/** When, which event, on which DN or of which party, and what it carries. */
type Line = readonly [at: number, name: string, of: string, extra?: Extra | undefined]

/** A stream as a node tells it: numbered and timed, with the party's role and the call's type. */
function stream(callType: string, lines: readonly Line[]): Event[] {
  const numbers = new Map<string, number>()
  const sequences = new Map<string, number>()
  const count = (counts: Map<string, number>, of: string) => {
    counts.set(of, (counts.get(of) ?? 0) + 1)
    return counts.get(of)
  }
  return lines.map(([at, name, of, extra]) => {
    const owner = /^(Agent|DN)/.test(name)
    const callUUID = (extra?.callUUID as string | undefined) ?? main.callUUID
    const common = {
      name: `Event${name}`,
      time: timestamp(start + at),
      eventNo: count(numbers, owner ? 'owner' : callUUID),
    }
    if (owner) return { ...common, thisDN: of, agentID: of, ownerEpoch: 65537, ...extra } as Event
    const call = { ...main, callType, ...extra }
    if (!/^Call/.test(name)) return { ...common, thisDN: of, thisDNRole: 'Destination', ...call } as Event
    const party = /^CallParty/.test(name) ? { thisDN: of, partyUUID: `${of}-${callUUID}` } : {}
    return { ...common, cSeq: count(sequences, callUUID), ...party, ...call } as Event
  })
}

const o = { thisDNRole: 'Origination' }
const q = { thisQueue: RP }
const by = (who: string, cause: string, status?: number) => ({
  extensions: { Ending: { by: who, cause, ...(status && { status }) } },
})
const created = (ani: string, dnis: string): Line => [0, 'CallCreated', '', { ani, dnis }]
const join = (at: number, dn: string, partyState: string, extra: Extra = {}): Line => [
  at,
  'CallPartyAdded',
  dn,
  { role: 'Destination', partyState, ...extra },
]
const state = (at: number, dn: string, partyState: string, extra: Extra = {}): Line => [
  at,
  'CallPartyState',
  dn,
  { partyState, ...extra },
]
const leave = (at: number, dn: string, extra: Extra = {}): Line => [at, 'CallPartyDeleted', dn, extra]
const deleted = (at: number, ending: Extra): Line => [at, 'CallDeleted', '', ending]
const caller = { role: 'Origination' }

function fold(events: readonly Event[]): Interaction {
  const wrapUps: WrapUp[] = []
  let call: ReturnType<typeof beforeFirst> | undefined
  for (const event of events) {
    if (isOwnerEvent(event)) {
      const { begin, end } = wrapUpOf(event)
      for (const [index, open] of wrapUps.entries())
        if (end && open.endedAt === null) wrapUps[index] = { ...open, endedAt: end.at }
      if (begin) wrapUps.push(begin)
    } else call = read(call ?? beforeFirst(event as CallEvent), event as CallEvent)
  }
  if (call?.end === undefined) throw new Error('the call has not ended')
  return withWrapUps(interactionOf({ ...call, end: call.end }), wrapUps)
}

/** The interaction in few words, its stream having kept the invariants. */
function told(callType: string, lines: readonly Line[]) {
  const events = stream(callType, lines)
  const checker = createChecker('full')
  for (const event of events) checker.event(event)
  expect(checker.end()).toEqual([])
  const { ani, dnis, endedAt, ending, parties, segments } = fold(events)
  const ms = (time: string | null) => (time === null ? null : millisecondsOf(time) - start)
  return {
    call: [ani, dnis, ms(endedAt)],
    ending,
    parties: parties.map((party) => [party.dn, party.role, party.agentId, ms(party.joinedAt), ms(party.leftAt)]),
    segments: segments.map(({ kind, queue, agentId, startedAt, endedAt }) => [
      kind,
      queue,
      agentId,
      ms(startedAt),
      ms(endedAt),
    ]),
  }
}

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

const signedIn: Line[] = [A, B].flatMap((dn): Line[] => [
  [0, 'DNBackInService', dn],
  [0, 'AgentLogin', dn],
  [0, 'AgentNotReady', dn],
  [0, 'AgentReady', dn],
])
const queued = (at: number): Line[] => [
  [at, 'Queued', RP, { ...q, otherDN: N, ani: N, dnis: RP }],
  join(at, RP, 'Queued', q),
  [at, 'RouteRequest', RP, q],
]
const arrives: Line[] = [created(N, RP), join(0, N, 'Dialing', caller), ...queued(0)]
const treatment = (from: number, until: number | undefined, treatmentType: string): Line[] => [
  [from, 'TreatmentApplied', RP, { ...q, treatmentType }],
  ...(until === undefined ? [] : [[until, 'TreatmentEnd', RP, { ...q, treatmentType }] as const]),
]
const greeted: Line[] = [...arrives, state(60, N, 'Connected'), ...treatment(60, 4000, 'PlayAnnouncement')]
const waits: Line[] = [...greeted, ...treatment(4020, undefined, 'Music')]
const offered = (at: number, dn: string): Line[] => [
  [at, 'RouteUsed', RP, q],
  [at, 'Diverted', RP, { ...q, thirdPartyDN: dn }],
  leave(at, RP),
  [at, 'Ringing', dn, { ...q, otherDN: N, agentID: dn }],
  join(at, dn, 'Alerting', q),
]
const established = (at: number, dn: string): Line[] => [
  [at, 'Established', dn, { ...q, agentID: dn }],
  state(at, dn, 'Connected'),
]
const ends = (at: number, dn: string, ending: Extra): Line[] => [
  [at, 'Released', dn, { ...q, agentID: dn, ...ending }],
  leave(at, dn),
  leave(at, N),
  deleted(at, ending),
]
const callerLeaves = (at: number, cause: string): Line[] => [
  [at, 'Abandoned', RP, { ...q, ...by('customer', cause) }],
  leave(at, RP),
  leave(at, N),
  deleted(at, by('customer', cause)),
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

describe('a call through a routing point (event flows §3–§5)', () => {
  it('is greeted, waits, rings, talks; after-call work lies after its end', () => {
    const lines: Line[] = [
      ...signedIn,
      ...waits,
      ...offered(9000, A),
      ...established(11_000, A),
      [20_000, 'AgentNotReady', A, { workMode: 'AfterCallWork', ...main }],
      ...ends(20_000, A, by('agent', 'hangup')),
      [25_000, 'AgentReady', A],
    ]

    expect(told('Inbound', lines)).toEqual({
      call: [N, RP, 20_000],
      ending: { by: 'agent', cause: 'hangup' },
      parties: [
        [N, 'caller', undefined, 0, 20_000],
        [A, 'agent', A, 9000, 20_000],
      ],
      segments: [
        ['greeting', RP, undefined, 0, 4000],
        ['queue', RP, undefined, 4000, 9000],
        ['ringing', RP, A, 9000, 11_000],
        ['talk', RP, A, 11_000, 20_000],
        ['wrap-up', undefined, A, 20_000, 25_000],
      ],
    })
  })

  it('only waits where there is no treatment before the offer', () => {
    const lines: Line[] = [
      ...signedIn,
      ...arrives,
      ...offered(30, A),
      ...established(2000, A),
      ...ends(4000, A, by('customer', 'hangup')),
    ]

    expect(told('Inbound', lines).segments).toEqual([
      ['queue', RP, undefined, 0, 30],
      ['ringing', RP, A, 30, 2000],
      ['talk', RP, A, 2000, 4000],
    ])
  })

  it('counts a menu as ivr, and the moments between treatments to the next one', () => {
    const lines: Line[] = [
      ...greeted,
      ...treatment(4100, 6000, 'PlayAnnouncementAndDigits'),
      ...treatment(6020, 7000, 'CollectDigits'),
      ...treatment(7100, undefined, 'Music'),
      ...callerLeaves(9000, 'abandoned-queue'),
    ]

    expect(told('Inbound', lines)).toMatchObject({
      ending: { by: 'customer', cause: 'abandoned-queue' },
      segments: [
        ['greeting', RP, undefined, 0, 4000],
        ['ivr', RP, undefined, 4000, 7000],
        ['queue', RP, undefined, 7000, 9000],
      ],
    })
  })

  it('ends where the caller left it: in the greeting, in the queue', () => {
    const inGreeting: Line[] = [
      ...arrives,
      ...treatment(60, undefined, 'PlayAnnouncement'),
      ...callerLeaves(2000, 'abandoned-greeting'),
    ]

    expect(told('Inbound', inGreeting)).toMatchObject({
      ending: { by: 'customer', cause: 'abandoned-greeting' },
      segments: [['greeting', RP, undefined, 0, 2000]],
    })
    expect(told('Inbound', [...waits, ...callerLeaves(9000, 'abandoned-queue')])).toMatchObject({
      parties: [[N, 'caller', undefined, 0, 9000]],
      segments: [
        ['greeting', RP, undefined, 0, 4000],
        ['queue', RP, undefined, 4000, 9000],
      ],
    })
  })

  it('ends ringing where the caller left while the phone rang', () => {
    const ending = by('customer', 'abandoned-ringing')
    const lines: Line[] = [
      ...signedIn,
      ...waits,
      ...offered(9000, A),
      [11_000, 'Abandoned', A, { ...q, ...ending }],
      leave(11_000, A),
      leave(11_000, N),
      deleted(11_000, ending),
    ]

    expect(told('Inbound', lines)).toMatchObject({
      ending: { by: 'customer', cause: 'abandoned-ringing' },
      segments: [
        ['greeting', RP, undefined, 0, 4000],
        ['queue', RP, undefined, 4000, 9000],
        ['ringing', RP, A, 9000, 11_000],
      ],
    })
  })

  it('waits again after a missed offer, in a new segment, until another agent answers', () => {
    const lines: Line[] = [
      ...signedIn,
      ...waits,
      ...offered(9000, A),
      [24_000, 'AgentNotReady', A, { workMode: 'AuxWork', reasons: { reason: 'no-answer' } }],
      [24_000, 'Released', A, { ...q, callState: 'Redirected' }],
      leave(24_000, A),
      ...queued(24_000).map(
        ([at, name, of, extra]): Line => [
          at,
          name,
          of,
          name === 'CallPartyAdded' ? { ...extra, partyUUID: 'again' } : extra,
        ],
      ),
      ...offered(26_000, B).map(
        ([at, name, of, extra]): Line => [
          at,
          name,
          of,
          name === 'CallPartyDeleted' ? { ...extra, partyUUID: 'again' } : extra,
        ],
      ),
      ...established(28_000, B),
      ...ends(30_000, B, by('customer', 'hangup')),
    ]

    expect(told('Inbound', lines)).toMatchObject({
      parties: [
        [N, 'caller', undefined, 0, 30_000],
        [A, 'agent', A, 9000, 24_000],
        [B, 'agent', B, 26_000, 30_000],
      ],
      segments: [
        ['greeting', RP, undefined, 0, 4000],
        ['queue', RP, undefined, 4000, 9000],
        ['ringing', RP, A, 9000, 24_000],
        ['queue', RP, undefined, 24_000, 26_000],
        ['ringing', RP, B, 26_000, 28_000],
        ['talk', RP, B, 28_000, 30_000],
      ],
    })
  })

  it('keeps the newest attached data, and counts events that are missing', () => {
    const events = stream('Inbound', [
      created(N, RP),
      join(0, N, 'Dialing', caller),
      ...queued(0),
      [100, 'CallDataChanged', '', { userData: { tier: 'gold' } }],
      ...callerLeaves(9000, 'abandoned-queue'),
    ])
    const lost = events.filter(({ name }) => name !== 'EventQueued')

    expect(fold(events)).toMatchObject({ userData: { tier: 'gold' } })
    expect(fold(events)).not.toHaveProperty('missingEvents')
    expect(fold(lost)).toMatchObject({ missingEvents: 1 })
  })

  it('is not changed by events told again', () => {
    const events = stream('Inbound', [...waits, ...callerLeaves(9000, 'abandoned-queue')])

    expect(fold([...events.slice(0, 6), ...events])).toEqual(fold(events))
  })
})

/** Random calls by the rules: treatments, missed offers, holds, transfers, consultations, with any time between. */
describe('segments of any call', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant('treat') },
    { weight: 3, arbitrary: fc.constant('offer') },
    { weight: 2, arbitrary: fc.constant('miss') },
    { weight: 3, arbitrary: fc.constant('answer') },
    { weight: 2, arbitrary: fc.constant('hold') },
    { weight: 1, arbitrary: fc.constant('transfer') },
  )
  const script = fc.array(fc.tuple(step, fc.integer({ min: 0, max: 3000 }), fc.nat(8)), { maxLength: 25 })

  it('meet, and sum to the call (invariant 17)', () => {
    fc.assert(
      fc.property(script, (steps) => {
        const events = stream('Inbound', randomCall(steps))

        const { segments, startedAt, endedAt } = fold(events)

        const ends = segments.map((segment) => segment.endedAt)
        expect([...segments.map((segment) => segment.startedAt), endedAt].slice(0, -1)).toEqual(
          [startedAt, ...ends].slice(0, -1),
        )
        if (segments.length > 0) expect(ends.at(-1)).toBe(endedAt)
        else expect(endedAt).toBe(startedAt)
        for (const segment of segments)
          expect(millisecondsOf(segment.startedAt)).toBeLessThan(millisecondsOf(segment.endedAt ?? ''))
      }),
      { numRuns: 300 },
    )
  })
})

function randomCall(steps: readonly (readonly [string, number, number])[]): Line[] {
  const lines: Line[] = [created(N, RP), join(0, N, 'Connected', caller), ...queued(0).map(named('rp0'))]
  const kinds = ['Music', 'PlayAnnouncement', 'CollectDigits', 'Silence']
  let [at, parties, where, party] = [0, 0, 'queued' as 'queued' | 'ringing' | 'talking' | 'held', 'rp0']
  for (const [what, wait, choice] of steps) {
    at += wait
    const dn = `10${10 + choice}`
    if (what === 'treat' && where === 'queued')
      lines.push([at, 'TreatmentApplied', RP, { ...q, treatmentType: kinds[choice % kinds.length] }])
    if (what === 'offer' && where === 'queued') {
      const next = `party${++parties}`
      lines.push([at, 'Diverted', RP, q], leave(at, RP, { partyUUID: party }))
      lines.push([at, 'Ringing', dn, { ...q, agentID: dn }], join(at, dn, 'Alerting', { ...q, partyUUID: next }))
      ;[where, party] = ['ringing', next]
    } else if (what === 'miss' && where === 'ringing') {
      const next = `rp${++parties}`
      lines.push(leave(at, dn, { partyUUID: party }), ...queued(at).map(named(next)))
      ;[where, party] = ['queued', next]
    } else if (what === 'answer' && where === 'ringing') {
      lines.push(state(at, dn, 'Connected', { partyUUID: party }))
      where = 'talking'
    } else if (what === 'hold' && (where === 'talking' || where === 'held')) {
      where = where === 'held' ? 'talking' : 'held'
      lines.push(state(at, dn, where === 'held' ? 'Held' : 'Connected', { partyUUID: party }))
    } else if (what === 'transfer' && (where === 'talking' || where === 'held')) {
      const next = `party${++parties}`
      lines.push(join(at, dn, 'Alerting', { partyUUID: next }), leave(at, dn, { partyUUID: party }))
      ;[where, party] = ['ringing', next]
    }
  }
  return [...lines, leave(at, N), deleted(at, by('customer', 'hangup'))]
}

const named =
  (partyUUID: string) =>
  ([at, name, of, extra]: Line): Line => [at, name, of, name === 'CallPartyAdded' ? { ...extra, partyUUID } : extra]
