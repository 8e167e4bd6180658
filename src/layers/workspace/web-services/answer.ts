/** What a node answered, as the HTTP API says it. */
import { HttpProblem, type ProblemType } from '#platform/http/errors.ts'
import { errors } from '#protocols/tlib/errors.ts'
import type { Event } from '#protocols/tlib/events.ts'

type Refusal = { readonly type: ProblemType; readonly reason: string }

const refusals = new Map<number, Refusal>([
  [errors.unsupported.code, { type: 'not-available-yet', reason: 'not-available-yet' }],
  [errors.internal.code, { type: 'internal-error', reason: 'error' }],
  [errors.invalidAttribute.code, { type: 'invalid-request', reason: 'invalid' }],
  [errors.invalidConnID.code, { type: 'not-found', reason: 'no-such-call' }],
  [errors.timeout.code, { type: 'timeout', reason: 'timeout' }],
  [errors.linkLost.code, { type: 'unavailable', reason: 'node-unreachable' }],
  [errors.resourceSeized.code, { type: 'conflict', reason: 'in-use' }],
  [errors.outOfService.code, { type: 'conflict', reason: 'out-of-service' }],
  [errors.unknownDN.code, { type: 'conflict', reason: 'unknown-dn' }],
  [errors.invalidDestination.code, { type: 'conflict', reason: 'no-such-destination' }],
  [errors.invalidAgent.code, { type: 'conflict', reason: 'no-such-agent' }],
  [errors.agentLoggedIn.code, { type: 'conflict', reason: 'taken' }],
  [errors.wrongState.code, { type: 'conflict', reason: 'wrong-state' }],
  [errors.busy.code, { type: 'conflict', reason: 'busy' }],
])

/** The event that answered a request. Throws `HttpProblem` where the node refused it. */
export function accepted(answer: Event): Event {
  if (answer.name !== 'EventError') return answer
  const { type, reason } = refusals.get(answer.errorCode) ?? { type: 'conflict', reason: `error-${answer.errorCode}` }
  throw new HttpProblem(type, answer.errorMessage, { reason })
}
