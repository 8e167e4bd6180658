import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { millisecondsOf } from '#platform/time.ts'
import {
  by,
  caller,
  created,
  deleted,
  fold,
  join,
  type Line,
  leave,
  N,
  q,
  queued,
  RP,
  state,
  stream,
} from './call-stream.fixture.ts'

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
