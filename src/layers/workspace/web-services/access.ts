/** Who asks, and whether he may. */
import type { FastifyRequest } from 'fastify'
import { HttpProblem } from '#platform/http/errors.ts'
import type { Clock } from '#platform/runtime/runtime.ts'
import type { ConfigurationSource } from '#protocols/model/client.ts'
import type { Person } from '#protocols/model/objects.ts'
import { alike, type Principal, type Tokens } from './tokens.ts'

/** How who has the token file is called. */
const operator = 'operator'

export type AccessOptions = {
  readonly clock: Clock
  readonly configuration: ConfigurationSource
  readonly tokens: Tokens
  /** The token of the token file. */
  readonly operatorToken?: string
}

export class Access {
  private readonly options: AccessOptions

  constructor(options: AccessOptions) {
    this.options = options
  }

  /** Whose token it is. Throws `HttpProblem`. */
  withToken(token: string): Principal {
    const { clock, configuration, tokens, operatorToken } = this.options
    if (operatorToken !== undefined && alike(Buffer.from(token), Buffer.from(operatorToken)))
      return { employeeId: operator, roles: ['administrator'], expiresAt: Number.POSITIVE_INFINITY }
    const principal = tokens.read(token, clock.wall(), (id) => configuration.current().person(id))
    if (!principal) throw new HttpProblem('unauthorized', 'the token is not valid, or not any more; sign in again')
    return principal
  }

  /** Throws `HttpProblem`. */
  of(request: FastifyRequest): Principal {
    const [, token] = request.headers.authorization?.match(/^Bearer ([\w.~+/=-]{1,4096})$/i) ?? []
    if (token === undefined) throw new HttpProblem('unauthorized', 'POST /api/v1/session gives a token')
    return this.withToken(token)
  }

  /** Of the agents, supervisors and administrators configured. Throws `HttpProblem`. */
  person(request: FastifyRequest): Person {
    const { employeeId } = this.of(request)
    const person = this.options.configuration.current().person(employeeId)
    if (!person) throw new HttpProblem('conflict', `${employeeId} is no agent`, { reason: 'no-agent' })
    return person
  }

  /** Throws `HttpProblem`. */
  supervisor(request: FastifyRequest): Principal {
    return required(this.of(request), seesAll, 'supervisors and administrators')
  }

  /** Throws `HttpProblem`. */
  administrator(request: FastifyRequest): Principal {
    return required(this.of(request), ({ roles }) => roles.includes('administrator'), 'administrators')
  }
}

/** Whether he sees the calls of others. */
export const seesAll = ({ roles }: Principal): boolean =>
  roles.includes('supervisor') || roles.includes('administrator')

function required(principal: Principal, may: (principal: Principal) => boolean, who: string): Principal {
  if (!may(principal)) throw new HttpProblem('forbidden', `only ${who} may do that`)
  return principal
}
