/** Trunks: what the proxies say of them, and a test by all of them. */
import { Type } from 'typebox'
import { HttpProblem } from '#platform/http/errors.ts'
import type { HttpApp } from '#platform/http/server.ts'
import { closed } from '#protocols/model/http/shape.ts'
import { TrunkStatus } from '#protocols/model/http/trunks.ts'
import type { Access } from '../access.ts'
import type { TrunkStatuses } from '../trunk-statuses.ts'
import { answers, signedIn } from './route.ts'

const TrunkPath = closed({ trunk: Type.String({ minLength: 1, maxLength: 64 }) })

export function trunkRoutes(
  app: HttpApp,
  { access, trunks }: { readonly access: Access; readonly trunks: TrunkStatuses },
) {
  app.get(
    '/api/v1/trunks',
    {
      schema: {
        tags: ['cluster'],
        summary: 'Trunks with their health and registration: supervisors and administrators',
        response: answers(200, 'the trunks', Type.Array(TrunkStatus)),
        ...signedIn,
      },
    },
    (request) => {
      access.supervisor(request)
      return trunks.all()
    },
  )

  app.post<{ Params: { trunk: string } }>(
    '/api/v1/trunks/:trunk/test',
    {
      schema: {
        tags: ['cluster'],
        summary: 'Has every proxy ask the servers of a trunk now: administrators',
        params: TrunkPath,
        response: answers(200, 'what came of it', TrunkStatus),
        ...signedIn,
      },
    },
    (request) => {
      access.administrator(request)
      const { trunk } = request.params
      if (!trunks.has(trunk)) throw new HttpProblem('not-found', `there is no trunk ${trunk}`)
      return trunks.test(trunk)
    },
  )
}
