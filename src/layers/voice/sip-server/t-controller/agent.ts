/**
 * The login state of an agent: the table of the event flows, §17. Calls are not in it: what an agent shows is derived
 * from this, his DN's calls and its reservation. Any wish of the agent himself clears what would have been resumed.
 */
import type { Machine, Step } from '#platform/machine/machine.ts'
import type { TimerEffect } from '#platform/machine/runner.ts'
import type { AgentStatus, KeyValueList, WorkMode } from '#protocols/tlib/attributes.ts'
import type { ErrorName } from '#protocols/tlib/errors.ts'
import type { Bid } from './bid.ts'

export type State = AgentStatus

/** Who asked: the number under which his request waits for its first answer. */
export type Asker = number | undefined

export type Agent = {
  /** Empty while nobody is logged in. */
  readonly agentID: string
  readonly workMode: WorkMode | undefined
  readonly reasons: KeyValueList
  /** What follows after-call work. */
  readonly after: { readonly state: 'Ready' } | { readonly state: 'NotReady'; readonly reasons: KeyValueList }
  /** Ready again when the DN is back in time. */
  readonly resume: boolean
}

export type Input =
  | { type: 'login'; by: Asker; agentID: string }
  | { type: 'logout'; by: Asker; onCall: boolean; reasons: KeyValueList }
  | { type: 'setReady'; by: Asker }
  | { type: 'setNotReady'; by: Asker; workMode: WorkMode; reasons: KeyValueList }
  | { type: 'setAfterCallWork'; by: Asker; reasons: KeyValueList }
  /** The last business call ends, and the agent has after-call work. */
  | { type: 'wrapUp'; seconds: number; connID: string; callUUID: string }
  | { type: 'offerMissed'; reason: string }
  | { type: 'outOfService' | 'backInService' | 'timerWrapUp' | 'timerResume' }
  | { type: 'reserve'; bid: Bid }

/** An event of the agent, without what his owner puts on each. */
export type AgentTold = {
  readonly name: 'EventAgentLogin' | 'EventAgentLogout' | 'EventAgentReady' | 'EventAgentNotReady'
  readonly agentID: string
  readonly workMode?: WorkMode
  readonly reasons?: KeyValueList
  readonly extensions?: KeyValueList
  readonly connID?: string
  readonly callUUID?: string
}

export type Effect =
  | { type: 'tellAgent'; event: AgentTold; by: Asker }
  /** Accepted, with nothing to tell. */
  | { type: 'acknowledge'; by: Asker }
  | { type: 'refuse'; by: Asker; error: ErrorName; words: string }
  /** The agent may be had: his DN decides. */
  | { type: 'reserve'; bid: Bid }
  /** He can't be had any more: a reservation ends. */
  | { type: 'free' }
  | TimerEffect

/** An agent whose phone is back so soon goes on as Ready. */
export const resumeWithin = 60_000

export const nobody: Agent = {
  agentID: '',
  workMode: undefined,
  reasons: {},
  after: { state: 'Ready' },
  resume: false,
}

type Next = Step<State, Agent, Effect>

export const agentMachine: Machine<State, Input, Agent, Effect> = {
  name: 'agent',
  timers: { WrapUp: ['AfterCallWork'], Resume: ['NotReady'] },
  states: {
    LoggedOut: {
      login: (_, { agentID, by }) => login(agentID, by),
      logout: (agent, { by }) => refuse('LoggedOut', agent, by, 'nobody is logged in'),
      setReady: (agent, { by }) => refuse('LoggedOut', agent, by, 'nobody is logged in'),
      setNotReady: (agent, { by }) => refuse('LoggedOut', agent, by, 'nobody is logged in'),
      setAfterCallWork: (agent, { by }) => refuse('LoggedOut', agent, by, 'nobody is logged in'),
      reserve: (agent, { bid }) => refuse('LoggedOut', agent, bid.by, 'nobody is logged in'),
    },
    NotReady: {
      login: (agent, { by }) => taken('NotReady', agent, by),
      logout: (agent, input) => logout('NotReady', agent, input),
      setReady: (agent, { by }) => ready(agent, by),
      setNotReady: (agent, input) => otherReason(agent, input),
      setAfterCallWork: (agent, input) => untimed(agent, input),
      wrapUp: (agent, input) => wrapUp(agent, input, { state: 'NotReady', reasons: agent.reasons }),
      offerMissed: (agent) => stay('NotReady', agent),
      outOfService: (agent) => stay('NotReady', agent),
      backInService: (agent) => (agent.resume ? ready(agent) : stay('NotReady', agent)),
      timerResume: (agent) => stay('NotReady', { ...agent, resume: false }),
      reserve: (agent, { bid }) => refuse('NotReady', agent, bid.by, 'the agent is not ready'),
    },
    Ready: {
      login: (agent, { by }) => taken('Ready', agent, by),
      logout: (agent, input) => logout('Ready', agent, input),
      setReady: (agent, { by }) => stay('Ready', agent, { type: 'acknowledge', by }),
      setNotReady: (agent, { by, workMode, reasons }) => leaveReady(notReady(agent, reasons, by, workMode)),
      setAfterCallWork: (agent, input) => leaveReady(untimed(agent, input)),
      wrapUp: (agent, input) => leaveReady(wrapUp(agent, input, { state: 'Ready' })),
      offerMissed: (agent, { reason }) => leaveReady(notReady(agent, { reason })),
      outOfService: (agent) => leaveReady(lost(agent)),
      backInService: (agent) => stay('Ready', agent),
      reserve: (agent, { bid }) => stay('Ready', agent, { type: 'reserve', bid }),
    },
    AfterCallWork: {
      login: (agent, { by }) => taken('AfterCallWork', agent, by),
      logout: (agent, input) => logout('AfterCallWork', agent, input),
      setReady: (agent, { by }) => ready(agent, by),
      setNotReady: (agent, { by, workMode, reasons }) => notReady(agent, reasons, by, workMode),
      setAfterCallWork: (agent, { by }) =>
        stay('AfterCallWork', agent, { type: 'stop', timer: 'WrapUp' }, { type: 'acknowledge', by }),
      wrapUp: (agent, { seconds }) => stay('AfterCallWork', agent, startWrapUp(seconds)),
      timerWrapUp: (agent) => (agent.after.state === 'Ready' ? ready(agent) : notReady(agent, agent.after.reasons)),
      offerMissed: (agent, { reason }) => notReady(agent, { reason }),
      outOfService: (agent) => notReady(agent, { reason: 'out-of-service' }),
      backInService: (agent) => stay('AfterCallWork', agent),
      reserve: (agent, { bid }) => refuse('AfterCallWork', agent, bid.by, 'the agent is in after-call work'),
    },
  },
}

const stay = (state: State, data: Agent, ...effects: Effect[]): Next => ({ state, data, effects })

const refuse = (state: State, data: Agent, by: Asker, words: string): Next =>
  stay(state, data, { type: 'refuse', by, error: 'wrongState', words })

const taken = (state: State, agent: Agent, by: Asker): Next =>
  stay(state, agent, { type: 'refuse', by, error: 'agentLoggedIn', words: `agent ${agent.agentID} is logged in here` })

const tell = (event: AgentTold, by?: Asker): Effect => ({ type: 'tellAgent', event, by })

function login(agentID: string, by: Asker): Next {
  const { data, effects } = notReady({ ...nobody, agentID }, {})
  return { state: 'NotReady', data, effects: [tell({ name: 'EventAgentLogin', agentID }, by), ...effects] }
}

function logout(state: State, agent: Agent, { by, onCall, reasons }: { by: Asker; onCall: boolean; reasons: object }) {
  if (onCall) return refuse(state, agent, by, 'the agent is on a call')
  const { agentID } = agent
  const event = { name: 'EventAgentLogout' as const, agentID, ...carried(reasons as KeyValueList) }
  return stay('LoggedOut', nobody, tell(event, by), { type: 'free' })
}

const carried = (reasons: KeyValueList) => (Object.keys(reasons).length === 0 ? {} : { reasons })

function ready(agent: Agent, by?: Asker): Next {
  const data: Agent = { ...nobody, agentID: agent.agentID }
  return stay('Ready', data, tell({ name: 'EventAgentReady', agentID: agent.agentID }, by))
}

function notReady(agent: Agent, reasons: KeyValueList, by?: Asker, workMode: WorkMode = 'AuxWork'): Next {
  const { agentID } = agent
  const data: Agent = { ...nobody, agentID, workMode, reasons }
  return stay('NotReady', data, tell({ name: 'EventAgentNotReady', agentID, workMode, ...carried(reasons) }, by))
}

/** A reason given again is no news; it still is a wish, so nothing is resumed. */
function otherReason(
  agent: Agent,
  { by, workMode, reasons }: { by: Asker; workMode: WorkMode; reasons: KeyValueList },
) {
  const same = agent.workMode === workMode && JSON.stringify(agent.reasons) === JSON.stringify(reasons)
  if (!same) return withoutResume(notReady(agent, reasons, by, workMode))
  return withoutResume(stay('NotReady', { ...agent, resume: false }, { type: 'acknowledge', by }))
}

const withoutResume = (next: Next): Next => ({ ...next, effects: [{ type: 'stop', timer: 'Resume' }, ...next.effects] })

function untimed(agent: Agent, { by, reasons }: { by: Asker; reasons: KeyValueList }): Next {
  const { agentID } = agent
  const workMode = 'AfterCallWork'
  const data: Agent = { ...nobody, agentID, workMode, reasons }
  const event = { name: 'EventAgentNotReady' as const, agentID, workMode, ...carried(reasons) } as const
  return stay('AfterCallWork', data, tell(event, by))
}

/** After-call work names its call, so that it joins it in the records. */
function wrapUp(
  agent: Agent,
  { seconds, connID, callUUID }: { seconds: number; connID: string; callUUID: string },
  after: Agent['after'],
): Next {
  const { agentID } = agent
  const workMode = 'AfterCallWork'
  const extensions = { WrapUpTime: seconds }
  const event = { name: 'EventAgentNotReady', agentID, workMode, extensions, connID, callUUID } as const
  return stay('AfterCallWork', { ...nobody, agentID, workMode, after }, tell(event), startWrapUp(seconds))
}

const startWrapUp = (seconds: number): Effect => ({ type: 'start', timer: 'WrapUp', after: seconds * 1000 })

function lost(agent: Agent): Next {
  const next = notReady(agent, { reason: 'out-of-service' })
  const start: Effect = { type: 'start', timer: 'Resume', after: resumeWithin }
  return { ...next, data: { ...next.data, resume: true }, effects: [...next.effects, start] }
}

const leaveReady = (next: Next): Next => ({ ...next, effects: [...next.effects, { type: 'free' }] })
