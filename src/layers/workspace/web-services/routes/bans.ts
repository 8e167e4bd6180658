/** Bans of SIP sources: whom the proxies do not hear, by themselves or because an operator wants it. */
import { Type } from 'typebox'
import type { HttpApp } from '#platform/http/server.ts'
import { Ban, BanRequest } from '#protocols/model/http/bans.ts'
import { closed } from '#protocols/model/http/shape.ts'
import type { Access } from '../access.ts'
import type { Bans } from '../bans.ts'
import { answers, signedIn } from './route.ts'

const SourcePath = closed({ source: Type.String({ minLength: 2, maxLength: 64 }) })

export function banRoutes(app: HttpApp, { access, bans }: { readonly access: Access; readonly bans: Bans }) {
  app.get(
    '/api/v1/bans',
    {
      schema: {
        tags: ['cluster'],
        summary: 'SIP sources that are not heard: administrators',
        response: answers(200, 'the bans', Type.Array(Ban)),
        ...signedIn,
      },
    },
    (request) => {
      access.administrator(request)
      return bans.all()
    },
  )

  app.post(
    '/api/v1/bans',
    {
      schema: {
        tags: ['cluster'],
        summary: 'Has no proxy hear a source for so long, a trunk’s too: administrators',
        body: BanRequest,
        response: answers(201, 'the ban', Ban),
        ...signedIn,
      },
    },
    (request, reply) => {
      const { employeeId } = access.administrator(request)
      reply.status(201)
      return bans.add(request.body, employeeId)
    },
  )

  app.delete<{ Params: { source: string } }>(
    '/api/v1/bans/:source',
    {
      schema: {
        tags: ['cluster'],
        summary: 'Lifts the bans of a source: administrators',
        params: SourcePath,
        response: answers(200, 'what was lifted', Type.Array(Ban)),
        ...signedIn,
      },
    },
    (request) => {
      const { employeeId } = access.administrator(request)
      return bans.lift(request.params.source, employeeId)
    },
  )
}
