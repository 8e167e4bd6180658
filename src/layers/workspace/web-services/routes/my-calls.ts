/** What an agent does with his calls. */
import { Type } from 'typebox'
import { HttpProblem } from '#platform/http/errors.ts'
import type { HttpApp } from '#platform/http/server.ts'
import { MyCall } from '#protocols/model/http/agents.ts'
import { Dial, Dialled, UserData, VerbBody, verbs } from '#protocols/model/http/calls.ts'
import { closed } from '#protocols/model/http/shape.ts'
import type { Person } from '#protocols/model/objects.ts'
import { accepted } from '../answer.ts'
import { answers, ConnIDPath, type Services, signedIn } from './route.ts'
import { verbRequest } from './verbs.ts'

export function myCallRoutes(app: HttpApp, { access, view, nodes }: Services) {
  /** The DN he is logged in on. */
  const placeOf = ({ employeeId }: Person): string => {
    const figures = view.figures(employeeId)
    if (!figures) throw new HttpProblem('conflict', 'log in first: PUT /api/v1/me/place', { reason: 'logged-out' })
    return figures.dn
  }
  const callOf = (person: Person, connID: string): { dn: string; others: MyCall[]; call: MyCall } => {
    const dn = placeOf(person)
    const all = view.callsOn(dn)
    const call = all.find((one) => one.connID === connID)
    if (!call) throw new HttpProblem('not-found', `you have no call ${connID}`, { reason: 'no-such-call' })
    return { dn, call, others: all.filter((one) => one !== call) }
  }

  app.get(
    '/api/v1/me/calls',
    {
      schema: {
        tags: ['me'],
        summary: 'Calls one has now',
        response: answers(200, 'the calls', Type.Array(MyCall)),
        ...signedIn,
      },
    },
    (request) => view.me(access.of(request).employeeId, []).calls,
  )

  app.post(
    '/api/v1/me/calls',
    {
      schema: {
        tags: ['me'],
        summary: 'Dials from the own phone',
        body: Dial,
        response: answers(202, 'dialling; the outcome comes as events', Dialled),
        ...signedIn,
      },
    },
    async (request, reply) => {
      const thisDN = placeOf(access.person(request))
      const { destination: otherDN, userData } = request.body
      const answer = accepted(
        await nodes.ask(thisDN, { name: 'RequestMakeCall', thisDN, otherDN, ...(userData && { userData }) }),
      )
      reply.status(202)
      return { connID: 'connID' in answer ? answer.connID : undefined }
    },
  )

  app.post(
    '/api/v1/calls/:connID/:verb',
    {
      schema: {
        tags: ['calls'],
        summary: 'Does something with one of the own calls; 409 when it cannot be now',
        params: closed({ ...ConnIDPath.properties, verb: Type.Enum(verbs) }),
        body: VerbBody,
        response: answers(202, 'under way; the outcome comes as events', Dialled),
        ...signedIn,
      },
      // Most verbs need nothing more said.
      preValidation: async (request) => {
        request.body ??= {}
      },
    },
    async (request, reply) => {
      const { connID, verb } = request.params
      const { dn, call, others } = callOf(access.person(request), connID)
      const answer = accepted(await nodes.ask(dn, verbRequest(verb, { dn, call, others, body: request.body })))
      reply.status(202)
      return { connID: 'connID' in answer && answer.connID ? answer.connID : connID }
    },
  )

  app.patch(
    '/api/v1/calls/:connID/user-data',
    {
      schema: {
        tags: ['calls'],
        summary: 'Changes attached data: null takes a key away',
        params: ConnIDPath,
        body: UserData,
        response: answers(200, 'the attached data', UserData),
        ...signedIn,
      },
    },
    async (request) => {
      const { connID } = request.params
      const { dn, call } = callOf(access.person(request), connID)
      const on = { thisDN: dn, connID }
      const pairs = Object.entries(request.body)
      const gone = pairs.flatMap(([key, value]) => (value === null ? [key] : []))
      const set = Object.fromEntries(pairs.filter(([, value]) => value !== null))
      if (gone.length < pairs.length)
        accepted(await nodes.ask(dn, { name: 'RequestAttachUserData', ...on, userData: set }))
      for (const key of gone) accepted(await nodes.ask(dn, { name: 'RequestDeletePair', ...on, key }))
      const all = Object.entries({ ...call.userData, ...set })
      return Object.fromEntries(all.filter(([key]) => !gone.includes(key)))
    },
  )
}
