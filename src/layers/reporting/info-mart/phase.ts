/** Which phase a call is in, by who is in it and how (event flows §3–§8, §11). */
import type { TreatmentType } from '#protocols/tlib/attributes.ts'
import { type CallState, isPresent, type Member } from './call-state.ts'
import type { Phase, PhaseKind } from './timeline.ts'

const treatments: Partial<Record<TreatmentType, PhaseKind>> = {
  PlayAnnouncement: 'greeting',
  PlayAnnouncementAndDigits: 'ivr',
  CollectDigits: 'ivr',
  PlayApplication: 'ivr',
  RecordUserAnnouncement: 'ivr',
  VerifyDigits: 'ivr',
  IVR: 'ivr',
}

/** Music, silence and tones are waiting. */
export const kindOfTreatment = (type: TreatmentType | undefined): PhaseKind =>
  (type === undefined ? undefined : treatments[type]) ?? 'queue'

/** `undefined`: nothing says that it is another than before. */
export function phaseOf(call: CallState): Phase | undefined {
  const present = call.members.filter((member) => isPresent(member) && member.role !== 'Observer')
  const engaged = engagedOf(present)
  const service = present.some((member) => member.service)
  if (service) return { kind: 'ivr' }
  if (engaged.length > 1) return talking(call, engaged)
  const point = present.find(({ queued }) => queued)
  if (point) return { kind: call.treatments[point.dn] ?? 'queue', queue: point.dn }
  const offered = present.findLast(({ state }) => state === 'Alerting')
  return offered && withParty('ringing', offered)
}

/** Who talks or is held; a caller of whom nothing else was told talks as soon as he is answered. */
function engagedOf(present: readonly Member[]): readonly Member[] {
  const talks = ({ state, queued }: Member) => !queued && (state === 'Connected' || state === 'Held')
  if (!present.some(talks)) return []
  return present.filter((member) => talks(member) || (member.role === 'Origination' && member.state === 'Dialing'))
}

function talking(call: CallState, engaged: readonly Member[]): Phase | undefined {
  const party = servedBy(call, engaged)
  if (call.consultations.length > 0) return withParty('consult', party)
  return withParty(engaged.some(({ state }) => state === 'Held') ? 'hold' : 'talk', party)
}

/** The agent who has the call goes on having it while others join; among those called the newest one has it. */
function servedBy(call: CallState, engaged: readonly Member[]): Member | undefined {
  const agents = engaged.filter(({ agentId }) => agentId !== undefined)
  const called = agents.filter(({ role }) => role !== 'Origination')
  const had = call.timeline.at(-1)?.agentId
  return called.find(({ agentId }) => agentId === had) ?? called.at(-1) ?? agents[0] ?? engaged.at(-1)
}

const withParty = (kind: PhaseKind, party: Member | undefined): Phase => ({
  kind,
  ...(party?.queue !== undefined && { queue: party.queue }),
  ...(party?.agentId !== undefined && { agentId: party.agentId }),
})
