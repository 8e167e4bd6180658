/**
 * Where a request goes (RFC 3261 §16.5): a decision over what the proxy knows, without effects. From outside everything
 * goes to a node; only what a node sends goes out.
 */
import { MalformedMessage } from '#protocols/sip/message/errors.ts'
import type { Message } from '#protocols/sip/message/message.ts'
import type { Hop } from '#protocols/sip/transport/transport.ts'
import { type Decision, refuse } from './decision.ts'
import { routeInward } from './route-inward.ts'
import { routeMesh } from './route-mesh.ts'
import { routeOutward } from './route-outward.ts'
import type { View } from './view.ts'

/** `chosen`: the node that is to have a new call, where that is known. */
export function route(request: Message, from: Hop, view: View, chosen?: string): Decision {
  try {
    const routes = view.routes.read(request)
    const origin = view.origin(from)
    if (routes.forged) return refuse('forged-route', 403, 'Bad Route')
    if (origin.kind === 'outside') return routeInward(request, from, routes, view, chosen)
    return origin.kind === 'node' ? routeOutward(request, origin.name, routes, view) : routeMesh(request, routes, view)
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error
    return refuse('malformed', error.status, `Bad Request: ${error.message}`)
  }
}
