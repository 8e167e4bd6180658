/** What was: interactions and ladders. */
import { HttpProblem } from '#platform/http/errors.ts'
import type { HttpApp } from '#platform/http/server.ts'
import type { Clock } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import { messagesText } from '#platform/trace/messages-text.ts'
import { pcapOf } from '#platform/trace/pcap.ts'
import type { TraceItem } from '#platform/trace/trace.ts'
import { Interaction, InteractionFilter, InteractionPage, Ladder } from '#protocols/model/http/calls.ts'
import { seesAll } from '../access.ts'
import { hasParty } from '../live/call.ts'
import type { LiveCalls } from '../live/live-calls.ts'
import type { WebServicesPorts } from '../ports.ts'
import type { Principal } from '../tokens.ts'
import { answers, CallUUIDPath, download, type Services, signedIn } from './route.ts'

export type HistoryServices = Services &
  Pick<WebServicesPorts, 'history' | 'ladder'> & {
    readonly calls: LiveCalls
    readonly clock: Clock
  }

/** ms in which a call whose end was heard is stored for certain, and between two looks for it. */
const stored = 3000
const lookAgain = 100

export function historyRoutes(app: HttpApp, services: HistoryServices) {
  const { access, history } = services

  app.get(
    '/api/v1/interactions',
    {
      schema: {
        tags: ['history'],
        summary: 'Interactions that have ended, newest first: agents see their own',
        querystring: InteractionFilter,
        response: answers(200, 'a page; its cursor leads to the next', InteractionPage),
        ...signedIn,
      },
    },
    (request) => {
      const principal = access.of(request)
      const own = seesAll(principal) ? {} : { agent: principal.employeeId }
      return history.list({ ...request.query, ...own })
    },
  )

  app.get(
    '/api/v1/interactions/:callUUID',
    {
      schema: {
        tags: ['history'],
        summary: 'One interaction with its parties and segments',
        params: CallUUIDPath,
        response: answers(200, 'the interaction', Interaction),
        ...signedIn,
      },
    },
    async (request) => {
      const { callUUID } = request.params
      const principal = access.of(request)
      const found = await interactionOf(services, callUUID)
      // An agent is not told whether calls of others exist.
      if (!found || !(seesAll(principal) || tookPart(found, principal)))
        throw new HttpProblem('not-found', `there is no interaction ${callUUID} that has ended`)
      return found
    },
  )

  app.get(
    '/api/v1/calls/:callUUID/ladder',
    {
      schema: {
        tags: ['history'],
        summary: 'SIP messages, T-Library events and routing decisions of one call, in order of time',
        params: CallUUIDPath,
        response: answers(200, 'the ladder', Ladder),
        ...signedIn,
      },
    },
    async (request) => {
      const { callUUID } = request.params
      const items = await ladderOf(services, access.of(request), callUUID)
      return { callUUID, items: items.map(({ at, ...item }) => ({ time: timestamp(at), ...item })) }
    },
  )

  for (const { ending, summary, type, contents } of downloads)
    app.get(
      `/api/v1/calls/:callUUID/ladder.${ending}`,
      {
        schema: { tags: ['history'], summary, params: CallUUIDPath, response: download(type), ...signedIn },
      },
      async (request, reply) => {
        const { callUUID } = request.params
        const items = await ladderOf(services, access.of(request), callUUID)
        reply.header('Content-Disposition', `attachment; filename="${callUUID}.${ending}"`)
        return reply.type(type).send(contents(items))
      },
    )
}

const downloads = [
  {
    ending: 'pcap',
    summary: 'The SIP messages of one call for Wireshark and sngrep: UDP with headers made up, secrets masked',
    type: 'application/vnd.tcpdump.pcap',
    contents: pcapOf,
  },
  {
    ending: 'txt',
    summary: 'The SIP messages of one call as text, laid out as sngrep saves them; secrets masked',
    type: 'text/plain; charset=utf-8',
    contents: messagesText,
  },
]

async function ladderOf(services: HistoryServices, principal: Principal, callUUID: string): Promise<TraceItem[]> {
  const items = (await maySee(services, principal, callUUID)) ? await services.ladder.read(callUUID) : []
  if (items.length === 0) throw new HttpProblem('not-found', `nothing is kept of a call ${callUUID}`)
  return items
}

const tookPart = ({ parties }: Interaction, { employeeId }: Principal): boolean =>
  parties.some(({ agentId }) => agentId === employeeId)

/** An agent sees the calls he is or was in. */
async function maySee(services: HistoryServices, principal: Principal, callUUID: string) {
  const { calls, view } = services
  if (seesAll(principal)) return true
  const dn = view.figures(principal.employeeId)?.dn
  const live = calls.get(callUUID)
  if (live && dn !== undefined && hasParty(live, dn)) return true
  const past = await interactionOf(services, callUUID)
  return past !== undefined && tookPart(past, principal)
}

/** Whoever has heard of the end of a call asks for it before it is stored: he waits as long as that takes. */
async function interactionOf({ history, calls, clock }: HistoryServices, callUUID: string) {
  for (let waited = 0; ; waited += lookAgain) {
    const found = await history.get(callUUID)
    if (found !== undefined || waited >= stored || !calls.hasEnded(callUUID)) return found
    await new Promise<void>((resolve) => clock.after(lookAgain, resolve))
  }
}
