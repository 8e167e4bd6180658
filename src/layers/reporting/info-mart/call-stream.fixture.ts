/** Calls as a node tells them, in few words: for the tests of what is made of them. */
import { expect } from 'vitest'
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
export const A = '1001'
export const B = '1002'
export const C = '1003'
export const N = '+442079460018'
export const RP = '8010'
export const main = { connID: '0001000100000001', callUUID: 'call-1' }
export const second = {
  connID: '0001000100000002',
  callUUID: 'call-2',
  callType: 'Consult',
  previousConnID: main.connID,
}

export type Extra = Record<string, unknown>
/** When, which event, on which DN or of which party, and what it carries. */
export type Line = readonly [at: number, name: string, of: string, extra?: Extra | undefined]

/** A stream as a node tells it: numbered and timed, with the party's role and the call's type. */
export function stream(callType: string, lines: readonly Line[]): Event[] {
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

export const o = { thisDNRole: 'Origination' }
export const q = { thisQueue: RP }
export const by = (who: string, cause: string, status?: number) => ({
  extensions: { Ending: { by: who, cause, ...(status && { status }) } },
})
export const created = (ani: string, dnis: string): Line => [0, 'CallCreated', '', { ani, dnis }]
export const join = (at: number, dn: string, partyState: string, extra: Extra = {}): Line => [
  at,
  'CallPartyAdded',
  dn,
  { role: 'Destination', partyState, ...extra },
]
export const state = (at: number, dn: string, partyState: string, extra: Extra = {}): Line => [
  at,
  'CallPartyState',
  dn,
  { partyState, ...extra },
]
export const leave = (at: number, dn: string, extra: Extra = {}): Line => [at, 'CallPartyDeleted', dn, extra]
export const deleted = (at: number, ending: Extra): Line => [at, 'CallDeleted', '', ending]
export const caller = { role: 'Origination' }

export function fold(events: readonly Event[]): Interaction {
  const wrapUps: WrapUp[] = []
  let call: ReturnType<typeof beforeFirst> | undefined
  for (const event of events) {
    if (isOwnerEvent(event)) {
      const { begin, end } = wrapUpOf(event)
      for (const [index, open] of wrapUps.entries())
        if (end && open.endedAt === null) wrapUps[index] = { ...open, endedAt: end.at }
      if (begin) wrapUps.push(begin)
    } else {
      call ??= beforeFirst(event as CallEvent)
      read(call, event as CallEvent)
    }
  }
  if (call?.end === undefined) throw new Error('the call has not ended')
  return withWrapUps(interactionOf({ ...call, end: call.end }), wrapUps)
}

/** The interaction in few words, its stream having kept the invariants. */
export function told(callType: string, lines: readonly Line[]) {
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

export const signedIn: Line[] = [A, B].flatMap((dn): Line[] => [
  [0, 'DNBackInService', dn],
  [0, 'AgentLogin', dn],
  [0, 'AgentNotReady', dn],
  [0, 'AgentReady', dn],
])
export const queued = (at: number): Line[] => [
  [at, 'Queued', RP, { ...q, otherDN: N, ani: N, dnis: RP }],
  join(at, RP, 'Queued', q),
  [at, 'RouteRequest', RP, q],
]
export const arrives: Line[] = [created(N, RP), join(0, N, 'Dialing', caller), ...queued(0)]
export const treatment = (from: number, until: number | undefined, treatmentType: string): Line[] => [
  [from, 'TreatmentApplied', RP, { ...q, treatmentType }],
  ...(until === undefined ? [] : [[until, 'TreatmentEnd', RP, { ...q, treatmentType }] as const]),
]
export const greeted: Line[] = [...arrives, state(60, N, 'Connected'), ...treatment(60, 4000, 'PlayAnnouncement')]
export const waits: Line[] = [...greeted, ...treatment(4020, undefined, 'Music')]
export const offered = (at: number, dn: string): Line[] => [
  [at, 'RouteUsed', RP, q],
  [at, 'Diverted', RP, { ...q, thirdPartyDN: dn }],
  leave(at, RP),
  [at, 'Ringing', dn, { ...q, otherDN: N, agentID: dn }],
  join(at, dn, 'Alerting', q),
]
export const established = (at: number, dn: string): Line[] => [
  [at, 'Established', dn, { ...q, agentID: dn }],
  state(at, dn, 'Connected'),
]
export const ends = (at: number, dn: string, ending: Extra): Line[] => [
  [at, 'Released', dn, { ...q, agentID: dn, ...ending }],
  leave(at, dn),
  leave(at, N),
  deleted(at, ending),
]
export const callerLeaves = (at: number, cause: string): Line[] => [
  [at, 'Abandoned', RP, { ...q, ...by('customer', cause) }],
  leave(at, RP),
  leave(at, N),
  deleted(at, by('customer', cause)),
]
