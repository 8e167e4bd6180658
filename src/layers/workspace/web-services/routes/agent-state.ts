/** The agent's place and state: his own, and as supervisors set it. */
import { HttpProblem } from '#platform/http/errors.ts'
import type { HttpApp } from '#platform/http/server.ts'
import { type AgentState, Place, StateAnswer, WantedState } from '#protocols/model/http/agents.ts'
import { closed } from '#protocols/model/http/shape.ts'
import { DialledNumber } from '#protocols/model/objects.ts'
import type { Asked } from '#protocols/tlib/client.ts'
import type { Event } from '#protocols/tlib/events.ts'
import { accepted } from '../answer.ts'
import type { AgentFigures } from '../ports.ts'
import { answers, type Services, signedIn } from './route.ts'

export function agentStateRoutes(app: HttpApp, services: Services) {
  const { access, view, nodes } = services
  app.put(
    '/api/v1/me/place',
    {
      schema: {
        tags: ['me'],
        summary: 'Logs in on a DN; 409 when it is taken or out of service',
        body: Place,
        response: answers(200, 'logged in', StateAnswer),
        ...signedIn,
      },
    },
    async (request) => {
      const { employeeId } = access.person(request)
      const { dn } = request.body
      const now = view.figures(employeeId)
      if (now?.dn === dn) return view.stateOf(employeeId)
      if (now)
        throw new HttpProblem('conflict', `you are logged in on ${now.dn}: log out first`, { reason: 'logged-in' })
      const answer = accepted(await nodes.ask(dn, { name: 'RequestAgentLogin', thisDN: dn, agentID: employeeId }))
      return after(employeeId, dn, 'not-ready', undefined, answer)
    },
  )

  app.put(
    '/api/v1/me/state',
    {
      schema: {
        tags: ['me'],
        summary: 'Changes the state; 409 when it cannot be',
        body: WantedState,
        response: answers(200, 'the new state', StateAnswer),
        ...signedIn,
      },
    },
    (request) => change(services, access.person(request).employeeId, request.body),
  )

  app.put(
    '/api/v1/agents/:employeeId/state',
    {
      schema: {
        tags: ['cluster'],
        summary: 'Changes the state of an agent who is logged in: supervisors and administrators',
        params: closed({ employeeId: DialledNumber }),
        body: WantedState,
        response: answers(200, 'the new state', StateAnswer),
        ...signedIn,
      },
    },
    (request) => {
      access.supervisor(request)
      const { employeeId } = request.params
      if (!view.person(employeeId)) throw new HttpProblem('not-found', `there is no agent ${employeeId}`)
      return change(services, employeeId, request.body)
    },
  )
}

async function change({ view, nodes }: Services, employeeId: string, { state, reason }: WantedState) {
  const now = view.figures(employeeId)
  if (!now && state === 'logged-out') return view.stateOf(employeeId)
  if (!now)
    throw new HttpProblem('conflict', `${employeeId} is not logged in on a DN: PUT /api/v1/me/place`, {
      reason: 'logged-out',
    })
  const answer = accepted(await nodes.ask(now.dn, asking(now.dn, state, reason)))
  if (state === 'logged-out') return after(employeeId, undefined, state, undefined, answer)
  return after(employeeId, now.dn, shown(now, state), reason, answer)
}
/** A call in progress shows, whatever state is to follow it. */
const shown = ({ status }: AgentFigures, wanted: AgentState): AgentState =>
  status === 'on-call' || status === 'on-hold' || status === 'ringing' ? status : wanted

function asking(thisDN: string, state: WantedState['state'], reason: string | undefined): Asked {
  const reasons = reason === undefined ? {} : { reasons: { ReasonCode: reason } }
  switch (state) {
    case 'ready':
      return { name: 'RequestAgentReady', thisDN, ...reasons }
    case 'not-ready':
      return { name: 'RequestAgentNotReady', thisDN, workMode: 'AuxWork', ...reasons }
    case 'after-call-work':
      return { name: 'RequestAgentNotReady', thisDN, workMode: 'AfterCallWork', ...reasons }
    case 'logged-out':
      return { name: 'RequestAgentLogout', thisDN, ...reasons }
  }
}

/** What the node's answer makes of him: StatServer may hear of it a moment later. */
const after = (
  employeeId: string,
  dn: string | undefined,
  state: AgentState,
  reason: string | undefined,
  { time }: Event,
): StateAnswer => ({
  employeeId,
  ...(dn !== undefined && { dn }),
  state,
  ...(reason !== undefined && state !== 'ready' && { reason }),
  since: time,
})
