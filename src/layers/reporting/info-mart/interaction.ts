/** The interaction of a call that has ended, as the history tells it (contract §5). */
import { timestamp } from '#platform/time.ts'
import type { Interaction } from '#protocols/model/http/calls.ts'
import type { CallState, Member } from './call-state.ts'
import { type Span, spansOf } from './timeline.ts'

type Party = Interaction['parties'][number]
type Segment = Interaction['segments'][number]

export function interactionOf(call: CallState & { readonly end: number }): Interaction {
  return {
    callUUID: call.callUUID,
    connID: call.connID,
    ani: call.ani,
    dnis: call.dnis,
    startedAt: timestamp(call.start),
    endedAt: timestamp(call.end),
    ending: call.ending ?? null,
    parties: call.members.filter(({ queued }) => !queued).map((member) => partyOf(call, member)),
    segments: spansOf(call.timeline, call.start, call.end).map(segmentOf),
    userData: { ...call.userData },
    ...(call.missing > 0 && { missingEvents: call.missing }),
  }
}

const partyOf = (call: CallState, member: Member): Party => ({
  dn: member.dn,
  role: roleOf(call, member),
  ...(member.agentId !== undefined && { agentId: member.agentId }),
  joinedAt: timestamp(member.joined),
  leftAt: member.left === undefined ? null : timestamp(member.left),
})

/** On a call out of the cluster the agent is who called; whom no DN of ours stands for is no agent. */
function roleOf({ callType, devices }: CallState, { dn, role, service, consultation }: Member): string {
  if (service) return 'service'
  if (consultation !== undefined) return 'consulted'
  if (role === 'Observer') return 'observer'
  if (role === 'Origination') return callType === 'Outbound' && devices.has(dn) ? 'agent' : 'caller'
  return devices.has(dn) ? 'agent' : 'called'
}

const segmentOf = ({ kind, queue, agentId, from, until }: Span): Segment => ({
  kind,
  ...(queue !== undefined && { queue }),
  ...(agentId !== undefined && { agentId }),
  startedAt: timestamp(from),
  endedAt: timestamp(until),
})
