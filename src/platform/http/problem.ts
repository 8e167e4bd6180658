/** Turns whatever a request failed with into a problem document (RFC 9457). */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../log/log.ts'
import type { Fault } from '../schema/faults.ts'
import { HttpProblem, problemOf } from './errors.ts'

const titles: Partial<Record<number, string>> = {
  400: 'The request is not well formed',
  401: 'Sign in first',
  403: 'This is not allowed',
  404: 'There is no such thing',
  409: 'It cannot be done now',
  413: 'The request is too large',
  415: 'The request is in no form that is understood',
  429: 'Too many requests',
  500: 'The request failed',
  501: 'Not available yet',
  502: 'A part of the cluster did not answer',
  503: 'Not available now',
  504: 'It took too long',
}

/** Answers a request that failed; what is our own fault is logged and not told. */
export function answerProblem(log: Log, error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply) {
  const problem = asProblem(error)
  const { status } = problem
  if (status === 500) log.error({ url: request.url, error: error.stack ?? String(error) }, 'request failed')
  if (status === 401) reply.header('WWW-Authenticate', 'Bearer')
  return reply.status(status).type('application/problem+json').send(document(problem, request.url))
}

function asProblem(error: FastifyError | Error): HttpProblem & { readonly status: number } {
  if (error instanceof HttpProblem) return error
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500
  const detail = status < 500 ? error.message : 'the cause is in the log'
  return Object.assign(new HttpProblem(problemOf(status), detail), { status })
}

const document = ({ type, status, message, reason, faults }: HttpProblem, url: string) => ({
  type: `urn:ringmain:problem:${type}`,
  title: titles[status] ?? 'The request failed',
  status,
  detail: message,
  instance: url.split('?')[0],
  ...(reason !== undefined && { reason }),
  ...(faults.length > 0 && { errors: faults.map(told) }),
})

const told = ({ path, message, remedy }: Fault) => ({
  pointer: `/${path.join('/')}`,
  detail: `${path.join('.')} ${message}; ${remedy}`.trim(),
})
