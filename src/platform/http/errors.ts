import { ClusterError } from '../errors.ts'
import type { Fault } from '../schema/faults.ts'

/** Stable names of problems (RFC 9457 §3.1.1), with the status each has. */
const statuses = {
  'invalid-request': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  'too-many-requests': 429,
  'internal-error': 500,
  'not-available-yet': 501,
  unreachable: 502,
  unavailable: 503,
  timeout: 504,
} as const

export type ProblemType = keyof typeof statuses

/** What an HTTP request is answered with when it can't be done; the server turns it into a problem document. */
export class HttpProblem extends ClusterError {
  readonly type: ProblemType
  readonly status: number
  /** Why it can't be now, one word for programs. */
  readonly reason: string | undefined
  readonly faults: readonly Fault[]
  constructor(type: ProblemType, detail: string, more: { reason?: string; faults?: readonly Fault[] } = {}) {
    super('HTTP_PROBLEM', detail)
    this.type = type
    this.status = statuses[type]
    this.reason = more.reason
    this.faults = more.faults ?? []
  }
}

export const problemOf = (status: number): ProblemType =>
  (Object.keys(statuses) as ProblemType[]).find((type) => statuses[type] === status) ??
  (status < 500 ? 'invalid-request' : 'internal-error')

/** A request of ours got no answer. */
export class RequestFailed extends ClusterError {
  constructor(url: string, reason: string, options?: ErrorOptions) {
    super('HTTP_REQUEST_FAILED', `no answer from ${url}: ${reason}`, options)
  }
}
