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
  let [engaged, dialling] = [0, 0]
  let point: Member | undefined
  let offered: Member | undefined
  for (const member of call.members) {
    if (!isPresent(member) || member.role === 'Observer') continue
    if (member.service) return { kind: 'ivr' }
    if (member.queued) point ??= member
    else if (isEngaged(member)) engaged++
    else if (isDialling(member)) dialling++
    else if (member.state === 'Alerting') offered = member
  }
  // A caller of whom nothing else was told talks as soon as he is answered.
  if (engaged > 0 && engaged + dialling > 1) return talking(call)
  if (point) return { kind: call.treatments.get(point.dn) ?? 'queue', queue: point.dn }
  return offered && withParty('ringing', offered)
}

const isEngaged = ({ state }: Member): boolean => state === 'Connected' || state === 'Held'
const isDialling = ({ state, role }: Member): boolean => state === 'Dialing' && role === 'Origination'

function talking(call: CallState): Phase {
  const engaged = call.members.filter(
    (member) => isPresent(member) && member.role !== 'Observer' && (isEngaged(member) || isDialling(member)),
  )
  const party = servedBy(call, engaged)
  if (call.consultations.size > 0) return withParty('consult', party)
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
