/** After-call work: begun by the agent's event that names the call, ended by his next state (event flows §1). */
import type { OwnerEvent } from '#protocols/tlib/events.ts'
import type { WrapUp, WrapUpEnd } from '../model/store.ts'

/** What an event of an agent says of his after-call work. */
export function wrapUpOf(event: OwnerEvent): { begin?: WrapUp; end?: WrapUpEnd } {
  switch (event.name) {
    case 'EventAgentNotReady': {
      const end = { agentId: event.agentID, at: event.time }
      if (event.workMode !== 'AfterCallWork') return { end }
      const { callUUID, agentID: agentId, time: startedAt, ownerEpoch, eventNo } = event
      // Without a call the agent has gone on with what he was at, or works after none.
      if (callUUID === undefined) return {}
      return { end, begin: { callUUID, agentId, startedAt, endedAt: null, ownerEpoch, eventNo } }
    }
    case 'EventAgentLogin':
    case 'EventAgentLogout':
    case 'EventAgentReady':
      return { end: { agentId: event.agentID, at: event.time } }
    default:
      return {}
  }
}
