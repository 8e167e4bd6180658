/** Signing in, and what is told about oneself. */
import type { HttpApp } from '#platform/http/server.ts'
import type { Clock } from '#platform/runtime/runtime.ts'
import { timestamp } from '#platform/time.ts'
import { Credentials, Me, Session } from '#protocols/model/http/agents.ts'
import type { SignIn } from '../sign-in.ts'
import type { Tokens } from '../tokens.ts'
import { answers, type Services, signedIn } from './route.ts'

export type SessionServices = Services & {
  readonly clock: Clock
  readonly signIn: SignIn
  readonly tokens: Tokens
  readonly sessionHours: number
}

export function sessionRoutes(app: HttpApp, { access, view, signIn, tokens, clock, sessionHours }: SessionServices) {
  app.post(
    '/api/v1/session',
    {
      schema: {
        tags: ['me'],
        summary: 'Signs in; the token is valid in every data centre',
        body: Credentials,
        response: answers(201, 'signed in', Session),
      },
    },
    async (request, reply) => {
      const { username, password } = request.body
      const person = await signIn.check(username, password)
      const expiresAt = clock.wall() + sessionHours * 3_600_000
      reply.status(201).header('Cache-Control', 'no-store')
      return {
        token: tokens.issue(person, expiresAt),
        expiresAt: timestamp(expiresAt),
        me: view.me(person.employeeId, person.roles),
      }
    },
  )

  app.get(
    '/api/v1/me',
    { schema: { tags: ['me'], summary: 'Who one is, and how', response: answers(200, 'oneself', Me), ...signedIn } },
    (request) => {
      const { employeeId, roles } = access.of(request)
      return view.me(employeeId, [...roles])
    },
  )
}
