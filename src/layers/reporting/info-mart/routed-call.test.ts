import { describe, expect, it } from 'vitest'
import {
  A,
  arrives,
  B,
  by,
  caller,
  callerLeaves,
  created,
  deleted,
  ends,
  established,
  fold,
  greeted,
  join,
  type Line,
  leave,
  main,
  N,
  offered,
  q,
  queued,
  RP,
  signedIn,
  stream,
  told,
  treatment,
  waits,
} from './call-stream.fixture.ts'

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
